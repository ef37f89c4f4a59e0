import { button, commandButton, turnOff } from "../buttons";
import { clamp } from "../clamp";
import type { Head } from "../contract";
import { el, fill, linkPlace, mark, type Part, say, setText, show, words } from "../dom";
import { count } from "../format";
import type { Context } from "./section";

/** A prompt longer than this is cut to two lines. */
const LONG_PROMPT = 220;

/** "12 of at most 30 steps" with a meter while it runs, "17 steps" after. The cap is the plan's, not a total. */
function steps(): Part<Head> {
  const node = el("span", "steps");
  return {
    node,
    update({ steps_completed: done, steps_max: most, done: ended }) {
      show(node, done !== null);
      if (done === null) return;
      const number = el("b", "", count(done));
      if (ended || most === null) {
        fill(node, el("span", "", number, done === 1 ? " step" : " steps"));
        return;
      }
      const meter = mark("meter", "span");
      const filled = el("i");
      filled.style.width = `${Math.min(100, (100 * done) / Math.max(1, most))}%`;
      meter.append(filled);
      fill(node, el("span", "", number, ` of at most ${count(most)} steps`), meter);
    },
  };
}

/** Status, prompt, steps, model, link and Cancel. The clock's words stand among its facts. */
export function headSection({ session }: Context, clock: HTMLElement): Part<Head> {
  const status = el("span");
  const pill = el("span", "pill", mark(), status);
  const prompt = words("prompt");
  const clamped = clamp(prompt, 2);
  const reply = words("mute");
  const done = steps();
  const model = words();
  const origin = words("chip");
  const link = linkPlace("act", "button");
  const cancel = commandButton(session);
  const requested = button("Cancel requested", () => {});
  turnOff(requested, true);
  let head: Head | null = null;

  const refresh = (): void => {
    if (!head) return;
    const known = head.done || session.follows();
    const tone = known ? head.tone : "neutral";
    pill.className = `pill t-${tone}`;
    // A run that is not watched any more is the past, whatever its last status said.
    setText(status, known ? head.status_label : `Last seen: ${head.status_label}`);
    cancel.refresh();
  };
  return {
    node: el(
      "header",
      "head",
      pill,
      el("div", "brief", clamped.node, reply),
      el("div", "does", link.node, cancel.node, requested),
      el("div", "meta", done.node, clock, model, origin),
      cancel.said,
    ),
    refresh,
    update(next) {
      head = next;
      setText(prompt, head.prompt);
      clamped.update(head.prompt.length > LONG_PROMPT);
      say(reply, head.reply);
      say(model, head.model);
      say(origin, head.origin);
      link.update(head.link);
      done.update(head);
      show(requested, head.cancel === "requested");
      const spec = { command: "cancel", label: "Cancel", prompt: "", confirm: "" } as const;
      cancel.update(head.cancel === "available" ? { spec, run: head.run_id } : null);
      refresh();
    },
  };
}
