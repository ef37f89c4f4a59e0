import type { Figure, FunnelView, Result } from "../contract";
import { el, fill, keyedList, mark, type Part, same, setText, show, showText } from "../dom";
import { elapsed, freshness } from "../freshness";
import type { Context } from "./context";

function figure(): Part<Figure> {
  const value = el("b");
  const label = el("span");
  const note = el("span");
  return {
    node: el("span", "figure", value, " ", label, note),
    update(next) {
      setText(value, next.value);
      setText(label, next.label);
      showText(note, next.note && ` · ${next.note}`);
    },
  };
}

/** A bar of parts, each as wide as its count. */
function funnelBar(): Part<FunnelView | null> {
  const node = el("span", "funnel");
  node.role = "img";
  let shown: FunnelView | null | undefined;
  return {
    node,
    update(funnel) {
      if (same(funnel, shown)) return;
      shown = funnel;
      node.tabIndex = funnel ? 0 : -1;
      node.ariaLabel = funnel?.words ?? "";
      node.ariaHidden = funnel ? null : "true";
      const pieces = (funnel?.parts ?? []).map(({ part, count }) => {
        const piece = mark(`p-${part}`);
        piece.style.flexGrow = `${count}`;
        return piece;
      });
      fill(node, ...pieces);
    },
  };
}

/** The funnel's sentence in parts, each after its colour. */
function legendOf(funnel: FunnelView | null): (string | HTMLElement)[] {
  if (!funnel) return [];
  const [found = ""] = funnel.words.split(": ");
  const parts = funnel.parts.flatMap(({ part, label }) => [" ", el("span", "", mark(`p-${part}`), label)]);
  return [el("span", "", `${found}:`), ...parts];
}

/** The result in large type, and beside it, in small type, time and age, which change by themselves. */
export function resultSection({ session, view }: Context): Part<Result> {
  const figures = keyedList(el("span", "figures"), figure);
  const note = el("span", "mute");
  const time = el("span");
  const fresh = el("span");
  const funnel = funnelBar();
  const legend = el("p", "legend");
  // The bar says it to assistive technology.
  legend.ariaHidden = "true";
  const small = el("span", "times", time, fresh);
  let hasFigures = false;
  const refresh = (): void => {
    const head = view("head");
    const { age, next, warn } = freshness(head, session);
    showText(time, elapsed(head, session));
    // Until there are figures, their shape is shown, unless there are words instead.
    const isWaiting = !hasFigures && !note.textContent && !head.done && session.follows();
    figures.node.classList.toggle("waiting", isWaiting);
    show(figures.node, hasFigures || isWaiting);
    // The next check matters while something is wrong; otherwise it is only in the tooltip.
    showText(fresh, warn && next ? `${age} · ${next}` : age);
    fresh.title = warn ? "" : next;
    // The line is cut where it is too long.
    small.title = warn ? (fresh.textContent ?? "") : "";
    fresh.classList.toggle("t-attention", warn);
  };
  return {
    node: el("section", "result", el("div", "line", figures.node, note, small), funnel.node, legend),
    refresh,
    update(result) {
      figures.update(result.figures);
      figures.node.title = view("tables").counted ?? "";
      hasFigures = result.figures.length > 0;
      // If nothing has happened yet, the body says so.
      showText(note, view("head").done ? result.note : "");
      funnel.update(result.funnel);
      // The place is reserved while one may still come.
      show(funnel.node, result.funnel || !view("head").done);
      fill(legend, ...legendOf(result.funnel));
      legend.title = result.funnel?.words ?? "";
      show(legend, result.funnel || !view("head").done);
      refresh();
    },
  };
}
