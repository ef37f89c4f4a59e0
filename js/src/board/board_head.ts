import { commandButtons } from "../buttons";
import type { BoardHead, ClockView } from "../contract";
import { el, keyedList, type Part, setText, showCut, showText, words } from "../dom";
import { freshness } from "../freshness";
import { goneNotice, noticePart } from "../notice";
import type { Notify } from "../notify";
import type { Session } from "../session";

/**
 * The totals of all runs, their age, and the buttons for all runs.
 *
 * @param board - Distinguishes its clicks from those of other boards.
 * @param oldest - The clock of the run that was heard longest ago.
 */
export function boardHeader(
  session: Session,
  board: string,
  oldest: (clock: ClockView | null) => ClockView | null,
  notify: Notify,
): Part<BoardHead> {
  const [title, origin, age] = [el("b"), words("origin"), el("span", "mute")];
  const [counts, sums] = [el("span", "counts"), el("div", "cut sums")];
  const buttons = commandButtons(el("span", "does"), session, () => board);
  const notices = keyedList(
    el("div"),
    () => noticePart(session, () => board),
    ({ key }) => key,
  );
  const line = el("div", "", el("span", "counted", title, counts, " ", origin), " ", age);
  const does = el("div", "does", notify.node, buttons.node);
  let head: BoardHead | null = null;
  const refresh = (): void => {
    if (!head) return;
    const times = { done: head.settled, settled: head.settled, started_at: null, completed_at: null };
    const [text, warn] = freshness(times, session, oldest(session.clock));
    showText(age, text);
    age.classList.toggle("t-attention", warn);
    const gone = session.presence === "gone" ? [goneNotice(head, head.again_line)] : [];
    notices.update([...gone, ...head.notices]);
    notify.update(!head.settled && session.follows());
    buttons.refresh?.();
    notices.refresh?.();
  };
  return {
    node: el("div", "", el("header", "board-head row", line, does, notify.refusal, sums), notices.node),
    refresh,
    update(next) {
      head = next;
      const counted = next.counts.map(({ label }) => label).join(", ");
      setText(title, next.title);
      setText(counts, counted ? `: ${counted}` : "");
      showText(origin, next.origin);
      showCut(sums, next.sums);
      buttons.update(next.buttons);
      refresh();
    },
  };
}
