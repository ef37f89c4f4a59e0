import { button } from "../buttons";
import type { Grid } from "../contract";
import { el, fill, type Part, same, words } from "../dom";

const CLASSES: Record<string, string> = { r: "num", m: "mute num", x: "t-bad num" };

/** A small table that can be sorted by its numbers. Its words and their order come from Python. */
export function sortableTable(): Part<Grid> {
  const head = el("tr");
  const body = el("tbody");
  const node = el("table", "grid", el("thead", "", head), body);
  let grid: Grid | null = null;
  let by = -1;
  let up = false;

  /** The number to sort a column by. */
  const keyOf = (column: number): number =>
    [...(grid?.form ?? "")].slice(0, column).filter((form) => form === "r").length;

  const sorted = ({ rows, keys, form }: Grid): string[][] => {
    if (form[by] !== "r") return rows;
    const at = keyOf(by);
    // Missing values come last in both directions.
    const worth = (index: number): number => keys[index]?.[at] ?? Number.NEGATIVE_INFINITY;
    const order = rows.map((_, index) => index);
    order.sort((a, b) => {
      const [left, right] = [worth(a), worth(b)];
      if (left === right) return a - b;
      if (left === Number.NEGATIVE_INFINITY) return 1;
      if (right === Number.NEGATIVE_INFINITY) return -1;
      return up ? left - right : right - left;
    });
    return order.map((index) => rows[index] as string[]);
  };
  const sort = (column: number): void => {
    if (by !== column) [by, up] = [column, false];
    else if (!up) up = true;
    else by = -1;
    draw();
    (head.children[column]?.querySelector("button") as HTMLElement | null)?.focus();
  };
  const heading = (label: string, column: number, form: string): HTMLElement => {
    const cell = el(
      "th",
      CLASSES[form] ?? "",
      form === "r" ? button(label, () => sort(column), "quiet") : label,
    );
    cell.scope = "col";
    if (by === column) cell.ariaSort = up ? "ascending" : "descending";
    return cell;
  };
  const draw = (): void => {
    if (!grid) return;
    const { heads, form } = grid;
    fill(head, ...heads.map((label, column) => heading(label, column, form[column] ?? "l")));
    const lines = sorted(grid).map((row) =>
      el(
        "tr",
        "",
        ...row.map((text, column) => {
          const cell = el(column ? "td" : "th", CLASSES[form[column] ?? ""] ?? "", words("", "bdi", text));
          if (cell instanceof HTMLTableCellElement && !column) cell.scope = "row";
          return cell;
        }),
      ),
    );
    fill(body, ...lines);
  };
  return {
    node,
    update(next) {
      if (same(next, grid)) return;
      grid = next;
      draw();
    },
  };
}
