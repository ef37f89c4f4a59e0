/** The widths of the columns of leads, from their roles and the first page. They shrink before they scroll; a dragged one stays. */

import { CELL_NOT_FOUND, type LeadHead } from "../contract";
import { isOpenCell, type Row, textOf } from "./rows";

/** The width of a character where none is measured; the room around a text, and that of a dot or chip, in pixels. */
const [CHARACTER, AROUND, MARK] = [7, 24, 14];
const NARROWEST = 48;
/** So many columns are the first ones. */
const FIRST = 4;
/** The least and the most that a column gets, by what it is for. */
const LIMITS: Record<LeadHead["role"], [number, number]> = {
  name: [132, 240],
  score: [58, 110],
  email: [158, 300],
  website: [110, 260],
  phone: [124, 170],
  other: [76, 220],
  internal: [76, 120],
};

export class Widths {
  readonly #known = new Map<string, number>();
  readonly #dragged = new Map<string, number>();
  readonly #scroll: HTMLElement;
  readonly #canvas = document.createElement("canvas").getContext("2d");

  /** @param scroll - What the columns are in. */
  constructor(scroll: HTMLElement) {
    this.#scroll = scroll;
  }

  /** Starts another table. */
  clear(): void {
    this.#known.clear();
    this.#dragged.clear();
  }

  /** The width of a column that is dragged by its edge. */
  drag(slug: string, width: number): void {
    this.#dragged.set(slug, Math.max(NARROWEST, Math.round(width)));
  }

  /** Gives the shown columns their widths. */
  apply(heads: readonly LeadHead[]): void {
    let all = 0;
    const template = heads.map(({ slug, role }, at) => {
      const dragged = this.#dragged.get(slug);
      // What stands first is read first, such as a column that a follow-up has added.
      const first = role === "other" && at < FIRST ? Math.min(this.#known.get(slug) ?? 0, LIMITS.name[0]) : 0;
      const least = dragged ?? Math.max(LIMITS[role][0], first);
      all += least;
      // What is left in a wide cell is shared out, as the content asks for.
      return dragged ? `${dragged}px` : `minmax(${least}px, ${this.#known.get(slug) ?? least}fr)`;
    });
    this.#scroll.style.setProperty("--template", template.join(" ") || "1fr");
    this.#scroll.style.setProperty("--width", `${all}px`);
  }

  /** Measures columns that are not known yet. */
  measure(heads: readonly LeadHead[], rows: readonly (Row | undefined)[]): void {
    if (!rows.length || heads.every(({ slug }) => this.#known.has(slug))) return;
    const { fontSize, fontFamily } = getComputedStyle(this.#scroll);
    heads.forEach(({ slug, name, role }, at) => {
      if (this.#known.has(slug)) return;
      if (this.#canvas) this.#canvas.font = `${at ? 400 : 600} ${fontSize} ${fontFamily}`;
      const widths = rows.map((row) => {
        const cell = row?.cells[at] ?? null;
        const marked = role === "score" || (isOpenCell(cell) && cell.confidence) ? MARK : 0;
        return this.#widthOf(textOf(cell) || CELL_NOT_FOUND) + marked;
      });
      const [least, most] = LIMITS[role];
      const wanted = Math.max(this.#widthOf(name) + MARK, ...widths) + AROUND;
      this.#known.set(slug, Math.min(most, Math.max(least, wanted)));
    });
  }

  #widthOf(text: string): number {
    return Math.ceil(this.#canvas?.measureText(text).width ?? text.length * CHARACTER);
  }
}
