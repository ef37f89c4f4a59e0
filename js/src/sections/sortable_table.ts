import type { Grid } from "../contract";
import { button, el, fill, type Part, same, words } from "../dom";
import { ariaSortOf, inOrder, type Order, orderAfter, sizeOf } from "../sorting";

const CLASSES: Record<string, string> = { r: "num", m: "mute num", x: "t-bad num" };

/** A small table that can be sorted by its numbers. Its words and their order come from Python. */
export class SortableTable implements Part<Grid> {
  readonly #head = el("tr");
  readonly #body = el("tbody");
  readonly node = el("table", "grid", el("thead", "", this.#head), this.#body);
  #grid: Grid | null = null;
  /** The column that it is sorted by; null: in Python's order. */
  #order: Order<number> | null = null;

  update(grid: Grid): void {
    if (same(grid, this.#grid)) return;
    this.#grid = grid;
    this.#draw(grid);
  }

  #draw(grid: Grid): void {
    fill(this.#head, ...grid.heads.map((label, column) => this.#heading(label, column, grid)));
    fill(this.#body, ...this.#sorted(grid).map((row) => line(row, grid.form)));
  }

  #heading(label: string, column: number, grid: Grid): HTMLElement {
    const sort = (): void => {
      this.#order = orderAfter(this.#order, column, true);
      this.#draw(grid);
      (this.#head.children[column]?.querySelector("button") as HTMLElement | null)?.focus();
    };
    const press = grid.form[column] === "r" ? button(label, sort, "quiet") : label;
    const ariaSort = ariaSortOf(this.#order, column);
    return el("th", classOf(grid.form, column), press, { scope: "col", ariaSort });
  }

  #sorted({ rows }: Grid): string[][] {
    const order = this.#order;
    if (!order) return rows;
    const key = (row: string[]) => sizeOf(row[order.key] ?? "");
    return [...rows].sort((a, b) => inOrder(key(a), key(b), order.down));
  }
}

const classOf = (form: string, column: number): string => CLASSES[form[column] ?? ""] ?? "";

const line = (row: readonly string[], form: string): HTMLElement =>
  el(
    "tr",
    "",
    ...row.map((text, column) => {
      const of = column ? {} : { scope: "row", title: text };
      return el(column ? "td" : "th", classOf(form, column), words("", "bdi", text), of);
    }),
  );
