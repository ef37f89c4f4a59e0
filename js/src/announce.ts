import type { Head } from "./contract";
import { el, type Part, setText } from "./dom";

/**
 * Announces status changes, new questions, stops and the end to assistive technology, but not passing time.
 *
 * @param ended - Called at each announcement of a run that has ended, asks or has failed.
 */
export function announcer(ended: (head: Head) => void): Part<Head> {
  const node = el("div", "hidden");
  node.role = "status";
  node.ariaLive = "polite";
  // What the card shows when it appears is read with the card.
  let announced: string | null = null;
  return {
    node,
    update(head) {
      const { announcement } = head;
      if (announced !== null && announced !== announcement) {
        setText(node, announcement);
        if (head.done) ended(head);
      }
      announced = announcement;
    },
  };
}
