import { labelOf, showOutcome, turnOff } from "../buttons";
import type { Ask, QuestionView } from "../contract";
import { button, el, fill, on, same, setText, textField, uid, words } from "../dom";
import { filled } from "../format";
import { commandKey, pending, underWay } from "../page_state";
import type { Context } from "../session";
import * as say from "../words";

/** One question with suggested answers and a free text; one of them counts. */
function question({ question: asked, suggestions, freeform }: QuestionView, changed: () => void) {
  const name = uid();
  const radio = (): HTMLInputElement => el("input", "", { type: "radio", name });
  const choices = suggestions.map((suggestion) => ({ input: radio(), suggestion }));
  const labels = choices.map(({ input, suggestion }) => el("label", "", input, words("", "bdi", suggestion)));
  const free = radio();
  free.ariaLabel = freeform;
  const text = Object.assign(textField(`${asked} ${freeform}`, freeform), { dir: "auto" });
  // Typing chooses the free answer, and choosing it starts typing.
  on(text, "input", () => {
    free.checked = true;
  });
  on(free, "click", () => text.focus());
  const legend = el("legend", "", words("", "bdi", asked));
  const node = el("fieldset", "", legend, el("div", "choices", ...labels, el("span", "free", free, text)));
  on(node, "input", changed);
  return {
    node,
    /** The chosen answer; "" while there is none. */
    answer: () =>
      free.checked ? text.value.trim() : (choices.find(({ input }) => input.checked)?.suggestion ?? ""),
  };
}

/** The agent's questions, with one Send for all. Typed text stays whatever else changes on the card. */
export function askSection({ session, view }: Context) {
  const questions = el("div");
  const send = button("", () => submit(), "go");
  const note = el("span", "mute");
  const outcome = words("say");
  const node = el("section", "sec ask", questions);
  const foot = el("div", "sending", send, note, outcome);
  let fields: ReturnType<typeof question>[] = [];
  let ask: Ask | null = null;

  const submit = (): void => {
    const answers = fields.map((field) => field.answer());
    if (ask && !ask.send.requested && !answers.includes(""))
      session.command(ask.run_id, "answer", "", answers);
  };
  const refresh = (): void => {
    const next = view("ask");
    if (!same([ask?.run_id, ask?.questions], [next?.run_id, next?.questions])) {
      fields = (next?.questions ?? []).map((each) => question(each, refresh));
      fill(questions, ...fields.map((field) => field.node));
    }
    ask = next;
    if (!ask) return;
    const state = pending(commandKey(ask.run_id, "answer"));
    const sending = ask.send.requested || underWay(state);
    const gone = session.presence === "gone";
    const off = sending || gone;
    const answered = fields.filter((field) => field.answer()).length;
    if (off && questions.matches(":focus-within")) send.focus();
    for (const field of fields) field.node.disabled = off;
    setText(send, labelOf(ask.send, sending));
    turnOff(send, off, gone);
    send.disabled = answered < fields.length && !off;
    setText(
      note,
      send.disabled ? `${filled(say.ANSWERED, answered, fields.length)} · ${ask.cost_note}` : ask.cost_note,
    );
    showOutcome(outcome, ask.send.requested ? undefined : state);
  };
  return {
    node,
    /** What sends the answers. */
    foot,
    refresh,
    /** Enter in a free text: the same as Send once all questions are answered. */
    enter(field: HTMLElement): void {
      if (questions.contains(field)) send.click();
    },
  };
}
