/** The heads of the columns of leads: their names sort, and a bar shows how much of each is filled. */

import type { LeadHead, LeadSort } from "../contract";
import { button, el, fill, on } from "../dom";
import { ariaSortOf } from "../sorting";
import * as say from "../words";
import { checkBox, columnClass, placed, TICK } from "./lines";
import type { Rows } from "./rows";

/** The place of the heads; the places of rows start at 0. */
export const HEAD = -1;

/** Called when the user sorts by a column, ticks all rows, or drags the edge of a column. */
export interface HeadEvents {
  sort(slug: string): void;
  tickAll(on: boolean): void;
  resize(slug: string, width: number): void;
}

export class Heads {
  readonly node = el("div", "lrow lhead", { role: "row", ariaRowIndex: "1" });
  readonly #rows: Rows;
  readonly #reach: (at: number, column: number) => number;
  readonly #events: HeadEvents;
  readonly #box = checkBox();
  /** Whether the edge of a column is dragged right now. */
  isDragged = false;
  #names = "";
  #cells: HTMLElement[] = [];

  /** `reach` returns the `tabIndex` of a cell. */
  constructor(rows: Rows, reach: (at: number, column: number) => number, events: HeadEvents) {
    [this.#rows, this.#reach, this.#events] = [rows, reach, events];
    this.#box.ariaLabel = say.LEAD_SELECT_ALL;
    on(this.#box, "change", () => events.tickAll(this.#box.checked));
    this.node.dataset.at = `${HEAD}`;
  }

  update(sort: LeadSort | null): void {
    const { heads } = this.#rows;
    const names = JSON.stringify(heads.map(({ slug, name }) => [slug, name]));
    if (names !== this.#names) {
      this.#names = names;
      // The edge that is dragged goes with its head.
      this.isDragged = false;
      this.#cells = heads.map((head, at) => this.#heading(head, at));
      fill(this.node, placed("columnheader", TICK, this.#box), ...this.#cells);
    }
    this.#cells.forEach((cell, at) => {
      this.#write(cell, heads[at] as LeadHead, at, sort);
    });
  }

  /** Shows whether all rows, some or none are ticked. */
  updateTicks(ticked: number, rows: number): void {
    this.#box.checked = rows > 0 && ticked === rows;
    this.#box.indeterminate = ticked > 0 && ticked < rows;
    this.#box.tabIndex = this.#reach(HEAD, TICK);
  }

  #heading({ name, slug }: LeadHead, at: number): HTMLElement {
    const press = button(name, () => this.#events.sort(slug), "quiet");
    const grip = el("i", "grip", { ariaHidden: "true" });
    const cell = placed("columnheader", at, press, el("i", "share"), grip);
    on(grip, "pointerdown", (event) => this.#drag(event as PointerEvent, grip, cell, slug));
    return cell;
  }

  #drag(down: PointerEvent, grip: HTMLElement, cell: HTMLElement, slug: string): void {
    down.preventDefault();
    grip.setPointerCapture(down.pointerId);
    this.isDragged = true;
    const before = cell.offsetWidth;
    const move = on(grip, "pointermove", (event) => {
      this.#events.resize(slug, before + (event as PointerEvent).clientX - down.clientX);
    });
    const end = on(grip, "lostpointercapture", () => {
      this.isDragged = false;
      move();
      end();
    });
  }

  #write(cell: HTMLElement, head: LeadHead, at: number, sort: LeadSort | null): void {
    const [press, bar] = cell.children as unknown as [HTMLElement, HTMLElement];
    press.tabIndex = this.#reach(HEAD, at);
    bar.style.setProperty("--share", `${Math.round((head.share ?? 0) * 100)}%`);
    // A full or settled column needs no bar.
    bar.hidden = !head.filling;
    Object.assign(cell, {
      hidden: this.#rows.off.has(head.slug),
      title: head.details,
      className: columnClass(head),
      ariaSort: ariaSortOf(sort, head.slug),
    });
  }
}
