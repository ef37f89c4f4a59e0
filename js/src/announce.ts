import type { Head } from "./contract";
import { el, type Part, setText } from "./dom";

/** Tells assistive technology about changes of status, new questions and the end; never about ticks. */
export function announcer(): Part<Head> {
  const node = el("div", "hidden");
  node.role = "status";
  node.ariaLive = "polite";
  // What is there when the card appears is read with the card.
  let said: string | null = null;
  return {
    node,
    update({ announcement }) {
      if (said !== null && said !== announcement) setText(node, announcement);
      said = announcement;
    },
  };
}
