import type { Grid } from "../contract";
import { button, el, fill, type Part, same, words } from "../dom";
import { ariaSortOf, inOrder, type Order, orderAfter } from "../sorting";

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

  #sorted({ rows, keys, form }: Grid): string[][] {
    const order = this.#order;
    if (!order || form[order.key] !== "r") return rows;
    // Only the columns that can be sorted have keys.
    const at = form.slice(0, order.key).replace(/[^r]/g, "").length;
    const keyed = rows.map((row, index) => ({ row, key: keys[index]?.[at] ?? null }));
    return keyed.sort((a, b) => inOrder(a.key, b.key, order.down)).map(({ row }) => row);
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
