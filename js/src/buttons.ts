/** Buttons that send a command once, that ask first when credits are spent, and that say what became of the click. */

import type { Button, CommandName } from "./contract";
import { el, setText, show, words } from "./dom";
import { ANSWER_MS, type Session } from "./session";
import { commandKey, type Pending, pending } from "./shared";

export const BUSY = "Kernel is busy: sent when the cell ends, or interrupt it.";

/** The second press of a double click must not confirm what the first one asked. */
const CONFIRM_AFTER_MS = 400;

const YES: Record<CommandName, string> = {
  cancel: "Yes, cancel",
  answer: "Yes, send",
  follow_up: "Yes, start it",
  check_now: "Yes, check",
};

export function button(label: string, press: () => void, cls = ""): HTMLButtonElement {
  const node = el("button", cls, label);
  node.type = "button";
  node.dir = "auto";
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-disabled") !== "true") press();
  });
  return node;
}

/** Off without losing the keyboard's place, which `disabled` would. */
export function turnOff(node: HTMLElement, off: boolean): void {
  if (off) node.setAttribute("aria-disabled", "true");
  else node.removeAttribute("aria-disabled");
}

/** What became of a click, in words beside its button. */
export function sayWhatBecame(node: HTMLElement, state: Pending | undefined): void {
  const failed = state?.phase === "failed";
  const late = state?.phase === "requested" && Date.now() - state.at >= ANSWER_MS;
  setText(node, failed ? [state.title, state.remedy].filter(Boolean).join(" ") : late ? BUSY : "");
  node.classList.toggle("t-bad", failed);
  show(node, failed || late);
}

export class CommandButton {
  /** The button, and in its place the sentence that asks first. */
  readonly node = el("span", "act");
  /** What became of the click; placed by the owner, who knows where there is room. */
  readonly say = words("", "span", "say");
  private readonly press: HTMLButtonElement;
  private question: HTMLElement | null = null;
  private spec: Button = { command: "check_now", label: "", prompt: "", confirm: "" };
  private run = "";

  constructor(
    private readonly session: Session,
    cls = "",
  ) {
    this.press = button("", () => (this.spec.confirm ? this.ask() : this.send()), cls);
    this.node.append(this.press);
    show(this.say, false);
  }

  /** `label` overrides the words while the server has been asked already. */
  update(spec: Button, run: string): void {
    if (this.question && (this.spec.confirm !== spec.confirm || this.spec.prompt !== spec.prompt))
      this.retract();
    this.spec = spec;
    this.run = run;
    this.refresh();
  }

  /** After a click, an answer, a tick, or when the kernel came or went. */
  refresh(): void {
    const state = pending(commandKey(this.run, this.spec.command, this.spec.prompt));
    const under = state !== undefined && state.phase !== "failed";
    setText(this.press, under ? "Requested" : this.spec.label);
    turnOff(this.press, under || this.session.presence === "gone");
    if (this.question && (under || this.session.presence === "gone")) this.retract();
    sayWhatBecame(this.say, state);
  }

  private send(): void {
    this.session.command(this.run, this.spec.command, this.spec.prompt);
  }

  private ask(): void {
    const since = Date.now();
    const no = button("No", () => this.retract(true));
    const yes = button(
      YES[this.spec.command],
      () => {
        if (Date.now() - since < CONFIRM_AFTER_MS) return;
        this.retract(true);
        this.send();
      },
      "go",
    );
    this.question = el("span", "confirm", words(this.spec.confirm, "span"), yes, no);
    this.question.setAttribute("role", "group");
    this.question.setAttribute("aria-label", this.spec.confirm);
    this.question.addEventListener("origami-escape", () => this.retract(true));
    show(this.press, false);
    this.node.append(this.question);
    yes.focus();
  }

  private retract(focus = false): void {
    this.question?.remove();
    this.question = null;
    show(this.press, true);
    if (focus) this.press.focus();
  }
}

/** Copies a line; where the clipboard is forbidden, by way of a selected text field. */
export class CopyButton {
  readonly node: HTMLButtonElement;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(what: string, text: () => string) {
    this.node = button("Copy", () => void this.copy(text()), "copy");
    this.node.setAttribute("aria-label", `Copy ${what}`);
    this.node.title = `Copy ${what}`;
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private async copy(text: string): Promise<void> {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = this.copyBySelection(text);
    }
    setText(this.node, done ? "Copied" : "Press Ctrl+C");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => setText(this.node, "Copy"), 2000);
  }

  private copyBySelection(text: string): boolean {
    const field = el("textarea", "hidden");
    field.value = text;
    this.node.after(field);
    field.select();
    let done = false;
    try {
      done = document.execCommand("copy");
    } catch {
      // Copying is forbidden here; the label says so.
    }
    field.remove();
    this.node.focus();
    return done;
  }
}
