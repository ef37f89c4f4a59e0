/** The widths of the columns of leads: as wide as their content wants. They only grow, and a dragged one stays. */

import type { LeadHead } from "../contract";
import { type Row, textOf } from "./rows";

/** The width of a character, that of a bold one, as in the first column, and the room around a text, in pixels. */
const [CHARACTER, BOLD, AROUND] = [7, 8, 24];
const NARROWEST = 48;
/** How many leads are looked at. */
const LOOKED_AT = 60;
/** The least and the most that content may claim, by what a column is for. */
const LIMITS: Record<LeadHead["role"], [number, number]> = {
  name: [150, 240],
  score: [64, 110],
  email: [150, 280],
  website: [120, 220],
  phone: [120, 170],
  other: [84, 220],
  internal: [84, 120],
};

export class Widths {
  readonly #known = new Map<string, number>();
  readonly #dragged = new Map<string, number>();

  /** Starts another table. */
  clear(): void {
    this.#known.clear();
    this.#dragged.clear();
  }

  /** The width of each column in pixels. */
  of(heads: readonly LeadHead[], rows: readonly (Row | undefined)[]): number[] {
    return heads.map((head, at) => this.#dragged.get(head.slug) ?? this.#grown(head, at, rows));
  }

  /** The width of a column that is dragged by its edge. */
  drag(slug: string, width: number): void {
    this.#dragged.set(slug, Math.max(NARROWEST, Math.round(width)));
  }

  #grown({ slug, name, role }: LeadHead, at: number, rows: readonly (Row | undefined)[]): number {
    const [least, most] = LIMITS[role];
    // Its button has room around it.
    let longest = Math.min(name.length, 18) + 2;
    for (const row of rows.slice(0, LOOKED_AT)) {
      const text = textOf(row?.cells[at] ?? null);
      if (text.length > longest) longest = text.length;
    }
    const wanted = Math.min(most, Math.max(least, longest * (at ? CHARACTER : BOLD) + AROUND));
    const width = Math.max(wanted, this.#known.get(slug) ?? 0);
    this.#known.set(slug, width);
    return width;
  }
}
