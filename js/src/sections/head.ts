import { button, CommandButton, turnOff } from "../buttons";
import { Clamp } from "../clamp";
import type { Head } from "../contract";
import { anchor, el, fill, setText, show, words } from "../dom";
import { count } from "../format";
import type { Context, Section } from "./section";

/** A prompt longer than this is cut to two lines. */
const LONG_PROMPT = 220;

/** Status, prompt, steps, model, link and Cancel. The clock's words stand among its facts. */
export class HeadSection implements Section<Head> {
  readonly node: HTMLElement;
  private readonly shape = el("i");
  private readonly status = el("span");
  private readonly pill = el("span", "pill", this.shape, this.status);
  private readonly prompt = words("", "span", "prompt");
  private readonly clamp = new Clamp(this.prompt, 2);
  private readonly steps = el("span", "steps");
  private readonly model = words("", "span");
  private readonly origin = words("", "span", "chip");
  private readonly link = el("span", "act");
  private readonly cancel: CommandButton;
  private readonly requested = button("Cancel requested", () => {});
  private head: Head | null = null;

  constructor(
    private readonly context: Context,
    clock: HTMLElement,
  ) {
    this.cancel = new CommandButton(context.session);
    turnOff(this.requested, true);
    this.shape.setAttribute("aria-hidden", "true");
    const facts = el("div", "meta", this.steps, clock, this.model, this.origin);
    const does = el("div", "does", this.link, this.cancel.node, this.requested);
    this.node = el("header", "head", this.pill, this.clamp.node, does, facts, this.cancel.say);
  }

  update(head: Head): void {
    const before = this.head;
    this.head = head;
    setText(this.prompt, head.prompt);
    if (before?.prompt !== head.prompt) this.clamp.update(head.prompt.length > LONG_PROMPT);
    setText(this.model, head.model);
    setText(this.origin, head.origin);
    show(this.model, head.model !== "");
    show(this.origin, head.origin !== "");
    if (before?.link?.href !== head.link?.href || before?.link?.label !== head.link?.label)
      fill(this.link, head.link && anchor(head.link.href, "button", words(head.link.label, "span"), " ↗"));
    show(this.link, head.link !== null);
    this.drawSteps(head);
    this.cancel.update({ command: "cancel", label: "Cancel", prompt: "", confirm: "" }, head.run_id);
    this.refresh();
  }

  refresh(): void {
    const head = this.head;
    if (!head) return;
    const known = this.context.session.presence !== "gone" || head.done;
    const tone = known ? head.tone : "neutral";
    this.pill.className = `pill t-${tone}${tone === "running" ? " live" : ""}`;
    // A running run that nobody watches any more is the past.
    setText(this.status, known ? head.status_label : `Last seen: ${head.status_label}`);
    show(this.cancel.node, head.cancel === "available");
    show(this.requested, head.cancel === "requested");
    this.cancel.refresh();
    if (head.cancel !== "available") show(this.cancel.say, false);
  }

  private drawSteps(head: Head): void {
    const { steps_completed: done, steps_max: most } = head;
    show(this.steps, done !== null);
    if (done === null) return;
    const number = el("b", "", count(done));
    const plural = done === 1 && (head.done || most === null) ? " step" : " steps";
    if (head.done || most === null) {
      fill(this.steps, number, plural);
      return;
    }
    const bar = el("span", "meter", el("span"));
    bar.setAttribute("aria-hidden", "true");
    (bar.firstChild as HTMLElement).style.inlineSize = `${Math.min(100, (100 * done) / Math.max(1, most))}%`;
    fill(this.steps, el("span", "", number, ` of at most ${count(most)}${plural}`), bar);
  }
}
