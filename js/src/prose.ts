import type { Inline, Node as ProseNode } from "./contract";
import { anchor, el } from "./dom";

const TAGS = "p ul ol li pre code b i br hr table tr th td".split(" ");
const OTHERS: Record<string, string> = { h: "h4", quote: "blockquote" };

/** Builds nodes from the tree that Python has parsed. */
export const prose = (inline: Inline | undefined): (HTMLElement | string)[] =>
  (Array.isArray(inline) ? inline : []).map((item) => (typeof item === "string" ? item : build(item)));

function build(item: ProseNode): HTMLElement {
  const children = prose(item.c);
  if (item.t === "a") return anchor(item.href, ...children);
  const tag = TAGS.includes(item.t) ? item.t : (Object.hasOwn(OTHERS, item.t) && OTHERS[item.t]) || "span";
  const node = el(tag as "p", "", ...children, { dir: "auto" });
  return item.t === "table" ? el("div", "scroll", node, { tabIndex: 0 }) : node;
}
