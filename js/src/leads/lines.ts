/** The lines of leads that are drawn: those that are seen and a few around them. One that leaves is used again. */

import {
  CELL_LOADING,
  CELL_NOT_FOUND,
  CELL_NOT_RUN,
  LEAD_SELECT,
  type LeadCell,
  type LeadHead,
} from "../contract";
import { el, setText, words } from "../dom";
import { filled } from "../format";
import { type Row, type Rows, textOf } from "./rows";

/** Height of a line in pixels. */
export const ROW = 29;
/** The place of the check box in a line, where cells have theirs from 0 on. */
export const TICK = -1;
const MARKS: Record<string, string> = { high: "dot high", medium: "dot medium", low: "dot low" };

/** The ticked leads; without it the lines have no check boxes. */
export interface Ticks {
  has(id: string): boolean;
  set(id: string, on: boolean): void;
}

/** Tells a cell its place: `at` is that of its line, from 0 on, or of the heads. */
export function placed(cell: HTMLElement, at: number, column: number, ticks: Ticks | null): void {
  cell.dataset.at = `${at}`;
  cell.dataset.place = `${column}`;
  cell.ariaColIndex = `${column + (ticks ? 2 : 1)}`;
}

/** One drawn line: the lead and the cells that it shows, none while they load. */
interface Line {
  id?: string | undefined;
  cells?: LeadCell[] | undefined;
  node: HTMLElement;
  places: HTMLElement[];
  box: HTMLInputElement | null;
}

export class Lines {
  readonly node = el("div", "lines");
  readonly #rows: Rows;
  readonly #ticks: Ticks | null;
  readonly #reach: (at: number, column: number) => number;
  /** By their place. */
  #drawn = new Map<number, Line>();

  /** `reach` returns the `tabIndex` of a cell. */
  constructor(rows: Rows, ticks: Ticks | null, reach: (at: number, column: number) => number) {
    [this.#rows, this.#ticks, this.#reach] = [rows, ticks, reach];
    this.node.role = "rowgroup";
  }

  /** Draws the lines of some places; those whose leads are the same stay as they are, with `anew` none of them. */
  draw(leads: (Row | undefined)[], from: number, to: number, anew: boolean): void {
    this.node.style.transform = `translateY(${from * ROW}px)`;
    const count = this.#rows.heads.length;
    const before = this.#drawn;
    const spare: Line[] = [];
    for (const [at, line] of before) {
      const fits = at >= from && at < to && line.places.length === count;
      if (fits && (anew || (line.id === leads[at]?.id && line.cells === leads[at]?.cells))) continue;
      before.delete(at);
      // Taken away first: what is changed in its place would keep the focus of another lead, and not light up anew.
      line.node.remove();
      if (line.places.length === count) spare.push(line);
    }
    this.#drawn = new Map();
    let next = this.node.firstChild;
    for (let at = from; at < to; at++) {
      const known = before.get(at);
      const line = known ?? spare.pop() ?? this.#blank(count);
      // What is lit stops to be: hidden and shown again, it would light up once more.
      if (!known || anew || line.node.matches(".lit, :has(.lit)")) this.#write(line, leads[at], at);
      if (known) next = line.node.nextSibling;
      else this.node.insertBefore(line.node, next);
      this.#drawn.set(at, line);
    }
  }

  #blank(count: number): Line {
    const places = Array.from({ length: count }, () => {
      const cell = el("div", "lcell");
      cell.role = "gridcell";
      return cell;
    });
    const node = el("div", "lrow", ...places);
    node.role = "row";
    if (!this.#ticks) return { node, places, box: null };
    const box = el("input");
    box.type = "checkbox";
    const cell = el("div", "lcell ltick", box);
    cell.role = "gridcell";
    node.prepend(cell);
    return { node, places, box };
  }

  #write(line: Line, row: Row | undefined, at: number): void {
    const { node, box } = line;
    [line.id, line.cells] = [row?.id, row?.cells];
    node.ariaRowIndex = `${at + 2}`;
    node.classList.toggle("lit", !!row && this.#rows.isLit(row.id));
    if (box?.parentElement) {
      box.ariaLabel = filled(LEAD_SELECT, textOf(row?.cells[0] ?? null));
      box.checked = !!row && !!this.#ticks?.has(row.id);
      box.tabIndex = this.#reach(at, TICK);
      placed(box.parentElement, at, TICK, this.#ticks);
      node.ariaSelected = `${box.checked}`;
    }
    this.#rows.heads.forEach((lead, column) => {
      const cell = line.places[column];
      if (cell) this.#writeCell(cell, row, lead, at, column);
    });
  }

  #writeCell(node: HTMLElement, row: Row | undefined, lead: LeadHead, at: number, column: number): void {
    const cell = row?.cells[column] ?? null;
    const text = textOf(cell);
    const opens = cell !== null && typeof cell === "object";
    const waits = !row || (cell === null && lead.filling);
    placed(node, at, column, this.#ticks);
    node.tabIndex = this.#reach(at, column);
    node.title = text;
    node.classList.toggle("lit", !!row && this.#rows.isLit(row.id, column));
    node.classList.toggle("opens", opens);
    if (opens) node.setAttribute("aria-haspopup", "dialog");
    else node.removeAttribute("aria-haspopup");
    node.ariaLabel = !waits ? null : row ? CELL_NOT_RUN : CELL_LOADING;
    const plain = node.firstElementChild;
    const confidence = opens && text ? MARKS[cell.confidence] : undefined;
    if (waits) {
      // What is only on its way to the page is at rest: a hundred moving cells would make scrolling slow.
      const wait = el("span", row ? "shimmer" : "shimmer still");
      wait.style.width = `${36 + ((at * 7 + column * 23) % 44)}%`;
      node.replaceChildren(wait);
    } else if (text && !confidence && node.childElementCount === 1 && plain?.localName === "bdi")
      setText(plain, text);
    else if (text)
      node.replaceChildren(...(confidence ? [el("span", confidence)] : []), words("", "bdi", text));
    else if (cell !== null && lead.kind !== "input") node.replaceChildren(el("i", "mute", CELL_NOT_FOUND));
    else node.replaceChildren();
  }
}
