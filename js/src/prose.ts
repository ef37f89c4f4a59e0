import type { Inline, Node as ProseNode } from "./contract";
import { anchor, el } from "./dom";

const TAGS = "p ul ol li pre code b i br hr table tr th td".split(" ");
const OTHERS: Record<string, string> = { h: "h4", quote: "blockquote" };

/** Most levels that are built, as a saved state can be tampered with. */
const DEEPEST = 30;

/** Builds nodes from the tree that Python has parsed. */
export function prose(inline: Inline | undefined, depth = 0): (HTMLElement | string)[] {
  return (Array.isArray(inline) ? inline : []).map((item) =>
    typeof item === "string" ? item : build(item, depth),
  );
}

function build(item: ProseNode, depth: number): HTMLElement {
  const children = depth < DEEPEST ? prose(item.c, depth + 1) : [];
  if (item.t === "a") return anchor(item.href, "", ...children);
  const tag = TAGS.includes(item.t) ? item.t : (Object.hasOwn(OTHERS, item.t) && OTHERS[item.t]) || "span";
  const node = el(tag as "p", "", ...children, { dir: "auto" });
  return item.t === "table" ? el("div", "scroll", node, { tabIndex: 0 }) : node;
}

/** Counts the characters of a tree, up to the number that makes it long. */
export function length(inline: Inline | undefined, depth = 0): number {
  let sum = 0;
  for (const item of Array.isArray(inline) ? inline : [])
    sum += typeof item === "string" ? item.length : depth < DEEPEST ? 20 + length(item.c, depth + 1) : 0;
  return sum;
}
