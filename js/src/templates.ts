/** Small templates of cards and boards. They bind text, attributes and events alone: no markup comes from outside. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { Link } from "./contract";
import { safeHref } from "./dom";

export type Drawn = TemplateResult | "";

/** A text whose end may be cut: all of it is there on hovering. Without any, there is nothing. */
export const cut = (cls: string, text: string): Drawn =>
  text && html`<span class=${cls} dir="auto" title=${text}>${text}</span>`;

/** The head of a column that sorts its table; `order` is its `aria-sort`. */
export const sortHead = (cls: string, label: string, order: string | null, sort: () => void, title = "") =>
  html`<th scope="col" role="columnheader" class=${cls} title=${title} aria-sort=${order ?? nothing}
    ><button class="quiet" type="button" dir="auto" @click=${sort}>${label}</button></th
  >`;

/** A link of the view, or only its words if the address isn't safe. */
export function linkTo(link: Link | null, cls = ""): Drawn {
  if (!link) return "";
  const { href, label } = link;
  const words = html`<bdi dir="auto">${label}</bdi>&nbsp;↗`;
  const safe = safeHref(href);
  if (!safe) return html`<span class="act"><span title=${label}>${words}</span></span>`;
  return html`<span class="act"
    ><a class=${cls} href=${safe} title=${label} target="_blank" rel="noopener noreferrer nofollow">${words}</a></span
  >`;
}
