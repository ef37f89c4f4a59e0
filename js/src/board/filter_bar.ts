import type { BoardHead, Stage } from "../contract";
import { el, on, same, setOptions, setText, textField } from "../dom";
import { onKey } from "../keys";

export interface Filter {
  words: string;
  stage: Stage | "";
}

/** The fields that filter rows by words and by stage. */
export function filterBar(filter: Filter, changed: () => void) {
  const field = textField("Filter runs by words of their briefs, status or id", "Filter runs");
  on(field, "input", () => {
    filter.words = field.value;
    changed();
  });
  onKey(field, (key) => {
    if (key !== "Escape") return;
    field.value = filter.words = "";
    changed();
  });
  const stages = el("select", "", { ariaLabel: "Show runs by status" });
  on(stages, "change", () => {
    filter.stage = stages.value as Stage | "";
    changed();
  });
  const counted = el("span", "mute", { role: "status" });
  let drawn: [string, string][] = [];
  return {
    node: el("div", "bar-line row", field, stages, counted),
    update({ counts, title }: BoardHead): void {
      const all: [Stage | "", string][] = [["", `All ${title}`]];
      for (const { stage, label } of counts) all.push([stage, label]);
      if (same(all, drawn)) return;
      drawn = all;
      setOptions(stages, all);
      filter.stage = stages.value as Stage | "";
    },
    /** Sets how many of the rows are shown. */
    count(shown: number, all: number): void {
      setText(counted, shown === all ? "" : `${shown} of ${all} shown`);
    },
  };
}
