/** The questions of a grid to the kernel, which leads of which table in which order, and what is said without an answer. */

import type { LeadsAnswer, LeadsMessage } from "../contract";
import { el, setText, show, showText, uid } from "../dom";
import type { Session } from "../session";
import * as say from "../words";
import type { Rows } from "./rows";

/** Rows in a page: the most that the server sends. */
export const PAGE = 200;
/** How often to report that the leads are still shown, in ms. */
const STILL_MS = 30_000;
const NOTHING = { first: -1, last: -1, at: 0 };

/** Which leads are shown, in which order: also those that the table's saved filters hide, or the user's list leaves out? */
type Which = Pick<LeadsMessage, "sort" | "filters" | "include_hidden" | "include_left_out">;

export class LeadRequests {
  table = "";
  /** Whether the leads are visible. Otherwise nothing is asked. */
  isOn = false;
  readonly which: Which;
  /** When the newest query was asked. */
  since = 0;
  readonly #session: Session;
  readonly #take: (answer: LeadsAnswer) => void;
  readonly grid = uid();
  #query = 0;
  #asked = NOTHING;

  /** `take` gets the answers to the newest query. */
  constructor(session: Session, includeHidden: boolean, take: (answer: LeadsAnswer) => void) {
    this.#session = session;
    this.which = { sort: null, filters: [], include_hidden: includeHidden, include_left_out: false };
    this.#take = (answer) => {
      if (answer.query === this.#query && answer.table === this.table) take(answer);
    };
  }

  /** Starts another query. The answers to the previous one are no longer used. */
  restart(): void {
    this.#query++;
    this.#asked = NOTHING;
    this.since = Date.now();
  }

  /** Asks for some rows, unless they were asked for a short while ago; `again`: even then. */
  ask(first: number, last: number, again: boolean): void {
    const asked = this.#asked;
    const now = Date.now();
    if (!this.isOn) return;
    if (!again && first >= asked.first && last <= asked.last && now - asked.at < STILL_MS) return;
    // Whole pages, as the kernel reads them: a message for each scrolled line would keep the whole page busy.
    const start = Math.floor(first / PAGE) * PAGE;
    this.#asked = { first: start, last: (Math.floor(Math.max(last, 0) / PAGE) + 1) * PAGE - 1, at: now };
    this.#send(this.table, start, this.#asked.last);
  }

  /** Reports that the leads are no longer visible. */
  stop(): void {
    if (this.isOn) this.#send("", 0, 0);
    this.isOn = false;
  }

  #send(table: string, first: number, last: number): void {
    const range = { grid: this.grid, query: this.#query, table, first, last, size: PAGE };
    this.#session.ask({ kind: "leads", ...range, ...this.which }, this.#take);
  }
}

/** Why no leads come, above those that are shown or in their place. */
export function leadNotes(session: Session, rows: Rows, requests: LeadRequests) {
  const above = el("p", "lnote t-attention", { hidden: true });
  const instead = el("p", "empty mute");
  return {
    above,
    instead,
    /**
     * Says of the leads that have the words `typed` why they are old, or why there are none. What the note above says is
     * not "no leads".
     *
     * @param isGrowing - Whether a table without leads may still get some.
     */
    update(shown: number, typed: string, isGrowing: boolean): void {
      const { answered, more, note } = rows;
      const { isOn, since, which } = requests;
      // Whether a cell keeps the kernel from answering the newest query.
      const isLate = isOn && !answered && session.unread(since);
      const none = typed
        ? say.LEADS_NO_MATCH_LOADED
        : which.filters.length
          ? say.LEADS_NO_MATCH
          : say.LEADS_NONE;
      const isNone = answered && (!more || typed !== "");
      const isWaiting = isNone ? isGrowing && none === say.LEADS_NONE : !isLate;
      setText(instead, isWaiting ? say.LEADS_LOADING : isNone ? none : say.LEADS_LATE);
      show(instead, !shown && (!note || isLate));
      showText(above, isLate ? (shown ? say.LEADS_LATE : "") : note);
    },
  };
}
