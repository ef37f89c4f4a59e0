/** The menu of the columns of leads: which are shown, how far each is filled, and what it cost. */

import { el, fill, on, show, words } from "../dom";
import { filled } from "../format";
import { type Menu, menu } from "../menu";
import { COLUMNS, COLUMNS_FAILED } from "../words";
import type { Rows } from "./rows";

export class ColumnsMenu {
  readonly press: HTMLButtonElement;
  readonly panel: HTMLElement;
  readonly #menu: Menu;
  readonly #rows: Rows;
  readonly #changed: () => void;
  /** What each column cost, by its name. */
  costs: ReadonlyMap<string, string> = new Map();

  /** @param changed - Called when columns are shown or hidden. */
  constructor(rows: Rows, changed: () => void) {
    [this.#rows, this.#changed] = [rows, changed];
    this.#menu = menu(COLUMNS, "quiet drop", () => this.#draw());
    [this.press, this.panel] = [this.#menu.press, this.#menu.panel];
    this.panel.classList.add("pick");
  }

  update(): void {
    show(this.press, this.#rows.heads.length && this.#rows.all.length);
    if (!this.panel.hidden && !this.panel.contains((this.panel.getRootNode() as ShadowRoot).activeElement))
      this.#draw();
  }

  shut(): void {
    this.#menu.shut();
  }

  #draw(): void {
    const { heads, off } = this.#rows;
    const lines = heads.map(({ slug, name, details, failed }, at) => {
      const box = el("input");
      box.type = "checkbox";
      box.checked = !off.has(slug);
      // The name of a lead is its line's name.
      box.disabled = at === 0;
      on(box, "change", () => {
        if (box.checked) off.delete(slug);
        else off.add(slug);
        this.#changed();
      });
      const bad = failed ? el("span", "t-bad", filled(COLUMNS_FAILED, failed)) : null;
      return el(
        "label",
        "",
        box,
        words("", "bdi", name),
        el("small", "", details, bad && " · ", bad),
        el("small", "", this.costs.get(name) ?? ""),
      );
    });
    fill(this.panel, ...lines);
  }
}
