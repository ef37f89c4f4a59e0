/** The toggle for notifications: a browser notification, and a mark in the page's title, when a run ends, asks or fails. */

import { button, el, on, type Part, setText, show, showText, words } from "./dom";
import { type News, notifyHost } from "./page_settings";
import type { Session } from "./session";
import * as say from "./words";

const MARK = "● ";

/** A toggle button, shown while its value (whether anything can still happen) is true. */
export interface Notify extends Part<boolean> {
  /** Says that the browser refuses. The owner places it. */
  readonly refusal: HTMLElement;
  /** Notifies, if the toggle is on. */
  notify(news: Omit<News, "tag">): void;
}

/** The document whose title the user sees; null in another site's frame, where notifications are refused, too. */
function titled(): Document | null {
  try {
    return top?.document ?? null;
  } catch {
    return null;
  }
}

/** Marks the page's title, unless the user is looking at the page. */
function markTitle(page: Document): void {
  const isSeen = (): boolean => !page.hidden && page.hasFocus();
  if (isSeen() || page.title.startsWith(MARK)) return;
  page.title = MARK + page.title;
  const undo = [
    on(page, "visibilitychange", () => seen()),
    on(page.defaultView ?? window, "focus", () => seen()),
  ];
  const seen = (): void => {
    if (!isSeen()) return;
    for (const each of undo) each();
    // The host may have changed the title since.
    if (page.title.startsWith(MARK)) page.title = page.title.slice(MARK.length);
  };
}

/** A place that announces changes to assistive technology; `say` returns whether a text is news. */
export function voice(): { node: HTMLElement; say(text: string): boolean } {
  const node = el("div", "hidden", { role: "status", ariaLive: "polite" });
  // What a view shows when it appears is read with the view.
  let before: string | null = null;
  return {
    node,
    say(text) {
      const isNews = before !== null && text !== before;
      if (isNews) setText(node, text);
      before = text;
      return isNews;
    },
  };
}

/**
 * Nobody is said what a card in sight shows.
 *
 * @param tag - The browser shows only the newest notification with a tag.
 */
export function notifyToggle(tag: string, session: Session): Notify {
  const press = button(say.NOTIFY, () => void toggle(), "quiet toggle");
  const refusal = words("say");
  const node = el("span", "act notify", press);
  const page = titled();
  const isOn = (): boolean => press.ariaPressed === "true";
  const toggle = async (): Promise<void> => {
    press.ariaPressed = `${!isOn()}`;
    showText(refusal, "");
    // Some browsers grant or refuse without asking.
    const permission = isOn() && (await Notification.requestPermission());
    if (isOn() && permission === "denied") showText(refusal, say.NOTIFY_BLOCKED);
  };
  press.ariaPressed = "false";
  show(refusal, false);
  return {
    node,
    refusal,
    notify({ title, body, tone }) {
      if (!isOn() || !page || (session.visible && page.hasFocus())) return;
      markTitle(page);
      notifyHost({ tag, title, body, tone });
      try {
        if (Notification.permission === "granted") new Notification(title, { body, tag });
      } catch {
        // Phones show notifications only from service workers.
      }
    },
    update(possible) {
      const isThere = possible && page && "Notification" in globalThis;
      show(node, isThere);
      if (!isThere) show(refusal, false);
    },
  };
}
