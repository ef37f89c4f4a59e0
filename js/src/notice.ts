/** Notices of cards and boards: what a person must know or do. */

import { html, render } from "lit-html";
import { CommandButton, copyLine } from "./buttons";
import type { Head, Notice, Tone } from "./contract";
import { el, keyedList, type Part } from "./dom";
import type { Session } from "./session";
import { linkTo } from "./templates";

/** Notices, each with its button, its line of code and its link. `run` returns what their buttons are about. */
export const noticeList = (session: Session, run: () => string): Part<readonly Notice[]> =>
  keyedList(el("div"), () => noticePart(session, run), "key");

function noticePart(session: Session, run: () => string): Part<Notice> {
  const node = el("div");
  const line = copyLine("", "this line");
  const press = new CommandButton(session);
  return {
    node,
    update({ tone, title, text, code, link, button }) {
      node.className = `note t-${tone}`;
      line.update(code);
      press.update(button && { spec: button, run: run() });
      const more = text && html`<span class="mute" dir="auto">${text}</span>`;
      render(
        html`<div><b dir="auto">${title}</b>${more}${line.node}${press.outcome}</div>
          <div class="does">${press.node}${linkTo(link, "button")}</div>`,
        node,
      );
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
