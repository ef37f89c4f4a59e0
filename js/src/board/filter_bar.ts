import type { BoardHead, Stage } from "../contract";
import { el, on, type Part, setText } from "../dom";
import { onKey } from "../keys";

export interface Filter {
  words: string;
  stage: Stage | "";
}

export interface Bar extends Part<BoardHead> {
  /** Sets how many of the rows are shown. */
  count(shown: number, all: number): void;
}

/** The fields that filter rows by words and by stage. */
export function filterBar(filter: Filter, changed: () => void): Bar {
  const field = el("input");
  field.type = "text";
  field.placeholder = "Filter runs";
  field.ariaLabel = "Filter runs by words of their briefs, status or id";
  on(field, "input", () => {
    filter.words = field.value;
    changed();
  });
  onKey(field, (key) => {
    if (key !== "Escape") return;
    field.value = filter.words = "";
    changed();
  });
  const stages = el("select");
  stages.ariaLabel = "Show runs by status";
  on(stages, "change", () => {
    filter.stage = stages.value as Stage | "";
    changed();
  });
  const counted = el("span", "mute");
  counted.role = "status";
  let drawn = "";
  return {
    node: el("div", "bar-line", field, stages, counted),
    update({ counts, title }) {
      const all: [Stage | "", string][] = [
        ["", `All ${title}`],
        ...counts.map(({ stage, label }): [Stage, string] => [stage, label]),
      ];
      // The chosen stage stays even without rows, so that filtered rows do not reappear.
      if (filter.stage && !counts.some(({ stage }) => stage === filter.stage)) {
        const chosen = stages.selectedOptions[0]?.textContent?.replace(/^[\d,]+/, "0");
        all.push([filter.stage, chosen ?? ""]);
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
      stages.value = filter.stage;
    },
    count(shown, all) {
      setText(counted, shown === all ? "" : `${shown} of ${all} shown`);
    },
  };
}
