import type { Inline } from "../contract";
import { el, fill, type Part, same, words } from "../dom";
import { prose } from "../prose";

/** A sentence from Python, with its bold parts. */
export function sentence(tag: "li" | "p", cls = ""): Part<Inline> {
  const text = words();
  let shown: Inline | null = null;
  return {
    node: el(tag, cls, text),
    update(item) {
      if (!same(shown, item)) fill(text, ...prose(item));
      shown = item;
    },
  };
}
