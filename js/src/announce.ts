import type { Head } from "./contract";
import { el, type Part, setText } from "./dom";

/**
 * Announces changes of status, new questions and the end to assistive technology; never ticks.
 *
 * @param ended - Called when a run has ended, asks or failed, or when its last cells are final.
 */
export function announcer(ended: (head: Head) => void): Part<Head> {
  const node = el("div", "hidden");
  node.role = "status";
  node.ariaLive = "polite";
  // What is there when the card appears is read with the card.
  let said: string | null = null;
  return {
    node,
    update(head) {
      const { announcement } = head;
      if (said !== null && said !== announcement) {
        setText(node, announcement);
        if (head.done) ended(head);
      }
      said = announcement;
    },
  };
}
