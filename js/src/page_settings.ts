/**
 * What a host's extension and the cards of its page tell each other. They are separate modules, so it goes by the page: settings
 * stand at its root, where they reach into every shadow root; news are events of the document.
 */

import { on } from "./dom";

/** In the root's dataset: whether cards notify unless a person switches it off. */
export const NOTIFIES = "origamiNotify";
/** A property of the root's style: the rows that the body of a card shows without scrolling (card.css). */
export const ROWS = "--origami-rows";
const EVENT = "origami-notify";

/** Of several notifications with the same tag, the newest counts. */
export interface News {
  tag: string;
  title: string;
  body: string;
}

export const notifiesByDefault = (): boolean => document.documentElement.dataset[NOTIFIES] === "true";

/** Tells the host's extension, where there is one. */
export const tellHost = (news: News): void =>
  void document.dispatchEvent(new CustomEvent(EVENT, { detail: news }));

/** Calls back on what cards of this page notify of; returns what ends that. */
export const onNotified = (react: (news: News) => void): (() => void) =>
  on(document, EVENT, (event) => react((event as CustomEvent<News>).detail));
