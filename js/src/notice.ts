/** Notices of cards and boards: what a person must know or do, and what to do without a kernel. */

import { CommandButton, copyLine } from "./buttons";
import type { Form, Notice } from "./contract";
import { el, linkPlace, type Part, setText, show, showText, words } from "./dom";
import type { Session } from "./session";

/**
 * A notice, with its button and link.
 *
 * @param run - Returns what the button is about.
 * @param isShown - Whether the notice with a key is shown now.
 */
export function noticePart(
  session: Session,
  run: () => string,
  isShown: (key: string) => boolean = () => true,
): Part<Notice> {
  const title = words("", "b");
  const text = words("mute");
  const code = words("", "code");
  const link = linkPlace("act", "button");
  const press = new CommandButton(session);
  const said = el("div", "", title, text, code, press.outcome);
  const node = el("div", "", said, el("div", "does", press.node, link.node));
  let key = "";
  const refresh = (): void => {
    show(node, isShown(key));
    press.refresh();
  };
  return {
    node,
    refresh,
    update(value) {
      key = value.key;
      node.className = `note t-${value.tone}`;
      setText(title, value.title);
      showText(text, value.text);
      showText(code, value.code);
      link.update(value.link);
      press.update(value.button && { spec: value.button, run: run() });
      refresh();
    },
  };
}

/** `gone` is the text above `line` without a kernel. */
export interface NoKernel {
  form: Form;
  as_of: string;
  gone: string;
  line: string;
}

/**
 * The message above a card without a kernel, and the line that shows the card again in any kernel.
 *
 * @param what - What `line` shows. The part's value is null while there is a kernel.
 */
export function noKernelNotice(what: string): Part<NoKernel | null> {
  const title = el("b");
  const why = el("span", "mute");
  const line = copyLine("", `the line that shows ${what} again`);
  const node = el("div", "", el("div", "", title, why, line.node));
  return {
    node,
    close: () => line.close?.(),
    update(now) {
      show(node, now);
      if (!now) return;
      // A saved card was never live on this page: it says when it was saved, and nothing has stopped.
      const isSaved = now.form !== "live";
      node.className = `note ${isSaved ? "saved t-neutral" : "t-attention"}`;
      setText(title, isSaved ? now.as_of : "Kernel stopped");
      setText(why, now.gone);
      line.update(now.line);
    },
  };
}
