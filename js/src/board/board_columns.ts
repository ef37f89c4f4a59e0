/** The heads of a board's columns. A click sorts the rows. */

import { button } from "../buttons";
import { el } from "../dom";
import { ariaSortOf, type Order, orderAfter } from "../sorting";
import * as say from "../words";
import { DOWN, type Key } from "./order";
import { cell } from "./run_row";

const COLUMNS: [Key, string, string?][] = [
  ["name", "Name"],
  ["status", "Status"],
  ["leads", say.LEADS],
  ["qualified", say.QUALIFIED],
  ["credits", "Credits", say.CREDITS_DETAILS],
  ["price", "Per qualified", say.PRICE_DETAILS],
  ["time", "Time"],
];

export class BoardColumns {
  readonly node = el("tr", "", { role: "row" });
  /** Null for the order of start. */
  order: Order<Key> | null = null;
  readonly #heads: readonly (readonly [Key, HTMLElement])[];

  /** `sorted` is called after a click. */
  constructor(sorted: () => void) {
    this.#heads = COLUMNS.map(([name, label, title = ""]) => {
      const isText = name === "name" || name === "status";
      const sort = (): void => {
        this.order = orderAfter(this.order, name, DOWN.has(name));
        sorted();
      };
      const press = button(label, sort, "quiet");
      return [name, cell("columnheader", `${isText ? "" : "b-num "}b-${name}`, { title }, press)] as const;
    });
    const last = cell("columnheader", "b-does", el("span", "hidden", say.STOP_HEAD));
    this.node.append(...this.#heads.map(([, head]) => head), last);
  }

  /** Shows the order to assistive technology. */
  update(): void {
    for (const [name, head] of this.#heads) head.ariaSort = ariaSortOf(this.order, name);
  }
}
