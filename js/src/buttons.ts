/** Buttons that send a command once, ask first if it spends credits, and show the outcome of the click. */

import type { Button } from "./contract";
import { button, el, fill, keyedList, type Part, setText, show, showText, words } from "./dom";
import { filled } from "./format";
import { popover } from "./menu";
import { commandKey, type Pending, pending, underWay } from "./page_state";
import { ANSWER_MS, type Session } from "./session";
import * as say from "./words";

export const BUSY = "Kernel busy. This is sent when the cell ends, or interrupt it.";

/** The second press of a double click must not confirm the first one's question. */
const CONFIRM_AFTER_MS = 400;

/** Turns a button off. If there is no kernel to send to, its description says so. */
export function turnOff(node: HTMLElement, off: boolean, gone = false): void {
  node.ariaDisabled = off ? "true" : null;
  node.title = gone ? "This card has no kernel" : "";
}

/** Shows the outcome of a click beside its button. */
export function showOutcome(node: HTMLElement, state: Pending | undefined): void {
  // Other messages prove nothing: they come from a background thread, even while a cell keeps clicks from being read.
  const late = state?.phase === "requested" && Date.now() - state.at >= ANSWER_MS;
  showText(node, late ? BUSY : (state?.words ?? ""));
  node.classList.toggle("t-bad", state?.phase === "failed");
}

/** A button of the view, for the run `run`. `named`: which of several such buttons it is, for assistive technology. */
export interface Pressed {
  spec: Button;
  run: string;
  named?: string;
}

/** What a button says. */
export const labelOf = ({ label, sent }: Button, isSent: boolean): string =>
  isSent ? (sent ?? say.REQUESTED) : label;

/** A button that sends a command; its value is null while there is none. */
export class CommandButton implements Part<Pressed | null> {
  /** Shows the outcome of the click. The owner places it. */
  readonly outcome = words("say");
  readonly #session: Session;
  readonly #press = button("", () => this.#click());
  readonly node = el("span", "act", this.#press);
  readonly #asked = words();
  #pressed: Pressed | null = null;
  readonly #question = popover(this.#press, "form", (isOpen): void => {
    if (!isOpen) this.#question.panel.remove();
  });

  constructor(session: Session) {
    this.#session = session;
    this.#question.panel.role = "group";
  }

  update(next: Pressed | null): void {
    const before = this.#pressed?.spec;
    // Numbers in the question may change while it is read. What it asks may not.
    if (before?.yes !== next?.spec.yes || before?.prompt !== next?.spec.prompt) this.#question.shut();
    this.#pressed = next;
    const gone = this.#session.presence === "gone";
    // What was requested is not repeated without a kernel.
    show(this.node, next && !(gone && next.spec.requested));
    show(this.outcome, false);
    if (!next) return;
    const { command, prompt, confirm, requested } = next.spec;
    setText(this.#asked, confirm ?? "");
    const state = pending(commandKey(next.run, command, prompt));
    const isSent = requested || underWay(state);
    const off = isSent || gone;
    const label = labelOf(next.spec, isSent);
    const [does, ...price] = label.split(/(?= · )/);
    if (this.#press.textContent !== label) fill(this.#press, does, el("span", "price", ...price));
    this.#press.ariaLabel = next.named ? this.#named(label) : null;
    turnOff(this.#press, off, gone);
    if (off) this.#question.shut();
    // What the kernel says of a request is in its view.
    showOutcome(this.outcome, requested ? undefined : state);
  }

  #click(): void {
    const { confirm, yes } = this.#pressed?.spec ?? {};
    if (!confirm || !yes) this.#send();
    else if (this.#question.panel.hidden) this.#ask(confirm, yes);
  }

  #send(): void {
    const pressed = this.#pressed;
    if (pressed) this.#session.command(pressed.run, pressed.spec.command, pressed.spec.prompt);
  }

  #ask(asks: string, answer: string): void {
    const since = Date.now();
    const confirm = (): void => {
      if (Date.now() - since < CONFIRM_AFTER_MS) return;
      question.shut(true);
      this.#send();
    };
    const question = this.#question;
    const yes = button(answer, confirm, "go");
    const no = button(say.NO, () => question.shut(true));
    setText(this.#asked, asks);
    fill(question.panel, this.#asked, el("span", "act", yes, no));
    question.panel.ariaLabel = this.#named(asks);
    this.node.append(question.panel);
    question.open();
    yes.focus();
  }

  #named(label: string): string {
    return this.#pressed?.named ? filled(say.STOP_NAMED, label, this.#pressed.named) : label;
  }
}

/** Buttons by their commands, for what `run` returns. What comes of a click is said in `outcomes`, or beside its button. */
export function commandButtons(
  node: HTMLElement,
  session: Session,
  run: () => string,
  outcomes?: HTMLElement,
): Part<readonly Button[]> {
  const make = (): Part<Button> => {
    const press = new CommandButton(session);
    outcomes?.append(press.outcome);
    return {
      node: outcomes ? press.node : el("span", "act", press.node, press.outcome),
      update: (spec) => press.update({ spec, run: run() }),
      close: () => press.outcome.remove(),
    };
  };
  return keyedList(node, make, "command");
}

/** A line of code with a button that copies it; if the clipboard is forbidden, through a selected text field. */
export function copyLine(label: string, what: string): Part<string> {
  const code = words("cut", "code");
  const press = copyButton(what, () => code.textContent ?? "");
  const node = el("span", "line", label, code, press);
  return {
    node,
    update(text) {
      setText(code, text);
      code.title = text;
      show(node, text);
    },
  };
}

/** Copies a text; where the clipboard is forbidden, through a selected field beside `near`. Returns whether it was copied. */
export async function copyText(text: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = el("textarea", "hidden", text);
    const focused = (near.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
    near.after(field);
    field.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    } finally {
      field.remove();
      focused?.focus({ preventScroll: true });
    }
  }
}

/** A button that copies a text, which is made when it is pressed. Assistive technology is told, too. */
export function copyButton(what: string, text: () => string): HTMLElement {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const copy = async (): Promise<void> => {
    const done = await copyText(text(), press);
    const outcome = done ? "Copied" : "Not copied";
    setText(press, outcome);
    setText(said, outcome);
    clearTimeout(timer);
    timer = setTimeout(() => {
      setText(press, say.COPY);
      setText(said, "");
    }, 2000);
  };
  const press = button(say.COPY, () => void copy(), "link");
  press.ariaLabel = press.title = `Copy ${what}`;
  // The button's own name stays, and the focus may be elsewhere.
  const said = el("span", "hidden", { role: "status" });
  return el("span", "", press, said);
}
