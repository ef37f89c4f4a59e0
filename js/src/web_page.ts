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

/** Takes over a table; returns what searches it. */
function takeOver(table: HTMLTableElement): (typed: string) => void {
  const count = table.closest("section")?.querySelector("output");
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const bodies = [...table.tBodies];
  const rows = bodies.flatMap((body) => [...body.rows]);
  const size = bodies[0]?.rows.length ?? 1;
  const words = new Map<HTMLTableRowElement, string>();
  let order: Order<number> | null = null;
  const sort = (at: number): void => {
    const next = orderAfter(order, at, false);
    order = next;
    heads.forEach((head, place) => {
      head.ariaSort = ariaSortOf(next, place);
    });
    const keyed = rows.map((row) => ({ row, key: sizeOf(cellText(row, at)) }));
    const sorted = keyed.sort((a, b) => inOrder(a.key, b.key, next)).map(({ row }) => row);
    bodies.forEach((body, block) => {
      body.append(...sorted.slice(block * size, (block + 1) * size));
    });
  };
  // Rows laid out as a grid are no table to assistive technology, unless they say so.
  table.role = "table";
  for (const part of table.querySelectorAll<HTMLElement>("thead, tbody, tr, td"))
    part.role = ROLES[part.tagName] ?? "";
  for (const row of rows) if (row.cells[0]) row.cells[0].role = "rowheader";
  heads.forEach((head, at) => {
    head.role = "columnheader";
    const press = el("button", "", ...head.childNodes, { type: "button" });
    on(press, "click", () => sort(at));
    head.append(press);
  });
  table.classList.add("live");
  return (typed) => {
    for (const row of rows) {
      const text = words.get(row) ?? folded(row.textContent ?? "");
      words.set(row, text);
      row.hidden = !text.includes(typed);
    }
    const found = rows.filter(({ hidden }) => !hidden).length;
    if (count) count.textContent = typed ? `${found} / ${rows.length}` : "";
  };
}

const searches = [...document.querySelectorAll("table")].map(takeOver);
const field = document.querySelector("input");
if (field) {
  field.hidden = false;
  on(field, "input", () => {
    const typed = folded(field.value.trim());
    for (const search of searches) search(typed);
  });
}
