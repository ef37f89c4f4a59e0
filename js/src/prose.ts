import type { Inline, Node as ProseNode } from "./contract";
import { anchor, el } from "./dom";

const TAGS = {
  p: "p",
  h: "h4",
  ul: "ul",
  ol: "ol",
  li: "li",
  quote: "blockquote",
  pre: "pre",
  code: "code",
  b: "strong",
  i: "em",
  br: "br",
  hr: "hr",
  table: "table",
  tr: "tr",
  th: "th",
  td: "td",
} as const;

/** Deeper than this is not built: a saved state can be tampered with. */
const DEEPEST = 30;

/** Builds nodes from the tree that Python parsed. */
export function prose(inline: Inline | undefined, depth = 0): (HTMLElement | string)[] {
  return (Array.isArray(inline) ? inline : []).map((item) =>
    typeof item === "string" ? item : build(item, depth),
  );
}

function build(item: ProseNode, depth: number): HTMLElement {
  const children = depth < DEEPEST ? prose(item.c, depth + 1) : [];
  if (item.t === "a") return anchor(item.href, "", ...children);
  const node = el(Object.hasOwn(TAGS, item.t) ? TAGS[item.t] : "span", "", ...children);
  node.dir = "auto";
  if (item.t !== "table") return node;
  const scroll = el("div", "scroll", node);
  scroll.tabIndex = 0;
  return scroll;
}

/** How many characters a tree shows, up to what is enough to call it long. */
export function length(inline: Inline | undefined, depth = 0): number {
  let sum = 0;
  for (const item of Array.isArray(inline) ? inline : [])
    sum += typeof item === "string" ? item.length : depth < DEEPEST ? 20 + length(item.c, depth + 1) : 0;
  return sum;
}
