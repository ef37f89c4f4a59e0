import type { BoardHead, BoardRow, Stage, Tone } from "../contract";
import { type Notify, voice } from "../notify";

/** The stages that need the user. */
const URGENT: readonly Stage[] = ["needs_you", "failed"];

/** Announces changes of a board to assistive technology, and notifies when a run needs the user or all have ended. */
export class BoardAnnouncer {
  readonly #voice = voice();
  readonly node = this.#voice.node;
  readonly #notify: Notify;
  /** At the last announcement: how many runs needed the user, how many had failed, and whether all had ended. */
  #before: number[] | null = null;
  /** The runs that needed the user or had failed then. */
  #known = new Set<string>();

  constructor(notify: Notify) {
    this.#notify = notify;
  }

  update(head: BoardHead, rows: readonly BoardRow[]): void {
    const { counts, settled, announcement } = head;
    this.#voice.say(announcement);
    const now = URGENT.map((stage) => counts.find((each) => each.stage === stage)?.count ?? 0);
    now.push(Number(settled));
    const waiting = rows.filter(({ stage }) => URGENT.includes(stage)).map(({ token }) => token);
    const more = this.#before && now.map((count, at) => count > (this.#before?.[at] ?? 0));
    if (more?.includes(true)) {
      const runs = settled ? rows.map(({ token }) => token) : waiting.filter((run) => !this.#known.has(run));
      const [needUser, failed] = more;
      const tone: Tone = failed ? "bad" : needUser ? "attention" : "neutral";
      const body = settled ? head.sums : "";
      this.#notify.notify({ title: announcement, body, tone, runs });
    }
    this.#known = new Set(waiting);
    this.#before = now;
  }
}
