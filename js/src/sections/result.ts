import type { Figure, FunnelView, View } from "../contract";
import { el, fill, keyedList, mark, type Part, same, setText, show, showText } from "../dom";
import { freshness } from "../freshness";
import type { Context } from "../session";

function figure(): Part<Figure> {
  const value = el("b");
  const label = el("span");
  const note = el("span", "price");
  return {
    node: el("span", "figure", value, " ", label, " ", note),
    update(next) {
      setText(value, next.value);
      setText(label, next.label);
      showText(note, next.note);
    },
  };
}

/** The result in large type with how old it is, and below it a bar of parts, each as wide as its count, with its words. */
export function resultSection({ session, view }: Context): Part<Pick<View, "result">> {
  const figures = keyedList(el("span", "figures"), figure);
  const fresh = el("span", "mute age cut");
  const bar = el("span", "funnel", { role: "img" });
  // The bar says it to assistive technology.
  const legend = el("span", "legend", { ariaHidden: "true" });
  const line = el("div", "line", figures.node, fresh);
  const lower = el("div", "parts-line row", bar, legend);
  const node = el("section", "result", line, lower);
  let shown: FunnelView | null | undefined;
  let hadBar = false;
  const refresh = (): void => {
    const [age, warn] = freshness(view("head"), session);
    showText(fresh, age);
    fresh.classList.toggle("t-attention", warn);
    show(line, figures.node.children.length || age);
    show(node, !line.hidden || !lower.hidden);
  };
  return {
    node,
    refresh,
    update({ result: { figures: next, funnel } }) {
      figures.update(next);
      figures.node.title = view("tables").counted ?? "";
      // It keeps its place while a follow-up has no numbers yet.
      hadBar = next.length > 0 && (hadBar || !!funnel);
      show(lower, hadBar);
      if (!same(funnel, shown)) {
        shown = funnel;
        bar.ariaLabel = funnel?.words ?? "";
        const pieces = (funnel?.parts ?? []).map(({ part, label, count }) => {
          const piece = mark(`p-${part}`);
          piece.style.flexGrow = `${count}`;
          return [piece, el("span", "", mark(`p-${part}`), label)] as const;
        });
        fill(bar, ...pieces.map(([piece]) => piece));
        fill(legend, ...pieces.map(([, label]) => label));
        legend.title = bar.title = funnel?.words ?? "";
      }
      refresh();
    },
  };
}
