/** The menu of the columns of leads: which are shown, how far each is filled, and what it cost. */

import { el, fill, on, show, words } from "../dom";
import { filled } from "../format";
import { menu } from "../menu";
import * as say from "../words";
import type { Rows } from "./rows";

export type ColumnsMenu = ReturnType<typeof columnsMenu>;

/** @param changed - Called when columns are shown or hidden. */
export function columnsMenu(rows: Rows, changed: () => void) {
  const draw = (): void => {
    const lines = rows.heads.map(({ slug, name, details, failed }, at) => {
      // The name of a lead is its line's name.
      const box = el("input", "", { type: "checkbox", checked: !rows.off.has(slug), disabled: at === 0 });
      on(box, "change", () => {
        if (box.checked) rows.off.delete(slug);
        else rows.off.add(slug);
        changed();
      });
      const bad = failed ? el("span", "t-bad", filled(say.COLUMNS_FAILED, failed)) : null;
      const facts = el("small", "", details, bad && " · ", bad);
      return el("label", "", box, words("", "bdi", name), facts, el("small", "", made.costs.get(name)));
    });
    fill(panel, ...lines);
  };
  const { press, panel, open } = menu(say.COLUMNS, "quiet drop", draw);
  panel.classList.add("pick");
  const made = {
    press,
    panel,
    /** Opens it at the button of another menu, with the focus in it. */
    openAt(from: HTMLElement): void {
      open(from);
      panel.querySelector<HTMLElement>(":enabled")?.focus();
    },
    /** What each column cost, by its name. */
    costs: new Map<string, string>(),
    update(): void {
      show(press, rows.heads.length && rows.all.length);
      if (!panel.hidden && !panel.contains((panel.getRootNode() as ShadowRoot).activeElement)) draw();
    },
  };
  return made;
}
