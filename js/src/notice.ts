/** Notices of cards and boards: what a person must know or do. */

import { CommandButton, copyLine } from "./buttons";
import type { Head, Notice, Tone } from "./contract";
import { el, linkPlace, type Part, setText, showText, words } from "./dom";
import type { Session } from "./session";

/** A notice, with its button, its line of code and its link. `run` returns what the button is about. */
export function noticePart(session: Session, run: () => string): Part<Notice> {
  const title = words("", "b");
  const text = words("mute");
  const line = copyLine("", "this line");
  const link = linkPlace("act", "button");
  const press = new CommandButton(session);
  const said = el("div", "", title, text, line.node, press.outcome);
  const node = el("div", "", said, el("div", "does", press.node, link.node));
  return {
    node,
    refresh: press.refresh,
    update(value) {
      node.className = `note t-${value.tone}`;
      setText(title, value.title);
      showText(text, value.text);
      line.update(value.code);
      link.update(value.link);
      press.update(value.button && { spec: value.button, run: run() });
    },
  };
}

/** A piece of news without anything but its title. */
export const NOTHING = { text: "", code: "", link: null, button: null };

/**
 * The notice of what has no kernel, with the line that shows it again in any kernel. What is saved was never live on this
 * page: it says when it was saved, and nothing has stopped.
 */
export function goneNotice(
  { form, as_of, gone }: Pick<Head, "form" | "as_of" | "gone">,
  code: string,
): Notice {
  const isSaved = form !== "live";
  const [tone, title]: [Tone, string] = isSaved ? ["neutral", as_of] : ["attention", "Kernel stopped"];
  return { ...NOTHING, key: ":gone", tone, title, text: gone, code };
}
