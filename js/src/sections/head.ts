import { commandButtons, copyLine } from "../buttons";
import type { EarlierRun, Head, View } from "../contract";
import { el, keyedList, linkPlace, mark, type Part, setText, show, showCut, showText, words } from "../dom";
import { menu } from "../menu";
import type { Notify } from "../notify";
import type { Context } from "../session";

function earlierRun(): Part<EarlierRun> {
  const status = el("span");
  const prompt = words("", "b");
  const outcome = words("mute");
  return {
    node: el("li", "", prompt, " ", status, " ", outcome),
    update(run) {
      setText(prompt, run.prompt);
      setText(status, run.status_label);
      status.className = `state t-${run.tone}`;
      setText(outcome, run.outcome);
    },
  };
}

/** The menu of all that is seldom needed. */
function moreMenu(...parts: HTMLElement[]): HTMLElement[] {
  const { press, panel } = menu("⋯", "quiet");
  press.ariaLabel = press.title = "More about this run";
  panel.append(...parts);
  return [press, panel];
}

/**
 * Status, newest brief, the earlier ones, buttons and the menu.
 *
 * @param outcomes - The place of what comes of a click.
 */
export function headSection(
  { session }: Context,
  notify: Notify,
  outcomes: HTMLElement,
): Part<Pick<View, "head" | "earlier">> {
  let head: Head | null = null;
  const status = el("span");
  const pill = el("span", "pill", mark(), status);
  const [prompt, reply, origin] = [words("prompt cut"), words("mute cut"), words("origin")];
  const earlier = menu("", "link");
  const briefs = keyedList(el("ol"), earlierRun, (run: EarlierRun) => run.run_id);
  const buttons = commandButtons(el("span", "act stop"), session, () => head?.run_id ?? "", outcomes);
  const link = linkPlace("act");
  const line = copyLine("Show it elsewhere", "the line that shows this run");
  earlier.panel.append(briefs.node);
  const asked = el("div", "asked row", prompt, earlier.press, earlier.panel, origin);
  const more = moreMenu(link.node, line.node, notify.node, notify.refusal);
  const refresh = (): void => {
    if (!head) return;
    const known = head.done || session.follows();
    pill.className = `pill t-${known ? head.tone : "neutral"}`;
    // Once a run is no longer watched, its last status may be out of date.
    showCut(status, known ? head.status_label : head.last_known);
    notify.update(!(head.done && head.settled) && session.follows());
    buttons.refresh?.();
  };
  return {
    node: el(
      "header",
      "head row",
      pill,
      el("div", "brief", asked, reply),
      el("div", "does", buttons.node, ...more),
    ),
    refresh,
    update({ head: next, earlier: { title, runs } }) {
      head = next;
      showCut(prompt, next.prompt);
      showCut(reply, next.reply);
      showCut(origin, next.origin);
      showText(earlier.press, runs.length ? title : "");
      briefs.update(runs);
      link.update(next.link);
      buttons.update(next.buttons);
      show(buttons.node, next.buttons.length);
      line.update(next.line);
      refresh();
    },
  };
}
