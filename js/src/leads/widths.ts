/** The widths of the columns of leads: as wide as their content wants. They only grow, and a dragged one stays. */

import { CELL_NOT_FOUND, type LeadCell, type LeadHead } from "../contract";
import { isOpenCell, type Row, textOf } from "./rows";

/** The width of a character where none is measured, and the most that one has; the room around a text, in pixels. */
const [CHARACTER, WIDEST, AROUND] = [7, 12, 24];
/** The room of the dot that says how certain the agent is, and of the mark beside the name of a hidden lead. */
const [DOT, MARK] = [12, 66];
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
  readonly #canvas = document.createElement("canvas").getContext("2d");

  /** Starts another table. */
  clear(): void {
    this.#known.clear();
    this.#dragged.clear();
    this.#measured = new WeakSet();
  }

  /** The width of each column in pixels. */
  of(heads: readonly LeadHead[]): number[] {
    return heads.map(({ slug }) => this.#dragged.get(slug) ?? this.#known.get(slug) ?? NARROWEST);
  }

  /** The width of a column that is dragged by its edge. */
  drag(slug: string, width: number): void {
    this.#dragged.set(slug, Math.max(NARROWEST, Math.round(width)));
  }

  /** Widens columns for leads that have come or changed. They are written in the font of `node`. */
  grow(heads: readonly LeadHead[], rows: readonly (Row | undefined)[], node: HTMLElement): void {
    // Why cells are empty may change without them.
    const empty = heads.map(({ missing }) => missing).join();
    if (empty !== this.#empty) this.#measured = new WeakSet();
    this.#empty = empty;
    const come = rows.filter((row): row is Row => !!row && !this.#measured.has(row.cells));
    const { fontSize, fontFamily } = getComputedStyle(node);
    heads.forEach((head, at) => {
      const { slug, name, role, missing } = head;
      const [least, most] = LIMITS[role];
      if (this.#canvas) this.#canvas.font = `${at ? 400 : 600} ${fontSize} ${fontFamily}`;
      // Its button has room around it.
      const named = (Math.min(name.length, 18) + 2) * CHARACTER + AROUND;
      let width = Math.max(this.#known.get(slug) ?? 0, least, Math.min(most, named));
      for (const { cells, mark } of come) {
        if (width >= most) break;
        const cell = cells[at] ?? null;
        const text = cell === null ? missing : textOf(cell) || CELL_NOT_FOUND;
        const beside = !at && mark === "hidden" ? MARK : isOpenCell(cell) && cell.confidence ? DOT : 0;
        const around = AROUND + beside;
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
