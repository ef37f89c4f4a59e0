import { clamp } from "../clamp";
import type { Prose } from "../contract";
import { el, fill, type Part, same, show } from "../dom";
import { length, prose } from "../prose";

/** More characters, or more blocks, than this are folded to some lines. */
const LONG = 900;
const MANY = 10;
const LINES = 12;

/** The agent's own words. */
export function proseSection(): Part<Prose> {
  const text = el("div", "text");
  const clamped = clamp(text, LINES);
  const cut = el("p", "mute", "The text goes on in Origami.");
  const node = el("section", "sec", clamped.node, cut);
  let shown: Prose | null = null;
  return {
    node,
    update(value) {
      show(node, value.nodes.length);
      show(cut, value.cut);
      if (!same(shown?.nodes, value.nodes)) fill(text, ...prose(value.nodes));
      shown = value;
      clamped.update(length(value.nodes) > LONG || value.nodes.length > MANY);
    },
  };
}
