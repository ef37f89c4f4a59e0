/** The runs of a board as a table: sorted and filtered. Tab reaches one row, and the arrow keys go on from there. */

import { html, render } from "lit-html";
import type { BoardHead } from "../contract";
import { el, keyedList, on, type Part, show, showText, words } from "../dom";
import { filled } from "../format";
import { moved, onKey } from "../keys";
import type { Session } from "../session";
import { ariaSortOf, type Order, orderAfter } from "../sorting";
import { sortHead } from "../templates";
import * as say from "../words";
import { columns, type Filter, type Item, type Key, matches, sharedStart, sorted } from "./order";
import { type Listed, RunRow } from "./run_row";

export class RunList {
  readonly #head = el("thead", "", { role: "rowgroup" });
  readonly node = el("table", "runs", this.#head, { role: "table", ariaLabel: say.RUNS });
  /** Shown above the list: what all briefs begin with. */
  readonly same = words("mute cut same-start");
  /** Shown below the list. */
  readonly noMatch = el("p", "mute nothing");
  readonly #rows: Part<readonly Listed[]>;
  readonly #changed: () => void;
  /** The column that they are sorted by; null for the order of start. */
  #sorted: Order<Key> | null = null;
  /** The row that Tab reaches. */
  #current: HTMLElement | null | undefined;

  /** @param changed - Called when the user has chosen another order. */
  constructor(session: Session, changed: () => void) {
    this.#changed = changed;
    this.#rows = keyedList(this.node, () => new RunRow(session), "position");
    onKey(this.node, (key, event) => this.#press(key, event));
    // A click also makes the row the current one.
    on(this.node, "focusin", (event) => {
      const row = (event.target as Element).closest<HTMLElement>("tbody > tr:not(.card-row)");
      if (row) this.#reach(row);
    });
  }

  /** Sorts the rows and hides those that do not match the filter; returns how many are shown. `card`: the opened one's place. */
  update(items: readonly Item[], { words, stage }: Filter, { open }: BoardHead, card: HTMLElement): number {
    const briefs = items.map(({ row }) => row.prompt);
    const shared = sharedStart(briefs);
    showText(this.same, shared ? filled(say.SAME_START, briefs[0]?.slice(0, shared).trim() ?? "") : "");
    this.#drawHead();
    const rows = sorted(items, this.#sorted).map((item): Listed => {
      const { position, token } = item.row;
      const isShown = matches(item, words, stage);
      return { ...item, position, shared, isShown, card: open && isShown && token === open ? card : null };
    });
    this.#rows.update(rows);
    const shown = this.#briefs();
    showText(this.noMatch, items.length && !shown.length ? say.NO_RUNS_MATCH : "");
    show(this.node, items.length);
    const current = this.#current;
    this.#reach(current?.isConnected && !current.hidden ? current : shown[0]?.closest("tr"));
    return shown.length;
  }

  #drawHead(): void {
    const heads = columns.map(([name, [label, title, , down]]) => {
      const sort = (): void => {
        this.#sorted = orderAfter(this.#sorted, name, down);
        this.#changed();
      };
      const isText = name === "name" || name === "status";
      return sortHead(`${isText ? "" : "num "}b-${name}`, label, ariaSortOf(this.#sorted, name), sort, title);
    });
    const last = html`<th role="columnheader" class="b-does"><span class="hidden">${say.STOP_HEAD}</span></th>`;
    render(html`<tr role="row">${heads}${last}</tr>`, this.#head);
  }

  /** The buttons that open the visible rows, in their order. */
  #briefs(): HTMLElement[] {
    return [...this.node.querySelectorAll<HTMLElement>("tr:not([hidden]) .brief")];
  }

  /** Tab reaches the controls of one row alone. */
  #reach(row: HTMLElement | null | undefined): void {
    this.#current = row;
    for (const each of this.node.querySelectorAll("tbody > tr:not(.card-row)"))
      for (const press of each.querySelectorAll("button")) press.tabIndex = each === row ? 0 : -1;
  }

  #press(key: string, event: Event): void {
    const briefs = this.#briefs();
    const at = briefs.indexOf(event.target as HTMLElement);
    const to = moved(key, at, briefs.length - 1, "ArrowUp", "ArrowDown");
    if (to === undefined || at < 0) return;
    event.preventDefault();
    briefs[to]?.focus();
  }
}
