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
const MARKS: Record<string, string> = { high: " dot high", medium: " dot medium", low: " dot low" };

/** The ticked leads; without it the lines have no check boxes. */
export interface Ticks {
  has(id: string): boolean;
  set(id: string, on: boolean): void;
}

/** Tells a cell its column; the place of its line stands at the line. */
export function placed(cell: HTMLElement, column: number, ticks: Ticks | null): void {
  cell.dataset.place = `${column}`;
  cell.ariaColIndex = `${column + (ticks ? 2 : 1)}`;
}

/** One drawn line: the lead and the cells that it shows, none while they load. */
interface Line {
  id: string | undefined;
  cells: LeadCell[] | undefined;
  /** Whether anything of it is lit. */
  lit: boolean;
  readonly node: HTMLElement;
  readonly places: HTMLElement[];
  readonly box: HTMLInputElement | null;
}

/** Sets a class only when it differs: no style is computed anew for nothing. */
function setClass(node: HTMLElement, name: string): void {
  if (node.className !== name) node.className = name;
}

export class Lines {
  readonly node = el("div", "lines");
  readonly #rows: Rows;
  readonly #ticks: Ticks | null;
  readonly #reach: (at: number, column: number) => number;
  /** By their place. */
  readonly #drawn = new Map<number, Line>();
  readonly #spare: Line[] = [];
  #from = 0;
  #to = 0;

  /** `reach` returns the `tabIndex` of a cell. */
  constructor(rows: Rows, ticks: Ticks | null, reach: (at: number, column: number) => number) {
    [this.#rows, this.#ticks, this.#reach] = [rows, ticks, reach];
    this.node.role = "rowgroup";
  }

  /**
   * Draws the lines of some places; those whose leads are the same stay as they are, with `anew` none of them. A line that
   * leaves shows another lead at another place without being taken out of the document: what the browser makes for a node
   * that comes in is what it would have to clear up later. So they stand in no order until `settle` is called.
   */
  draw(leads: readonly (Row | undefined)[], from: number, to: number, anew: boolean): void {
    const count = this.#rows.heads.length;
    const drawn = this.#drawn;
    const spare = this.#spare;
    drawn.forEach((line, at) => {
      if (line.places.length !== count) line.node.remove();
      else if (at < from || at >= to) spare.push(line);
      else return;
      drawn.delete(at);
    });
    for (let at = from; at < to; at++) {
      const row = leads[at];
      const known = drawn.get(at);
      const isSame = known && known.id === row?.id && known.cells === row?.cells;
      if (isSame && !anew && !known.lit) continue;
      const line = known ?? spare.pop() ?? this.#blank(count);
      // What is changed in its place would keep the focus of another lead, and not light up anew.
      if (!isSame && !(known && anew) && (line.lit || this.#hasFocus(line))) line.node.remove();
      if (!known) line.node.style.top = `${at * ROW}px`;
      this.#write(line, row, at);
      if (!line.node.parentNode) this.node.append(line.node);
      if (!known) drawn.set(at, line);
    }
    for (const { node } of spare) node.remove();
    spare.length = 0;
    [this.#from, this.#to] = [from, to];
  }

  /**
   * Puts the lines in the order in which they are read aloud, and tells all of what is cut off: either makes the browser
   * compute styles anew, so it waits until scrolling rests. What has the focus keeps it.
   */
  settle(): void {
    let next = this.node.firstChild;
    for (let at = this.#from; at < this.#to; at++) {
      const line = this.#drawn.get(at);
      if (!line) continue;
      for (const cell of line.places) {
        const text = cell.textContent ?? "";
        if (cell.title !== text) cell.title = text;
      }
      if (line.node === next || this.#hasFocus(line)) next = line.node.nextSibling;
      else {
        // Hidden and shown again, it would light up once more.
        if (line.lit) this.#darken(line);
        this.node.insertBefore(line.node, next);
      }
    }
  }

  #hasFocus({ node }: Line): boolean {
    return node.contains((node.getRootNode() as ShadowRoot).activeElement ?? null);
  }

  #darken(line: Line): void {
    line.lit = false;
    for (const each of [line.node, ...line.places]) each.classList.remove("lit");
  }

  #blank(count: number): Line {
    const places = Array.from({ length: count }, (_, column) => {
      const cell = el("div", "lcell", words("", "bdi"));
      cell.role = "gridcell";
      cell.tabIndex = -1;
      placed(cell, column, this.#ticks);
      return cell;
    });
    const node = el("div", "lrow", ...places);
    node.role = "row";
    const line = { id: undefined, cells: undefined, lit: false, node, places, box: null };
    if (!this.#ticks) return line;
    const box = el("input");
    box.type = "checkbox";
    const cell = el("div", "lcell ltick", box);
    cell.role = "gridcell";
    placed(cell, TICK, this.#ticks);
    node.prepend(cell);
    return { ...line, box };
  }

  #write(line: Line, row: Row | undefined, at: number): void {
    const { node, box, places } = line;
    const { heads } = this.#rows;
    line.id = row?.id;
    line.cells = row?.cells;
    line.lit = !!row && this.#rows.isLit(row.id);
    setClass(node, line.lit ? "lrow lit" : "lrow");
    node.dataset.at = `${at}`;
    node.ariaRowIndex = `${at + 2}`;
    if (box) {
      box.ariaLabel = filled(LEAD_SELECT, textOf(row?.cells[0] ?? null));
      box.checked = !!row && !!this.#ticks?.has(row.id);
      box.tabIndex = this.#reach(at, TICK);
      node.ariaSelected = `${box.checked}`;
    }
    for (let column = 0; column < places.length; column++) {
      const cell = places[column];
      const lead = heads[column];
      if (cell && lead && this.#writeCell(cell, row, lead, at, column)) line.lit = true;
    }
  }

  /** Returns whether it is lit. */
  #writeCell(node: HTMLElement, row: Row | undefined, lead: LeadHead, at: number, column: number): boolean {
    const cell = row?.cells[column] ?? null;
    const text = textOf(cell);
    const opens = cell !== null && typeof cell === "object";
    const waits = !!row && cell === null && lead.filling;
    const lit = !!row && this.#rows.isLit(row.id, column);
    const isMissing = !text && cell !== null && lead.kind !== "input";
    const confidence = (opens && text && MARKS[cell.confidence]) || "";
    // What is only on its way to the page is at rest, and a background alone: it comes and goes with each line.
    setClass(node, `lcell${row ? "" : " coming"}${opens ? " opens" : ""}${confidence}${lit ? " lit" : ""}`);
    const reach = this.#reach(at, column);
    if (node.tabIndex !== reach) node.tabIndex = reach;
    if (!opens) node.removeAttribute("aria-haspopup");
    else if (!node.hasAttribute("aria-haspopup")) node.setAttribute("aria-haspopup", "dialog");
    const label = waits ? CELL_NOT_RUN : row ? null : CELL_LOADING;
    if (node.ariaLabel !== label) node.ariaLabel = label;
    const said = node.firstElementChild as HTMLElement;
    setClass(said, waits ? "shimmer" : isMissing ? "mute" : "");
    if (waits) said.style.width = `${36 + ((at * 7 + column * 23) % 44)}%`;
    else if (said.style.width) said.style.width = "";
    setText(said, isMissing ? CELL_NOT_FOUND : text);
    return lit;
  }
}
