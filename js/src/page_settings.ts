/**
 * Communication between a host's extension and the cards of its page. They are separate modules, so it goes through the
 * page: a notebook without a kernel has a class, and notifications are events of the document.
 */

import type { Tone } from "./contract";
import { on } from "./dom";

/** Class of a notebook that has no kernel, and the event of the document when one gets or loses it. */
export const NO_KERNEL = "origami-no-kernel";
const EVENT = "origami-notify";

/** Of several notifications with the same tag, the newest counts. */
export interface News {
  tag: string;
  title: string;
  body: string;
  tone: Tone;
}

/** Notifies the host's extension, if there is one. */
export const notifyHost = (news: News): void =>
  void document.dispatchEvent(new CustomEvent(EVENT, { detail: news }));

/** Calls a function for each notification from cards of this page; returns a function that ends this. */
export const onNotified = (react: (news: News) => void): (() => void) =>
  on(document, EVENT, (event) => react((event as CustomEvent<News>).detail));
