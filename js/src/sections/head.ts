import { button, CommandButton, copyLine, stopOf } from "../buttons";
import { clamp } from "../clamp";
import type { CodeLine, Head, View } from "../contract";
import { el, keyedList, linkPlace, mark, on, type Part, setText, show, showText, uid, words } from "../dom";
import { filled } from "../format";
import { lastRead } from "./clock";
import type { Context } from "./context";

/** Longer prompts are cut to two lines. */
const LONG_PROMPT = 160;

/** The menu: lines of code to go on from this run, and what it has used. */
function menu(): {
  press: HTMLButtonElement;
  panel: HTMLElement;
  spent: HTMLElement;
  update(lines: CodeLine[]): void;
  close(): void;
} {
  const list = keyedList(
    el("div", "menu"),
    ({ label }: CodeLine) => {
      const line = copyLine(label, label);
      return { ...line, update: ({ code }) => line.update(code) };
    },
    (line) => line.label,
  );
  const panel = list.node;
  panel.id = uid();
  const spent = el("span", "mute");
  panel.append(spent);
  const press = button("⋯", () => open(!!panel.hidden), "quiet");
  press.setAttribute("aria-controls", panel.id);
  press.ariaLabel = press.title = "More about this run";
  const open = (on: boolean): void => {
    show(panel, on);
    press.ariaExpanded = `${on}`;
  };
  open(false);
  for (const node of [press, panel])
    on(node, "origami-key", (event) => {
      if (panel.hidden || (event as CustomEvent<KeyboardEvent>).detail.key !== "Escape") return;
      open(false);
      press.focus();
    });
  return { press, panel, spent, update: list.update, close: () => list.close?.() };
}

/** Status, prompt, link, the stop and the menu. */
export function headSection({ session }: Context): Part<Pick<View, "head" | "result">> {
  const status = el("span");
  const pill = el("span", "pill", mark(), status);
  const prompt = words("prompt");
  const clamped = clamp(prompt, 2);
  const reply = words("mute");
  const origin = words("chip");
  const link = linkPlace("act", "button");
  const stop = new CommandButton(session);
  stop.node.classList.add("stop");
  const more = menu();
  let head: Head | null = null;
  let used = "";

  const refresh = (): void => {
    if (!head) return;
    const known = head.done || session.follows();
    pill.className = `pill t-${known ? head.tone : "neutral"}`;
    // Once a run is no longer watched, its last status may be out of date.
    setText(status, known ? head.status_label : head.last_known);
    // Beside the buttons of a narrow card, a long one is cut.
    pill.title = status.textContent ?? "";
    showText(more.spent, filled(used, lastRead(head, session)));
    stop.refresh();
  };
  return {
    node: el(
      "header",
      "head",
      pill,
      el("div", "brief", clamped.node, reply),
      el("div", "does", origin, link.node, stop.node, more.press),
      stop.outcome,
      more.panel,
    ),
    refresh,
    close: more.close,
    update({ head: next, result }) {
      head = next;
      // Views saved by earlier versions have none.
      used = result.spent ?? "";
      setText(prompt, head.prompt);
      clamped.update(head.prompt.length > LONG_PROMPT);
      showText(reply, head.reply);
      reply.title = head.reply;
      showText(origin, head.origin);
      link.update(head.link);
      // A narrow card shows only its arrow.
      link.node.title = head.link?.label ?? "";
      stop.update(stopOf(head.cancel, head.run_id));
      more.update(head.lines);
      refresh();
    },
  };
}
