/** The message above a card without a kernel, and the line that shows the card again in any kernel. */

import { copyLine } from "./buttons";
import type { Form } from "./contract";
import { el, type Part, setText, show } from "./dom";

/** `gone` is the text above `line` without a kernel. */
export interface NoKernel {
  form: Form;
  as_of: string;
  gone: string;
  line: string;
}

/** @param what - What `line` shows. The part's value is null while there is a kernel. */
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
      node.className = `note t-${isSaved ? "neutral" : "attention"}`;
      setText(title, isSaved ? now.as_of : "Kernel stopped");
      setText(why, now.gone);
      line.update(now.line);
    },
  };
}
