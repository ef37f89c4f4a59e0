/** The details of a cell: its value, and the agent's confidence, reasoning and sources. */

import { CELL_NOT_FOUND, type OpenCell } from "../contract";
import { anchor, button, el, fill, show, words } from "../dom";
import { filled } from "../format";
import * as say from "../words";

/** A dialog over the lower part of the leads; `closed` is called when its button closes it. */
export function cellDetails(closed: () => void) {
  const node = el("div", "parts", { role: "dialog", hidden: true });
  return {
    node,
    open(lead: string, column: string, { text, href, confidence, parts }: OpenCell): void {
      const close = button(say.CELL_CLOSE, closed, "quiet");
      const result = text ? anchor(href, words("", "bdi", text)) : el("span", "mute", CELL_NOT_FOUND);
      const sure = confidence && el("span", "mute", ` · ${filled(say.CELL_CONFIDENCE, confidence)}`);
      const list = parts.flatMap(([label, text, href]) => [
        el("dt", "", label),
        el("dd", "", anchor(href, words("", "bdi", text))),
      ]);
      const title = el("b", "", words("", "bdi", lead), ` · ${column}`);
      fill(node, el("div", "row", title, close), el("p", "", result, sure), el("dl", "", ...list));
      node.ariaLabel = filled(say.CELL_DETAILS, column);
      show(node, true);
      node.scrollTop = 0;
      close.focus({ preventScroll: true });
    },
    /** Closes the dialog; returns whether it was open. */
    shut(): boolean {
      const was = !node.hidden;
      show(node, false);
      return was;
    },
  };
}
