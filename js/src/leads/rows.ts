/** The received leads of one table in order: which of them are new, and the place of each. */

import {
  CELL_NEVER_RUN,
  type ColumnFailures,
  type LeadCell,
  type LeadHead,
  type LeadMark,
  type LeadsAnswer,
  type OpenCell,
  type RunCells,
} from "../contract";
import { filled, folded } from "../format";
import * as say from "../words";

/** How long new leads and cells are lit, in ms. */
const LIT_MS = 2000;

/** A lead. It is never changed: what changes is another object. */
export interface Row {
  readonly id: string;
  readonly cells: readonly LeadCell[];
  readonly mark: LeadMark | undefined;
}

/** Whether a lead can be ticked, copied and written into files: not if the user's list leaves it out. */
export const isKept = (row: Row | undefined): row is Row => !!row && row.mark !== "left_out";

export function textOf(cell: LeadCell): string {
  if (cell === null || typeof cell === "string") return cell ?? "";
  return Array.isArray(cell) ? cell[0] : cell.text;
}

/** Whether a cell has parts. */
export const isOpenCell = (cell: LeadCell): cell is OpenCell =>
  cell !== null && typeof cell === "object" && !Array.isArray(cell);

const slugsOf = (heads: readonly LeadHead[]): string => JSON.stringify(heads.map(({ slug }) => slug));

export class Rows {
  /** By place. A place that is no longer valid is empty until its page comes again. */
  all: (Row | undefined)[] = [];
  heads: LeadHead[] = [];
  /** Whether there are more rows after those that were read. */
  more = false;
  total: number | null = null;
  /** How many leads the table's saved filters hide, or would hide; null if unknown. */
  hidden: number | null = 0;
  /** How many of the leads read the user's list leaves out. */
  leftOut = 0;
  /** Whether these can tell which leads meet the brief; not so if no lead was judged. Then, all are shown. */
  judged = true;
  /** In words, how many rows were read. */
  count = "";
  /** Why no leads come, or none any more; empty while all is well. */
  note = "";
  /** The slugs of columns that are not shown. */
  off = new Set<string>();
  /** Whether no cell may still come. Until then, nothing is said about cells without a result. */
  final = false;
  /** In a grid of several runs, what is known of their cells without a result, by name. */
  runs: Record<string, RunCells> = {};
  /** Whether the newest question was answered. Until then, the rows are those of the previous one. */
  answered = false;
  #known = new Map<string, Row>();
  readonly #folded = new WeakMap<Row, string>();
  #lit = new Map<string, number>();
  /** The cells that had no result when none could come any more, before a follow-up began: by lead and column. */
  readonly #settled = new Set<string>();

  /** The columns that are shown. */
  get shownHeads(): LeadHead[] {
    return this.heads.filter(({ slug }) => !this.off.has(slug));
  }

  /** The address behind a lead's name: that of its website. */
  hrefOf(row: Row): string {
    const cell = row.cells[this.heads.findIndex(({ role }) => role === "website")] ?? null;
    return cell === null || typeof cell === "string" ? "" : Array.isArray(cell) ? cell[1] : cell.href;
  }

  /** Starts another table. */
  clear(): void {
    Object.assign(this, new Rows());
    this.#known.clear();
    this.#settled.clear();
  }

  take(answer: LeadsAnswer): void {
    const now = Date.now();
    const had = this.#known;
    // A page that is read for the first time, because the user has scrolled to it, is not news.
    const isNews = answer.start < this.all.length;
    // Cells are sent by the place of their column: a row with other columns must not be shown under new heads.
    const isShapedAnew = slugsOf(answer.heads ?? this.heads) !== slugsOf(this.heads);
    if (isShapedAnew) this.#lit.clear();
    if (!this.answered || isShapedAnew) {
      this.all = [];
      // What follows is complete, as the kernel has forgotten what it sent before.
      this.#known = new Map();
      this.runs = {};
    }
    if (this.final && !answer.final)
      for (const row of had.values())
        row.cells.forEach((cell, at) => {
          if (cell === null) this.#settled.add(`${row.id} ${this.heads[at]?.slug}`);
        });
    Object.assign(this.runs, answer.runs);
    this.answered = true;
    this.all.length = answer.read;
    const read = answer.rows?.map(([id, cells]): Row => {
      if (cells && !had.has(id) && isNews) this.#lit.set(id, now);
      const known = this.#known.get(id);
      const mark = answer.marks[id];
      if (known && !cells && known.mark === mark) return known;
      return { id, cells: cells ?? known?.cells ?? [], mark };
    });
    const rows = read ?? this.all.slice(answer.start);
    for (const [at, place, cell] of answer.changes) {
      const row = rows[at];
      if (!row) continue;
      rows[at] = { ...row, cells: [...row.cells.slice(0, place), cell, ...row.cells.slice(place + 1)] };
      this.#lit.set(`${row.id} ${place}`, now);
    }
    // The lead was elsewhere before.
    const moved = new Set(rows.map((row) => row?.id));
    this.all.forEach((row, at) => {
      if (moved.has(row?.id)) this.all[at] = undefined;
    });
    rows.forEach((row, at) => {
      if (row) this.#known.set(row.id, row);
      this.all[answer.start + at] = row;
    });
    for (const [key, at] of this.#lit) if (now - at >= LIT_MS) this.#lit.delete(key);
    const before = new Set(this.heads.map(({ slug }) => slug));
    this.heads = answer.heads ?? this.heads;
    for (const { slug, off } of this.heads) if (off && !before.has(slug)) this.off.add(slug);
    ({ more: this.more, total: this.total, hidden: this.hidden, note: this.note } = answer);
    ({ count: this.count, final: this.final, judged: this.judged, left_out: this.leftOut } = answer);
  }

  /** Whether a lead is new, or one of its cells has just changed. */
  isLit(id: string, place?: number): boolean {
    return this.#lit.size > 0 && this.#lit.has(place === undefined ? id : `${id} ${place}`);
  }

  /**
   * Of a lead's cell without a result: whether it may still come, else why it doesn't, and how many have failed. In a grid
   * of several runs, one may have ended while others go on.
   */
  without(row: Row, { filling, missing, failed, slug }: LeadHead): [boolean, ...ColumnFailures] {
    const run = this.#runOf(row);
    const isKnown = this.final || failed || this.#settled.has(`${row.id} ${slug}`);
    if (!run) return [filling || !isKnown, missing, filling ? 0 : failed];
    const ofRun = run.failed[slug] ?? [CELL_NEVER_RUN, 0];
    return [!(run.final || ofRun[1]), ...ofRun];
  }

  /** In a grid of several runs, whether the saved filters do not apply to a lead yet, as its run goes on. */
  isEarly(row: Row): boolean {
    return this.#runOf(row)?.final === false;
  }

  /** What a cell opens to show: its parts, or what is known of why it has failed; null if it does not open. */
  opened(row: Row, at: number): OpenCell | null {
    const [cell, head] = [row.cells[at] ?? null, this.heads[at]];
    if (cell !== null) return isOpenCell(cell) ? cell : null;
    const failed = head?.failed && this.without(row, head)[2];
    return failed ? { text: filled(say.CELL_FAILED, failed), href: "", confidence: "", parts: [] } : null;
  }

  /** The rows that have the typed words; all rows without any. */
  matching(typed: string): (Row | undefined)[] {
    const wanted = folded(typed.trim());
    if (!wanted) return this.all;
    return this.all.filter((row) => row && this.#words(row).includes(wanted));
  }

  #runOf({ cells }: Row): RunCells | undefined {
    return this.runs[textOf(cells[this.heads.findIndex(({ kind }) => kind === "run")] ?? null)];
  }

  #words(row: Row): string {
    const known = this.#folded.get(row) ?? folded(row.cells.map(textOf).join(" "));
    this.#folded.set(row, known);
    return known;
  }
}
