import { button } from "../buttons";
import type { ColumnRow, ColumnsAnswer, TableView } from "../contract";
import {
  type Child,
  el,
  fill,
  keyedList,
  mark,
  on,
  type Part,
  same,
  say,
  setText,
  show,
  words,
} from "../dom";
import { count, credits, MISSING, NOT_APPLICABLE, percent, plural } from "../format";
import type { Context } from "./section";

/** More columns than this wait behind a button. */
const FOLD = 8;
/** So few need no order of their own. */
const FEW = 4;

/** A column's numbers in words. What people type in has no runs, no price and no verdicts. */
export function columnWords(
  row: ColumnRow,
): Record<"rate" | "each" | "credits" | "running" | "failed" | "verdict", string> {
  const [, kind, rate, each, spent, running, errored, ...verdicts] = row;
  const computed = kind !== "input";
  const or = (value: number | null, say: (value: number) => string): string =>
    !computed && !value ? NOT_APPLICABLE : say(value as number);
  const judged = verdicts.some((value) => value !== null);
  const failed = errored ? `${count(errored)} failed` : "";
  const settled = failed
    ? ""
    : or(running, (cells) => (cells === null ? MISSING : rate || spent ? "settled" : "not run"));
  return {
    rate: or(rate, percent),
    each: or(each, credits),
    credits: or(spent, credits),
    running: running ? `${count(running)} running${failed && ", "}` : settled,
    failed,
    verdict: judged ? verdicts.map(count).join(" · ") : or(null, () => MISSING),
  };
}

/** Parts of a bar, each as wide as its count says. */
export function bar(cls: string, parts: [part: string, count: number | null][]): HTMLElement {
  const node = mark(cls, "span");
  for (const [part, size] of parts) {
    if (!size) continue;
    const piece = el("i", `p-${part}`);
    piece.style.flexGrow = `${size}`;
    node.append(piece);
  }
  return node;
}

function line(): Part<ColumnRow> {
  const node = el("tr");
  let shown: ColumnRow | null = null;
  return {
    node,
    update(row) {
      if (same(row, shown)) return;
      shown = row;
      const [title, kind, , , , , , passed, failed, unsure] = row;
      const said = columnWords(row);
      const cells = (): Child[] => [said.running, said.failed && el("span", "t-bad", said.failed)];
      // In a narrow card, the columns that are left out stand as words under the name.
      const more = (cls: string, ...sentence: Child[]): HTMLElement | false =>
        kind !== "input" && el("small", cls, " · ", ...sentence);
      const name = el(
        "th",
        "",
        words("", "bdi", title),
        " ",
        el("small", "", kind),
        more("s1", `runs on ${said.rate}`),
        more("s1", `${said.credits} credits`),
        more("s2", ...cells()),
      );
      name.scope = "row";
      const verdict = bar("bar", [
        ["qualified", passed],
        ["fail", failed],
        ["unsure", unsure],
      ]);
      fill(
        node,
        name,
        el("td", "w1", said.rate),
        el("td", "", said.each),
        el("td", "w1", said.credits),
        el("td", "w2", ...cells()),
        el("td", "", verdict.firstChild && verdict, said.verdict),
      );
    },
  };
}

/** The columns to show of many: those that cost and judge before those that people type in, in the table's order. */
function telling(columns: ColumnRow[]): ColumnRow[] {
  let computed = FOLD;
  let inputs = FOLD - columns.filter(([, kind]) => kind !== "input").length;
  return columns.filter(([, kind]) => (kind === "input" ? inputs-- : computed--) > 0);
}

/** What columns can be ordered by: the words, and the place of the number in a row. */
const ORDERS: [string, number][] = [
  ["table order", -1],
  ["credits", 4],
  ["credits per run", 3],
  ["share of leads", 2],
  ["failed cells", 6],
];

/** The largest first; what the server didn't say comes last. */
function ordered(columns: ColumnRow[], by: number): ColumnRow[] {
  if (by < 0) return columns;
  const worth = (row: ColumnRow): number => (row[by] as number | null) ?? -1;
  return [...columns].sort((a, b) => worth(b) - worth(a));
}

/** The columns of one table; many of them are folded, and then not even built. */
export function columnTable({ session }: Context): Part<TableView> {
  const rows = keyedList(el("tbody"), line);
  const headings = [["Column"], ["Runs on", "w1"], ["Credits / run"], ["Credits", "w1"], ["Cells", "w2"]];
  const top = [...headings, ["Pass · fail · unsure"]].map(([label = "", cls]) => {
    const node = el("th", cls, label);
    node.scope = "col";
    return node;
  });
  const grid = el("table", "", el("thead", "", el("tr", "", ...top)), rows.node);
  const toggle = button("", () => change(by, !folded), "link");
  const order = el("select", "", ...ORDERS.map(([label]) => el("option", "", label)));
  on(order, "change", () => change(ORDERS[order.selectedIndex]?.[1] ?? -1, folded));
  const sort = el("label", "", "Sort by", order);
  const unsent = el("span", "mute");
  const under = el("div", "under", toggle, sort, unsent);
  let folded = true;
  let by = -1;
  let table: TableView | null = null;
  /** All columns, once more were asked for than the view holds. */
  let all: ColumnsAnswer | null = null;

  /** All that are known; those that the view holds are the newest. */
  const known = ({ columns }: TableView): ColumnRow[] => {
    const name = (row: ColumnRow): string => `${row[1]} ${row[0]}`;
    const newest = new Map(columns.map((row) => [name(row), row]));
    return all?.columns.map((row) => newest.get(name(row)) ?? row) ?? columns;
  };
  const draw = (): void => {
    if (!table) return;
    const total = table.columns.length + table.columns_hidden;
    const columns = known(table);
    const few = folded && total > FOLD + 1;
    rows.update(
      few ? (by < 0 ? telling(columns) : ordered(columns, by).slice(0, FOLD)) : ordered(columns, by),
    );
    show(grid, total);
    show(toggle, total > FOLD + 1);
    setText(toggle, folded ? `All ${count(total)} columns` : "Fewer columns");
    toggle.ariaExpanded = `${!folded}`;
    show(sort, total > FEW);
    show(under, total > FEW);
    const hidden = folded && by < 0 ? 0 : total - columns.length;
    say(unsent, hidden ? `${plural(hidden, "column")} not shown: ow.columns_frame(run)` : "");
  };
  /** A person wants to see or compare all of them, and the view holds the most telling only. */
  const fetch = (): void => {
    if (!table?.columns_hidden || (folded && by < 0)) return;
    session.columns(table.id, (answer) => {
      all = answer;
      draw();
    });
  };
  const change = (order: number, fold: boolean): void => {
    by = order;
    folded = fold;
    fetch();
    draw();
  };
  return {
    node: el("div", "", grid, under),
    update(next) {
      table = next;
      fetch();
      draw();
    },
  };
}
