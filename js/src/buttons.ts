/** Buttons that send a command once, ask first if it spends credits, and show the outcome of the click. */

import type { Button } from "./contract";
import { el, on, type Part, say, setText, show, words } from "./dom";
import { ANSWER_MS, type Session } from "./session";
import { commandKey, type Pending, pending, underWay } from "./shared";

export const BUSY = "Kernel busy. This is sent when the cell ends, or interrupt it.";

/** The second press of a double click must not confirm the first one's question. */
const CONFIRM_AFTER_MS = 400;

/** `aria-disabled` instead of `disabled`, which would lose the keyboard focus. */
export function button(label: string, press: () => void, cls = ""): HTMLButtonElement {
  const node = el("button", cls, label);
  node.type = "button";
  node.dir = "auto";
  on(node, "click", () => node.ariaDisabled === "true" || press());
  return node;
}

/** Turns a button off. If there is no kernel to send to, its description says so. */
export function turnOff(node: HTMLElement, off: boolean, gone = false): void {
  node.ariaDisabled = off ? "true" : null;
  node.title = gone ? "This card has no kernel" : "";
}

/** Shows the outcome of a click beside its button. */
export function sayWhatBecame(node: HTMLElement, state: Pending | undefined): void {
  // Other messages prove nothing: they come from a background thread, even while a cell keeps clicks from being read.
  const late = state?.phase === "requested" && Date.now() - state.at >= ANSWER_MS;
  say(node, late ? BUSY : (state?.words ?? ""));
  node.classList.toggle("t-bad", state?.phase === "failed");
}

/** A button of the view, for the run `run`. */
export interface Pressed {
  spec: Button;
  run: string;
}

export interface CommandButton extends Part<Pressed | null> {
  /** Shows the outcome of the click. The owner places it. */
  readonly said: HTMLElement;
  refresh(): void;
}

/** `yes` is the confirming button. */
export function commandButton(session: Session, yes = "Yes, start it"): CommandButton {
  const said = words("say");
  const press = button("", () => (pressed?.spec.confirm ? ask(pressed.spec) : send()));
  const node = el("span", "act", press);
  let pressed: Pressed | null = null;
  let question: HTMLElement | null = null;

  const send = (): void => {
    if (pressed) session.command(pressed.run, pressed.spec.command, pressed.spec.prompt);
  };
  const retract = (focus = false): void => {
    question?.remove();
    question = null;
    show(press, true);
    if (focus) press.focus();
  };
  const ask = (spec: Button): void => {
    const since = Date.now();
    const sure = button(
      yes,
      () => {
        if (Date.now() - since < CONFIRM_AFTER_MS) return;
        retract(true);
        send();
      },
      "go",
    );
    question = el(
      "span",
      "act",
      words("", "span", spec.confirm),
      sure,
      button("No", () => retract(true)),
    );
    question.role = "group";
    question.ariaLabel = spec.confirm;
    on(question, "origami-key", (event) => {
      if ((event as CustomEvent<KeyboardEvent>).detail.key === "Escape") retract(true);
    });
    show(press, false);
    node.append(question);
    sure.focus();
  };
  const refresh = (): void => {
    show(node, pressed);
    show(said, false);
    if (!pressed) return;
    const state = pending(commandKey(pressed.run, pressed.spec.command, pressed.spec.prompt));
    const gone = session.presence === "gone";
    const off = underWay(state) || gone;
    setText(press, underWay(state) ? "Requested" : pressed.spec.label);
    turnOff(press, off, gone);
    if (off && question) retract();
    sayWhatBecame(said, state);
  };
  return {
    node,
    said,
    refresh,
    update(next) {
      const spec = pressed?.spec;
      if (question && (spec?.confirm !== next?.spec.confirm || spec?.prompt !== next?.spec.prompt)) retract();
      pressed = next;
      refresh();
    },
  };
}

/** A line of code with a button that copies it; if the clipboard is forbidden, through a selected text field. */
export function copyLine(label: string, what: string): Part<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const code = words("", "code");
  const bySelection = (text: string): boolean => {
    const field = el("textarea", "hidden", text);
    node.append(field);
    field.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    } finally {
      field.remove();
      press.focus();
    }
  };
  const copy = async (): Promise<void> => {
    const text = code.textContent ?? "";
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = bySelection(text);
    }
    setText(press, done ? "Copied" : "Press Ctrl+C");
    clearTimeout(timer);
    timer = setTimeout(() => setText(press, "Copy"), 2000);
  };
  const press = button("Copy", () => void copy(), "link");
  press.ariaLabel = press.title = `Copy ${what}`;
  const node = el("span", "line", label, code, press);
  return {
    node,
    update(text) {
      setText(code, text);
      show(node, text);
    },
    close: () => clearTimeout(timer),
  };
}
