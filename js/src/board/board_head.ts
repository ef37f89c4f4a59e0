import { CommandButton } from "../buttons";
import type { BoardHead, Button, ClockView, Notice } from "../contract";
import { el, keyedList, type Part, setText, showText, words } from "../dom";
import { freshness } from "../freshness";
import { noKernelNotice, noticePart } from "../notice";
import type { Notify } from "../notify";
import type { Session } from "../session";

/** A button for all runs. It asks first if the kernel says so. */
function boardButton(session: Session, board: string): Part<Button> {
  const press = new CommandButton(session);
  return {
    node: el("span", "act", press.node, press.outcome),
    refresh: press.refresh,
    update: (spec) => press.update({ spec, run: board }),
  };
}

/** The totals of all runs, their age, and the buttons for all runs. */
export class BoardHeader implements Part<BoardHead> {
  readonly node: HTMLElement;
  readonly #session: Session;
  readonly #oldest: (clock: ClockView | null) => ClockView | null;
  readonly #notify: Notify;
  readonly #title = el("b");
  readonly #counts = el("span", "counts");
  readonly #sums = el("div", "sums");
  readonly #origin = words("chip");
  readonly #age = el("span", "mute");
  readonly #buttons: Part<readonly Button[]>;
  readonly #notices: Part<readonly Notice[]>;
  readonly #noKernel = noKernelNotice("these runs");
  #head: BoardHead | null = null;

  /**
   * @param board - Distinguishes its clicks from those of other boards.
   * @param oldest - The clock of the run that was heard longest ago.
   */
  constructor(
    session: Session,
    board: string,
    oldest: (clock: ClockView | null) => ClockView | null,
    notify: Notify,
  ) {
    [this.#session, this.#oldest, this.#notify] = [session, oldest, notify];
    const make = (): Part<Button> => boardButton(session, board);
    this.#buttons = keyedList(el("span", "does"), make, ({ command }) => command);
    const note = (): Part<Notice> => noticePart(session, () => board);
    this.#notices = keyedList(el("div"), note, ({ key }) => key);
    const counted = el("span", "counted", this.#title, this.#counts, " ", this.#origin);
    const line = el("div", "", counted, " ", this.#age);
    const does = el("div", "does", notify.node, this.#buttons.node);
    const header = el("header", "board-head", line, does, notify.refusal);
    header.append(this.#sums);
    this.node = el("div", "", header, this.#noKernel.node, this.#notices.node);
  }

  update(head: BoardHead): void {
    this.#head = head;
    const counted = head.counts.map(({ label }) => label).join(", ");
    setText(this.#title, head.title);
    setText(this.#counts, counted ? `: ${counted}` : "");
    showText(this.#origin, head.origin);
    showText(this.#sums, head.sums);
    this.#sums.title = head.sums;
    this.#buttons.update(head.buttons);
    this.#notices.update(head.notices);
    this.refresh();
  }

  refresh(): void {
    const [head, session] = [this.#head, this.#session];
    if (!head) return;
    const times = { done: head.settled, settled: head.settled, started_at: null, completed_at: null };
    const fresh = freshness(times, session, this.#oldest(session.clock));
    showText(this.#age, fresh.age);
    this.#age.classList.toggle("t-attention", fresh.warn);
    this.#noKernel.update(session.presence === "gone" ? { ...head, line: head.again_line } : null);
    this.#notify.update(!head.settled && session.follows());
    this.#buttons.refresh?.();
    this.#notices.refresh?.();
  }

  close(): void {
    this.#noKernel.close?.();
  }
}
