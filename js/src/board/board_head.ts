import { CommandButton } from "../buttons";
import type { BoardHead, Button, ClockView, Notice } from "../contract";
import { el, keyedList, linkPlace, type Part, setText, showText, words } from "../dom";
import { noKernelNotice } from "../no_kernel_notice";
import type { Notify } from "../notify";
import { freshness } from "../sections/clock";
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

function noticeOf(session: Session, board: string): Part<Notice> {
  const title = words("", "b");
  const text = words("mute");
  const link = linkPlace("act", "button");
  const press = new CommandButton(session);
  const node = el(
    "div",
    "",
    el("div", "", title, text, press.outcome),
    el("div", "does", press.node, link.node),
  );
  return {
    node,
    refresh: press.refresh,
    update(value) {
      node.className = `note t-${value.tone}`;
      setText(title, value.title);
      showText(text, value.text);
      link.update(value.link);
      press.update(value.button && { spec: value.button, run: board });
    },
  };
}

/**
 * The totals of all runs, their age, and the buttons for all runs.
 *
 * @param board - Distinguishes its clicks from those of other boards.
 * @param oldest - The clock of the run that was heard longest ago.
 */
export function boardHead(
  session: Session,
  board: string,
  oldest: (clock: ClockView | null) => ClockView | null,
  notify: Notify,
): Part<BoardHead> {
  const title = el("b");
  const counts = el("span", "counts");
  const facts = words("mute");
  const origin = words("chip");
  const age = el("span", "mute");
  const buttons = keyedList(
    el("span", "does"),
    () => boardButton(session, board),
    (spec: Button) => spec.command,
  );
  const notices = keyedList(
    el("div"),
    () => noticeOf(session, board),
    (value: Notice) => value.key,
  );
  const gone = noKernelNotice("these runs");
  let head: BoardHead | null = null;
  const refresh = (): void => {
    if (!head) return;
    const fresh = freshness(
      { done: head.settled, settled: head.settled, started_at: null, completed_at: null },
      session,
      oldest(session.clock),
    );
    showText(age, fresh.age);
    age.classList.toggle("t-attention", fresh.warn);
    gone.update(session.presence === "gone" ? { ...head, line: head.again_line } : null);
    notify.update(!head.settled && session.follows());
    buttons.refresh?.();
    notices.refresh?.();
  };
  return {
    node: el(
      "div",
      "",
      el(
        "header",
        "board-head",
        el("div", "", title, counts, " ", facts, " ", origin, " ", age),
        el("div", "does", notify.node, buttons.node),
        notify.refusal,
      ),
      gone.node,
      notices.node,
    ),
    refresh,
    close: () => gone.close?.(),
    update(next) {
      head = next;
      const counted = next.counts.map(({ label }) => label).join(", ");
      setText(title, next.title);
      setText(counts, counted ? `: ${counted}` : "");
      showText(facts, next.facts.join(" · "));
      showText(origin, next.origin);
      buttons.update(next.buttons);
      notices.update(next.notices);
      refresh();
    },
  };
}
