import type { View } from "./contract";
import { el, type Part, setText } from "./dom";
import { plural } from "./format";

type Announced = Pick<View, "head" | "ask">;

function sentence({ head, ask }: Announced): string {
  const questions = ask?.state === "open" ? ask.questions : [];
  return [
    `Run: ${head.status_label}.`,
    questions.length ? `${plural(questions.length, "question")}:` : "",
    ...questions.map((each) => each.question),
    head.done && head.settled ? "All cells are settled." : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Announces to assistive technology changes of status, new questions and the end; never about ticks. */
export function announcer(): Part<Announced> {
  const node = el("div", "hidden");
  node.role = "status";
  node.ariaLive = "polite";
  // What is there when the card appears is read with the card.
  let said: string | null = null;
  return {
    node,
    update(value) {
      const next = sentence(value);
      if (said !== null && said !== next) setText(node, next);
      said = next;
    },
  };
}
