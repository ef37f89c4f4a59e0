/** The menu of the columns of leads: which are shown, how far each is filled, and what it cost. */

import { el, fill, on, show, words } from "../dom";
import { filled } from "../format";
import { type Menu, menu } from "../menu";
import * as say from "../words";
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
    this.#menu = menu(say.COLUMNS, "quiet drop", () => this.#draw());
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
      // The name of a lead is its line's name.
      const box = el("input", "", { type: "checkbox", checked: !off.has(slug), disabled: at === 0 });
      on(box, "change", () => {
        if (box.checked) off.delete(slug);
        else off.add(slug);
        this.#changed();
      });
      const bad = failed ? el("span", "t-bad", filled(say.COLUMNS_FAILED, failed)) : null;
      const facts = el("small", "", details, bad && " · ", bad);
      return el("label", "", box, words("", "bdi", name), facts, el("small", "", this.costs.get(name)));
    });
    fill(this.panel, ...lines);
  }
}
