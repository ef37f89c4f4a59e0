/** Why no leads come, above those that are shown or in their place. */

import type { LeadsAnswer } from "../contract";
import { el, setText, show, showText } from "../dom";
import type { Session } from "../session";
import * as say from "../words";
import type { LeadRequests } from "./requests";
import type { Rows } from "./rows";

export class Notes {
  readonly above = el("p", "lnote t-attention", { hidden: true });
  readonly instead = el("p", "empty mute");
  readonly #session: Session;
  readonly #rows: Rows;
  readonly #requests: LeadRequests;
  /** What an answer says about why no leads come, or none any more; empty while all is well. */
  #note = "";

  constructor(session: Session, rows: Rows, requests: LeadRequests) {
    [this.#session, this.#rows, this.#requests] = [session, rows, requests];
  }

  take(answer: LeadsAnswer | null): void {
    this.#note = answer?.note ?? "";
  }

  /**
   * Says of the leads that have the words `typed` why they are old, or why there are none. What the note above says is
   * not "no leads".
   *
   * @param isGrowing - Whether a table without leads may still get some.
   */
  update(shown: number, typed: string, isGrowing: boolean): void {
    const { answered, more } = this.#rows;
    const { isOn, since, filters } = this.#requests;
    // Whether a cell keeps the kernel from answering the newest query.
    const isLate = isOn && !answered && this.#session.unread(since);
    const none = typed ? say.LEADS_NO_MATCH_LOADED : filters.length ? say.LEADS_NO_MATCH : say.LEADS_NONE;
    const isNone = answered && (!more || typed !== "");
    const isWaiting = isNone ? isGrowing && none === say.LEADS_NONE : !isLate;
    setText(this.instead, isWaiting ? say.LEADS_LOADING : isNone ? none : say.LEADS_LATE);
    show(this.instead, !shown && (!this.#note || isLate));
    showText(this.above, isLate ? (shown ? say.LEADS_LATE : "") : this.#note);
  }
}
