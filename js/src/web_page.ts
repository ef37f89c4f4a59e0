/**
 * The script in a page of leads that a colleague opens: it takes over the tables that stand there, so that they can be
 * searched and sorted, and that thousands of rows scroll. Without it, the tables are the page. It sends nothing.
 */

import { el, on } from "./dom";
import { folded } from "./format";
import { ariaSortOf, inOrder, type Order, orderAfter, sizeOf } from "./sorting";

const ROLES: Record<string, string> = { THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };

/** What is seen of a cell before it is unfolded. */
const cellText = (row: HTMLTableRowElement, at: number): string =>
  [...(row.cells[at]?.childNodes ?? [])]
    .map((node) => (node.nodeName === "DETAILS" ? "" : (node.textContent ?? "")))
    .join("");

class LeadTable {
  readonly #table: HTMLTableElement;
  readonly #count: Element | null;
  readonly #rows: HTMLTableRowElement[];
  #order: Order<number> | null = null;
  readonly #words = new Map<HTMLTableRowElement, string>();

  constructor(table: HTMLTableElement) {
    this.#table = table;
    this.#count = table.closest("section")?.querySelector("output") ?? null;
    this.#rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    // Rows laid out as a grid are no table to assistive technology, unless they say so.
    table.role = "table";
    for (const part of table.querySelectorAll<HTMLElement>("thead, tbody, tr, td")) {
      part.role = ROLES[part.tagName] ?? "";
    }
    for (const row of this.#rows) if (row.cells[0]) row.cells[0].role = "rowheader";
    [...(table.tHead?.rows[0]?.cells ?? [])].forEach((head, at) => {
      head.role = "columnheader";
      const press = el("button", "", ...head.childNodes, { type: "button" });
      on(press, "click", () => this.#sort(at));
      head.append(press);
    });
    table.classList.add("live");
  }

  #sort(at: number): void {
    const order = orderAfter(this.#order, at, false);
    this.#order = order;
    [...(this.#table.tHead?.rows[0]?.cells ?? [])].forEach((head, place) => {
      head.ariaSort = ariaSortOf(order, place);
    });
    const keyed = this.#rows.map((row) => ({ row, key: sizeOf(cellText(row, at)) }));
    const rows = keyed.sort((a, b) => inOrder(a.key, b.key, order.down)).map(({ row }) => row);
    const size = this.#table.tBodies[0]?.rows.length ?? 1;
    [...this.#table.tBodies].forEach((body, block) => {
      body.append(...rows.slice(block * size, (block + 1) * size));
    });
  }

  search(typed: string): void {
    let found = 0;
    for (const row of this.#rows) {
      const words = this.#words.get(row) ?? folded(row.textContent ?? "");
      this.#words.set(row, words);
      row.hidden = !words.includes(typed);
      found += Number(!row.hidden);
    }
    if (this.#count) this.#count.textContent = typed ? `${found} / ${this.#rows.length}` : "";
  }
}

const tables = [...document.querySelectorAll("table")].map((table) => new LeadTable(table));
const field = document.querySelector("input");
if (field) {
  field.hidden = false;
  on(field, "input", () => {
    const typed = folded(field.value.trim());
    for (const table of tables) table.search(typed);
  });
}
