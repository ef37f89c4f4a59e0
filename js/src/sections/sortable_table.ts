import { button } from "../buttons";
import type { Grid } from "../contract";
import { el, fill, type Part, same, words } from "../dom";

const CLASSES: Record<string, string> = { r: "num", m: "mute num", x: "t-bad num" };

/** A small table that can be sorted by its numbers. Its words and their order come from Python. */
export class SortableTable implements Part<Grid> {
  readonly #head = el("tr");
  readonly #body = el("tbody");
  readonly node = el("table", "grid", el("thead", "", this.#head), this.#body);
  #grid: Grid | null = null;
  /** The column that it is sorted by; -1: in Python's order. */
  #by = -1;
  #up = false;

  update(grid: Grid): void {
    if (same(grid, this.#grid)) return;
    this.#grid = grid;
    this.#draw(grid);
  }

  #draw(grid: Grid): void {
    fill(this.#head, ...grid.heads.map((label, column) => this.#heading(label, column, grid.form)));
    fill(this.#body, ...this.#sorted(grid).map((row) => line(row, grid.form)));
  }

  #heading(label: string, column: number, form: string): HTMLElement {
    const isNumber = form[column] === "r";
    const press = isNumber ? button(label, () => this.#sort(column), "quiet") : label;
    const cell = el("th", classOf(form, column), press);
    cell.scope = "col";
    if (this.#by === column) cell.ariaSort = this.#up ? "ascending" : "descending";
    return cell;
  }

  #sort(column: number): void {
    if (this.#by !== column) [this.#by, this.#up] = [column, false];
    else if (!this.#up) this.#up = true;
    else this.#by = -1;
    if (this.#grid) this.#draw(this.#grid);
    (this.#head.children[column]?.querySelector("button") as HTMLElement | null)?.focus();
  }

  #sorted({ rows, keys, form }: Grid): string[][] {
    if (form[this.#by] !== "r") return rows;
    const at = [...form].slice(0, this.#by).filter((each) => each === "r").length;
    // Missing values come last in both directions.
    const value = (index: number): number => keys[index]?.[at] ?? Number.NEGATIVE_INFINITY;
    const order = rows.map((_, index) => index);
    order.sort((a, b) => {
      const [left, right] = [value(a), value(b)];
      if (left === right) return a - b;
      if (left === Number.NEGATIVE_INFINITY) return 1;
      if (right === Number.NEGATIVE_INFINITY) return -1;
      return this.#up ? left - right : right - left;
    });
    return order.map((index) => rows[index] as string[]);
  }
}

const classOf = (form: string, column: number): string => CLASSES[form[column] ?? ""] ?? "";

function line(row: readonly string[], form: string): HTMLElement {
  const cells = row.map((text, column) => {
    const cell = el(column ? "td" : "th", classOf(form, column), words("", "bdi", text));
    if (cell instanceof HTMLTableCellElement && !column) {
      cell.scope = "row";
      cell.title = text;
    }
    return cell;
  });
  return el("tr", "", ...cells);
}
