import { CommandButton, copyLine } from "../buttons";
import { clamp } from "../clamp";
import type { Button, Head } from "../contract";
import { el, keyedList, linkPlace, mark, type Part, setText, show, showText, words } from "../dom";
import { type Menu, menu } from "../menu";
import type { Notify } from "../notify";
import type { Session } from "../session";
import type { Context } from "./context";

/** Longer prompts are cut to two lines. */
const LONG_PROMPT = 160;

/** The menu: the line that shows this run again, and whether its end is said. */
function runMenu(notify: Notify): Menu & { line: Part<string> } {
  const made = menu("⋯", "quiet");
  const line = copyLine("Show it elsewhere", "the line that shows this run");
  made.panel.append(line.node, notify.node, notify.refusal);
  made.press.ariaLabel = made.press.title = "More about this run";
  return { ...made, line };
}

/** Status, prompt, link, buttons and the menu. */
export class HeadSection implements Part<Head> {
  readonly node: HTMLElement;
  readonly #session: Session;
  readonly #status = el("span");
  readonly #pill = el("span", "pill", mark(), this.#status);
  readonly #prompt = words("prompt");
  readonly #clamped = clamp(this.#prompt);
  readonly #reply = words("mute");
  readonly #origin = words("chip");
  readonly #link = linkPlace("act", "button");
  readonly #buttons: Part<readonly Button[]>;
  readonly #notify: Notify;
  readonly #menu: ReturnType<typeof runMenu>;
  #head: Head | null = null;

  constructor({ session }: Context, notify: Notify) {
    [this.#session, this.#notify, this.#menu] = [session, notify, runMenu(notify)];
    this.#buttons = keyedList(
      el("span", "act stop"),
      () => this.#makeButton(),
      ({ command }) => command,
    );
    const brief = el("div", "brief", this.#clamped.node, this.#reply);
    const does = el("div", "does", this.#origin, this.#link.node, this.#buttons.node, this.#menu.press);
    this.node = el("header", "head", this.#pill, brief, does, this.#menu.panel);
  }

  update(head: Head): void {
    this.#head = head;
    setText(this.#prompt, head.prompt);
    this.#clamped.update(head.prompt.length > LONG_PROMPT);
    showText(this.#reply, head.reply);
    this.#reply.title = head.reply;
    showText(this.#origin, head.origin);
    // Beside the brief of a narrow card, a long one is cut.
    this.#origin.title = head.origin;
    this.#link.update(head.link);
    // A narrow card shows only its arrow.
    this.#link.node.title = head.link?.label ?? "";
    this.#buttons.update(head.buttons);
    show(this.#buttons.node, head.buttons.length);
    this.#menu.line.update(head.line);
    this.refresh();
  }

  refresh(): void {
    const head = this.#head;
    if (!head) return;
    const known = head.done || this.#session.follows();
    this.#pill.className = `pill t-${known ? head.tone : "neutral"}`;
    // Once a run is no longer watched, its last status may be out of date.
    setText(this.#status, known ? head.status_label : head.last_known);
    // Beside the buttons of a narrow card, a long one is cut.
    this.#pill.title = this.#status.textContent ?? "";
    this.#notify.update(!(head.done && head.settled) && this.#session.follows());
    this.#buttons.refresh?.();
  }

  #makeButton(): Part<Button> {
    const press = new CommandButton(this.#session);
    this.#menu.panel.before(press.outcome);
    return {
      node: press.node,
      refresh: press.refresh,
      update: (spec) => press.update({ spec, run: this.#head?.run_id ?? "" }),
      close: () => press.outcome.remove(),
    };
  }

  close(): void {
    this.#menu.line.close?.();
  }
}
