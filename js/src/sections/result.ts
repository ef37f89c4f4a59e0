import { html, render } from "lit-html";
import type { Figure, FunnelCount } from "../contract";
import { el, show } from "../dom";
import { freshness } from "../freshness";
import type { Context } from "../session";

const figure = ({ value, label, note }: Figure) =>
  html`<span class="figure"
    ><b>${value}</b> <span>${label}</span> ${note && html`<span class="price">${note}</span>`}</span
  >`;

const piece = ({ part, count }: FunnelCount) =>
  html`<i class="p-${part}" aria-hidden="true" style="flex-grow:${count}"></i>`;
// The bar says it to assistive technology.
const named = ({ part, label }: FunnelCount) =>
  html`<span><i class="p-${part}" aria-hidden="true"></i>${label}</span>`;

/** The result in large type with how old it is, and below it a bar of parts, each as wide as its count, with its words. */
export function resultSection({ session, view }: Context) {
  const node = el("section", "result");
  let hadBar = false;
  const refresh = (): void => {
    const { figures, funnel } = view("result");
    const [age, warn] = freshness(view("head"), session);
    // It keeps its place while a follow-up has no numbers yet.
    hadBar = figures.length > 0 && (hadBar || !!funnel);
    const { words, parts } = funnel ?? { words: "", parts: [] };
    const lower = html`<div class="parts-line row">
      <span class="funnel" role="img" aria-label=${words} title=${words}>${parts.map(piece)}</span>
      <span class="legend" aria-hidden="true" title=${words}>${parts.map(named)}</span>
    </div>`;
    const line = html`<div class="line">
      <span class="figures" title=${view("tables").counted ?? ""}>${figures.map(figure)}</span>
      ${age && html`<span class="mute age cut ${warn ? "t-attention" : ""}">${age}</span>`}
    </div>`;
    const isSaid = figures.length > 0 || age !== "";
    render([isSaid ? line : "", hadBar ? lower : ""], node);
    show(node, isSaid || hadBar);
  };
  return { node, refresh };
}
