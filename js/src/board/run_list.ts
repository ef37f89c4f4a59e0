/** The runs of a board as a table: sorted and filtered. Tab reaches one row, and the arrow keys go on from there. */

import type { BoardHead } from "../contract";
import { button, el, on, show, showText, words } from "../dom";
import { filled } from "../format";
import { onKey } from "../keys";
import { focused } from "../lifecycle";
import type { Session } from "../session";
import { ariaSortOf, type Order, orderAfter } from "../sorting";
import * as say from "../words";
import { columns, type Filter, type Item, type Key, matches, sharedStart, sorted } from "./order";
import { RunRow } from "./run_row";

/** Where a key goes from a row, among the visible ones. */
const MOVES: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

export class RunList {
  readonly node: HTMLElement;
  /** Shown above the list: what all briefs begin with. */
  readonly same = words("mute cut same-start");
  /** Shown below the list. */
  readonly noMatch = el("p", "mute nothing");
  readonly #session: Session;
  readonly #heads: [Key, HTMLElement][];
  readonly #body = el("tbody", "", { role: "rowgroup" });
  readonly #rows = new Map<string, RunRow>();
  /** The column that they are sorted by; null for the order of start. */
  #sorted: Order<Key> | null = null;
  #order: RunRow[] = [];
  /** The row that Tab reaches. */
  #current: RunRow | null = null;

  /** @param changed - Called when the user has chosen another order. */
  constructor(session: Session, changed: () => void) {
    this.#session = session;
    this.#heads = columns.map(([name, [label, title, , down]]) => {
      const sort = (): void => {
        this.#sorted = orderAfter(this.#sorted, name, down);
        changed();
      };
      const isText = name === "name" || name === "status";
      const press = button(label, sort, "quiet");
      const of = { role: "columnheader", title };
      return [name, el("th", `${isText ? "" : "b-num "}b-${name}`, of, press)];
    });
    const last = el("th", "b-does", el("span", "hidden", say.STOP_HEAD), { role: "columnheader" });
    const line = el("tr", "", ...this.#heads.map(([, head]) => head), last, { role: "row" });
    const head = el("thead", "", line, { role: "rowgroup" });
    this.node = el("table", "runs", head, this.#body, { role: "table", ariaLabel: say.RUNS });
    onKey(this.node, (key, event) => this.#press(key, event));
    // A click also makes the row the current one.
    on(this.#body, "focusin", (event) => {
      const row = this.#order.find(({ node }) => node.contains(event.target as Node));
      if (row) this.#choose(row);
    });
  }

  get size(): number {
    return this.#order.length;
  }

  update(items: readonly Item[]): void {
    const left = new Set(this.#rows.keys());
    const briefs = items.map(({ row }) => row.prompt);
    const shared = sharedStart(briefs);
    showText(this.same, shared ? filled(say.SAME_START, briefs[0]?.slice(0, shared).trim() ?? "") : "");
    for (const item of items) {
      const name = `${item.row.position}`;
      left.delete(name);
      const row = this.#rows.get(name) ?? new RunRow(this.#session, item);
      this.#rows.set(name, row);
      row.update(item, shared);
    }
    for (const name of left) {
      this.#rows.get(name)?.open(null);
      this.#rows.get(name)?.node.remove();
      this.#rows.delete(name);
    }
  }

  refresh(): void {
    for (const row of this.#rows.values()) row.refresh();
  }

  /** Sorts the rows and hides those that do not match the filter; returns how many are shown. `card`: the opened one's place. */
  arrange(filter: Filter, { open }: BoardHead, card: HTMLElement): number {
    const had = focused(this.node);
    this.#sort();
    let shown = 0;
    for (const row of this.#order) {
      const fits = matches(row.item, filter.words, filter.stage);
      show(row.node, fits);
      if (fits) shown++;
      row.open(open && fits && row.item.row.token === open ? card : null);
    }
    for (const [name, head] of this.#heads) head.ariaSort = ariaSortOf(this.#sorted, name);
    showText(this.noMatch, this.size && !shown ? say.NO_RUNS_MATCH : "");
    show(this.node, this.size);
    if (!this.#current || this.#current.node.hidden || !this.#order.includes(this.#current))
      this.#choose(this.#visible()[0] ?? null);
    // A moved row has lost its focus.
    if (had?.isConnected && focused(this.node) !== had) had.focus();
    return shown;
  }

  #sort(): void {
    const rows = new Map([...this.#rows.values()].map((row) => [row.item, row]));
    const next = sorted([...rows.keys()], this.#sorted).map((item) => rows.get(item) as RunRow);
    if (next.length === this.size && next.every((row, at) => row === this.#order[at])) return;
    this.#body.append(...next.map(({ node }) => node));
    this.#order = next;
  }

  #visible(): RunRow[] {
    return this.#order.filter(({ node }) => !node.hidden);
  }

  #choose(row: RunRow | null): void {
    this.#current = row;
    for (const each of this.#order) each.reach(each === row);
  }

  #press(key: string, event: Event): void {
    const move = MOVES[key];
    const visible = this.#visible();
    const at = visible.findIndex(({ press }) => press === event.target);
    if (!move || at < 0) return;
    event.preventDefault();
    const to = visible[move(at, visible.length - 1)] ?? null;
    this.#choose(to);
    to?.press.focus();
  }
}
