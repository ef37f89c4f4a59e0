import { commandButtons, copyLine } from "../buttons";
import type { Button, Earlier, EarlierRun, Head, View } from "../contract";
import { el, keyedList, linkPlace, mark, type Part, setText, show, showCut, words } from "../dom";
import { menu } from "../menu";
import type { Notify } from "../notify";
import type { Context, Session } from "../session";

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

/** Status, newest brief, the earlier ones, buttons and the menu. */
export class HeadSection implements Part<Pick<View, "head" | "earlier">> {
  readonly node: HTMLElement;
  readonly #session: Session;
  readonly #status = el("span");
  readonly #pill = el("span", "pill", mark(), this.#status);
  readonly #prompt = words("prompt cut");
  readonly #reply = words("mute cut");
  readonly #earlier = menu("", "link");
  readonly #briefs = keyedList(el("ol"), earlierRun, (run: EarlierRun) => run.run_id);
  readonly #origin = words("chip-note cut");
  readonly #buttons: Part<readonly Button[]>;
  readonly #notify: Notify;
  readonly #menu = menu("⋯", "quiet");
  readonly #link = linkPlace("act");
  readonly #line = copyLine("Show it elsewhere", "the line that shows this run");
  #head: Head | null = null;

  /** @param outcomes - The place of what comes of a click. */
  constructor({ session }: Context, notify: Notify, outcomes: HTMLElement) {
    [this.#session, this.#notify] = [session, notify];
    const run = (): string => this.#head?.run_id ?? "";
    this.#buttons = commandButtons(el("span", "act stop"), session, run, outcomes);
    const { press, panel } = this.#menu;
    press.ariaLabel = press.title = "More about this run";
    panel.append(this.#link.node, this.#line.node, notify.node, notify.refusal);
    const earlier = this.#earlier;
    earlier.panel.append(this.#briefs.node);
    const asked = el("div", "asked row", this.#prompt, earlier.press, earlier.panel, this.#origin);
    const brief = el("div", "brief", asked, this.#reply);
    const does = el("div", "does", this.#buttons.node, press, panel);
    this.node = el("header", "head row", this.#pill, brief, does);
  }

  update({ head, earlier }: { head: Head; earlier: Earlier }): void {
    this.#head = head;
    showCut(this.#prompt, head.prompt);
    showCut(this.#reply, head.reply);
    setText(this.#earlier.press, earlier.title);
    show(this.#earlier.press, earlier.runs.length);
    this.#briefs.update(earlier.runs);
    showCut(this.#origin, head.origin);
    this.#link.update(head.link);
    this.#buttons.update(head.buttons);
    show(this.#buttons.node, head.buttons.length);
    this.#line.update(head.line);
    this.refresh();
  }

  refresh(): void {
    const head = this.#head;
    if (!head) return;
    const known = head.done || this.#session.follows();
    this.#pill.className = `pill t-${known ? head.tone : "neutral"}`;
    // Once a run is no longer watched, its last status may be out of date.
    showCut(this.#status, known ? head.status_label : head.last_known);
    this.#notify.update(!(head.done && head.settled) && this.#session.follows());
    this.#buttons.refresh?.();
  }
}
