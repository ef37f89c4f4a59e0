import type { View } from "./contract";
import { el, setText } from "./dom";

/** Tells assistive technology about changes of status, new questions and the end; never about ticks. */
export class Announcer {
  readonly node = el("div", "hidden");
  private said = "";

  constructor(view: Pick<View, "head" | "ask">) {
    this.node.setAttribute("role", "status");
    this.node.setAttribute("aria-live", "polite");
    // What is there when the card appears is read with the card.
    this.said = this.sentence(view);
  }

  update(view: Pick<View, "head" | "ask">): void {
    const sentence = this.sentence(view);
    if (sentence === this.said) return;
    this.said = sentence;
    setText(this.node, sentence);
  }

  private sentence({ head, ask }: Pick<View, "head" | "ask">): string {
    const questions = ask?.state === "open" ? ask.questions.map((each) => each.question) : [];
    const parts = [`Run: ${head.status_label}.`];
    if (questions.length)
      parts.push(`${questions.length === 1 ? "A question" : "Questions"}: ${questions.join(" ")}`);
    if (head.done && head.settled) parts.push("All cells are settled.");
    return parts.join(" ");
  }
}
