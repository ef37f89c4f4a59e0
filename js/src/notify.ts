/** "Notify me": a notification of the browser, and a mark in the page's title, when a run ends, asks or fails. */

import { button } from "./buttons";
import { el, on, type Part, say, show, words } from "./dom";

export const BLOCKED = "Blocked by the browser. The page's title is marked instead.";
const MARK = "● ";

/** A toggle button. Its value is whether anything can still happen; until then it is shown. */
export interface Notify extends Part<boolean> {
  /** Says that the browser refuses; its owner places it. */
  readonly said: HTMLElement;
  /** Notifies, if the toggle is on. */
  notify(title: string, text: string): void;
}

/** The document whose title a person sees; null in a frame of another site, where notifications are refused, too. */
function titled(): Document | null {
  try {
    return top?.document ?? null;
  } catch {
    return null;
  }
}

/** Marks the title of the page, unless the page is being looked at. */
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
    // The host may have set another title since.
    if (page.title.startsWith(MARK)) page.title = page.title.slice(MARK.length);
  };
}

/** @param tag - Of several notifications with the same tag the browser shows the newest only. */
export function notifyToggle(tag: string): Notify {
  const press = button("Notify me", () => void toggle(), "quiet toggle");
  const said = words("say");
  const node = el("span", "act notify", press);
  const page = titled();
  let isOn = false;
  const toggle = async (): Promise<void> => {
    isOn = !isOn;
    press.ariaPressed = `${isOn}`;
    say(said, "");
    // Some browsers answer for granted or refused without asking.
    const permission = isOn && (await Notification.requestPermission());
    if (isOn && permission === "denied") say(said, BLOCKED);
  };
  press.ariaPressed = "false";
  show(said, false);
  return {
    node,
    said,
    notify(title, body) {
      if (!isOn || !page) return;
      markTitle(page);
      try {
        if (Notification.permission === "granted") new Notification(title, { body, tag });
      } catch {
        // Phones show notifications of service workers only.
      }
    },
    update(possible) {
      const isThere = possible && page && "Notification" in globalThis;
      show(node, isThere);
      if (!isThere) show(said, false);
    },
  };
}
