/** The heads of a board's columns. A click sorts the rows; the third one goes back to the order of start. */

import { button } from "../buttons";
import { el } from "../dom";
import { CREDITS_DETAILS, LEADS, PRICE_DETAILS, QUALIFIED, STOP_HEAD } from "../words";
import { DOWN, type Key } from "./order";
import { cell } from "./run_row";

const COLUMNS: [Exclude<Key, "start">, string][] = [
  ["name", "Name"],
  ["status", "Status"],
  ["leads", LEADS],
  ["qualified", QUALIFIED],
  ["credits", "Credits"],
  ["price", "Per qualified"],
  ["time", "Time"],
];

export class BoardColumns {
  readonly node = el("tr");
  key: Key = "start";
  down = false;
  readonly #sorted: () => void;
  readonly #heads = new Map<Key, HTMLElement>();

  /** `sorted` is called after a click. */
  constructor(sorted: () => void) {
    this.#sorted = sorted;
    this.node.role = "row";
    for (const [name, label] of COLUMNS) {
      const isText = name === "name" || name === "status";
      const head = cell("columnheader", `${isText ? "" : "b-num "}b-${name}`, "th");
      head.append(button(label, () => this.#sort(name), "quiet"));
      if (name === "credits") head.title = CREDITS_DETAILS;
      if (name === "price") head.title = PRICE_DETAILS;
      this.#heads.set(name, head);
    }
    const last = cell("columnheader", "b-does", "th");
    last.append(el("span", "hidden", STOP_HEAD));
    this.node.append(...this.#heads.values(), last);
  }

  /** Shows the order to assistive technology. */
  update(): void {
    for (const [name, head] of this.#heads)
      head.ariaSort = name === this.key ? (this.down ? "descending" : "ascending") : null;
  }

  #sort(name: Key): void {
    const isFirst = name !== this.key;
    const isTurned = !isFirst && this.down !== DOWN.has(name);
    this.key = isTurned ? "start" : name;
    this.down = isTurned ? false : isFirst ? DOWN.has(name) : !this.down;
    this.#sorted();
  }
}
