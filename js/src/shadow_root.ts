import { el } from "./dom";

/**
 * What a card inherits from the page: its theme, and whether it can be seen and clicked. Nothing else reaches the card,
 * so that the host's styles for text and tables do not change it.
 */
const INHERITED =
  ":host{all:initial;display:block;color-scheme:inherit;visibility:inherit;pointer-events:inherit}";

/** Puts a card with its style sheet into a shadow root; returns the element to place on the page. */
export function inShadowRoot(root: HTMLElement, style: string): HTMLElement {
  const host = el("div", "origami-widget");
  host.attachShadow({ mode: "open" }).append(el("style", "", INHERITED + style), root);
  return host;
}
