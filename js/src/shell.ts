import { el } from "./dom";

/**
 * What the page hands down to a card: its theme and whether it can be seen and pressed. Nothing else of the page reaches
 * the card, so that a host's own styles for text and tables change nothing in it.
 */
const INHERITED =
  ":host{all:initial;display:block;color-scheme:inherit;visibility:inherit;pointer-events:inherit}";

/** Puts a card into a shadow root with its style sheet; returns the element to place on the page. */
export function isolated(root: HTMLElement, style: string): HTMLElement {
  const shell = el("div", "origami-widget");
  shell.attachShadow({ mode: "open" }).append(el("style", "", INHERITED + style), root);
  return shell;
}
