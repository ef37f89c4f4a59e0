import type { BoardHead, Stage } from "../contract";
import { el, on, type Part, setText } from "../dom";

export interface Wish {
  words: string;
  stage: Stage | "";
}

export interface Bar extends Part<BoardHead> {
  /** How many of how many rows are shown. */
  told(shown: number, all: number): void;
}

/** What is asked for: words, and a stage. */
export function filterBar(wish: Wish, changed: () => void): Bar {
  const field = el("input");
  field.type = "text";
  field.placeholder = "Filter runs";
  field.ariaLabel = "Filter runs by words of their briefs, status or id";
  on(field, "input", () => {
    wish.words = field.value;
    changed();
  });
  on(field, "origami-key", (event) => {
    if ((event as CustomEvent<KeyboardEvent>).detail.key !== "Escape") return;
    field.value = wish.words = "";
    changed();
  });
  const stages = el("select");
  stages.ariaLabel = "Show runs by status";
  on(stages, "change", () => {
    wish.stage = stages.value as Stage | "";
    changed();
  });
  const told = el("span", "mute");
  told.role = "status";
  let drawn = "";
  return {
    node: el("div", "bar-line", field, stages, told),
    update({ counts, title }) {
      const all: [Stage | "", string][] = [
        ["", `All ${title}`],
        ...counts.map(({ stage, label }): [Stage, string] => [stage, label]),
      ];
      // The chosen one stays, also when nothing is left of it: rows must not appear that were filtered away.
      if (wish.stage && !counts.some(({ stage }) => stage === wish.stage)) {
        const chosen = stages.selectedOptions[0]?.textContent?.replace(/^[\d,]+/, "0");
        all.push([wish.stage, chosen ?? ""]);
      }
      const next = JSON.stringify(all);
      if (next === drawn) return;
      drawn = next;
      stages.replaceChildren(
        ...all.map(([value, text]) => {
          const option = el("option", "", text);
          option.value = value;
          return option;
        }),
      );
      stages.value = wish.stage;
    },
    told(shown, all) {
      setText(told, shown === all ? "" : `${shown} of ${all} shown`);
    },
  };
}
