/** The widths of the columns of leads: as wide as their content wants. They only grow, and a dragged one stays. */

import { CELL_NOT_FOUND, type LeadCell, type LeadHead } from "../contract";
import { isOpenCell, markPlace, type Row, textOf } from "./rows";

/** The width of a character where none is measured, and the most that one has; the room around a text, in pixels. */
const [CHARACTER, WIDEST, AROUND] = [7, 12, 24];
/** The room of the arrow of a head that sorts, of the dot that says how certain the agent is, of the chip of a score, and of the mark beside it. */
const [ARROW, DOT, CHIP, MARK] = [14, 12, 10, 66];
const NARROWEST = 48;
/** The least and the most that content may claim, by what a column is for. */
const LIMITS: Record<LeadHead["role"], [number, number]> = {
  name: [150, 240],
  score: [64, 110],
  email: [150, 300],
  website: [120, 260],
  phone: [120, 170],
  other: [84, 220],
  internal: [84, 120],
};

export class Widths {
  readonly #known = new Map<string, number>();
  readonly #dragged = new Map<string, number>();
  /** The cells of leads that were measured. */
  #empty = "";
  #measured = new WeakSet<LeadCell[]>();
  readonly #scroll: HTMLElement;
  #template = "";
  #now: number[] = [];
  readonly #canvas = document.createElement("canvas").getContext("2d");

  /** @param scroll - What the columns are in. */
  constructor(scroll: HTMLElement) {
    this.#scroll = scroll;
  }

  /** Starts another table. */
  clear(): void {
    this.#known.clear();
    this.#dragged.clear();
    this.#measured = new WeakSet();
  }

  /** The width of a column that is dragged by its edge. */
  drag(slug: string, width: number): void {
    this.#dragged.set(slug, Math.max(NARROWEST, Math.round(width)));
  }

  /** Gives the columns their widths. `still`: those in sight stay where they are while hidden ones get wider. */
  apply(heads: readonly LeadHead[], still = true): void {
    const widths = heads.map(({ slug }) => this.#dragged.get(slug) ?? this.#known.get(slug) ?? NARROWEST);
    // What is left in a wide cell is shared out.
    const template = widths.map((width) => `minmax(${width}px, ${width}fr)`).join(" ");
    if (template === this.#template) return;
    const scroll = this.#scroll;
    const before = this.#now;
    [this.#template, this.#now] = [template, widths];
    scroll.style.setProperty("--template", template || "1fr");
    scroll.style.setProperty("--width", `${widths.reduce((all, width) => all + width, 0)}px`);
    const { scrollLeft } = scroll;
    if (!still || !scrollLeft || before.length !== widths.length) return;
    const hidden = scrollLeft + (before[0] ?? 0);
    let [right, more] = [0, 0];
    before.forEach((width, at) => {
      right += width;
      if (right <= hidden) more += (widths[at] ?? 0) - width;
    });
    scroll.scrollLeft = scrollLeft + more;
  }

  /** Widens columns for leads that have come or changed. */
  grow(heads: readonly LeadHead[], rows: readonly (Row | undefined)[]): void {
    // Why cells are empty may change without them.
    const empty = heads.map(({ missing }) => missing).join();
    if (empty !== this.#empty) this.#measured = new WeakSet();
    this.#empty = empty;
    const come = rows.filter((row): row is Row => !!row && !this.#measured.has(row.cells));
    const { fontSize, fontFamily } = getComputedStyle(this.#scroll);
    heads.forEach((head, at) => {
      const { slug, name, role, missing } = head;
      const hasMarks = at === markPlace(heads) && come.some(({ mark }) => mark);
      const [least, limit] = LIMITS[role];
      const most = limit + (hasMarks ? MARK : 0);
      if (this.#canvas) this.#canvas.font = `${at ? 400 : 600} ${fontSize} ${fontFamily}`;
      const named = Math.min(this.#widthOf(name), 18 * CHARACTER) + ARROW + AROUND;
      let width = Math.max(this.#known.get(slug) ?? 0, least, Math.min(most, named));
      for (const { cells, mark } of come) {
        if (width >= most) break;
        const cell = cells[at] ?? null;
        const text = cell === null ? missing : textOf(cell) || CELL_NOT_FOUND;
        const dot = isOpenCell(cell) && cell.confidence ? DOT : 0;
        const around = AROUND + dot + (hasMarks && mark ? MARK : 0) + (role === "score" ? CHIP : 0);
        if (text.length * WIDEST + around > width) width = Math.max(width, this.#widthOf(text) + around);
      }
      this.#known.set(slug, Math.min(width, Math.max(most, this.#known.get(slug) ?? 0)));
    });
    for (const { cells } of come) this.#measured.add(cells);
  }

  #widthOf(text: string): number {
    return Math.ceil(this.#canvas?.measureText(text).width ?? text.length * CHARACTER);
  }
}
