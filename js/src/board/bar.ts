import type { BoardHead, Stage } from "../contract";
import { el, on, type Part, setText } from "../dom";
import { count, plural } from "../format";

export interface RowFilter {
  words: string;
  stage: Stage | "";
}

export interface Bar extends Part<BoardHead> {
  /** How many of how many rows are shown. */
  showCount(shown: number, all: number): void;
}

/** Filter of the rows: words, and a stage. */
export function filterBar(filter: RowFilter, changed: () => void): Bar {
  const field = el("input");
  field.type = "text";
  field.placeholder = "Filter runs";
  field.ariaLabel = "Filter runs by words of their briefs, status or id";
  on(field, "input", () => {
    filter.words = field.value;
    changed();
  });
  on(field, "origami-escape", () => {
    field.value = filter.words = "";
    changed();
  });
  const stages = el("select");
  stages.ariaLabel = "Show runs by status";
  on(stages, "change", () => {
    filter.stage = stages.value as Stage | "";
    changed();
  });
  const counter = el("span", "mute");
  counter.role = "status";
  let drawn = "";
  return {
    node: el("div", "bar-line", field, stages, counter),
    update({ counts, title }) {
      const all: [Stage | "", string][] = [
        ["", `All ${title}`],
        ...counts.map((each): [Stage, string] => [each.stage, `${count(each.count)} ${each.label}`]),
      ];
      // The chosen one stays, also when nothing is left of it: rows must not appear that were filtered away.
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
    showCount(shown, all) {
      setText(counter, shown === all ? "" : `${count(shown)} of ${plural(all, "run")} shown`);
    },
  };
}
