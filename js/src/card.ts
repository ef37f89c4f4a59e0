import style from "./card.css";
import { type Head, SECTIONS, type View } from "./contract";
import { el } from "./dom";
import { Lifecycle } from "./lifecycle";
import type { Model } from "./model";
import { type Notify, notifyToggle, voice } from "./notify";
import { askSection } from "./sections/ask";
import { headSection } from "./sections/head";
import { NewsSection } from "./sections/news";
import { resultSection } from "./sections/result";
import { TablesSection } from "./sections/tables";
import type { Context } from "./session";
import { widget } from "./snapshot";

/** A section of the card, which draws what the newest view says. */
interface Section {
  node: HTMLElement;
  refresh(): void;
  close?(): void;
}

/** A view of the run card. Views of one model are independent cards of the same state. */
class Card {
  readonly #model: Model;
  readonly #lifecycle: Lifecycle;
  readonly #notify: Notify;
  readonly #sections: Record<string, Section>;
  readonly #voice = voice();
  /** The run that was notified of. */
  #told = "";

  constructor(model: Model, host: HTMLElement) {
    this.#model = model;
    this.#lifecycle = new Lifecycle(model, host, "Origami run");
    const { root, session } = this.#lifecycle;
    const context: Context = { session, view: (name) => this.#view(name) };
    this.#notify = notifyToggle(this.#view("head").token, session);
    const ask = askSection(context);
    const tables = new TablesSection(context, ask);
    const news = new NewsSection(context, tables);
    const head = headSection(context, this.#notify, news.outcomes, tables.columnsMenu);
    const result = resultSection(context);
    this.#sections = { head, result, ask, tables, news };
    // The only place for news.
    const foot = el("footer", "foot row", ask.foot, tables.foot, news.node);
    root.append(head.node, result.node, tables.node, foot, this.#voice.node);
    this.#lifecycle.start({
      style,
      traits: SECTIONS,
      draw: () => this.#draw(),
      isOpen: () => !(this.#view("head").done && this.#view("head").settled),
      enter: ask.enter,
    });
  }

  readonly close = (): void => {
    this.#lifecycle.stop();
    for (const each of Object.values(this.#sections)) each.close?.();
  };

  #view<K extends keyof View>(name: K): View[K] {
    return this.#model.get(name) as View[K];
  }

  /** A run that went well is said of once its result is final; whatever else ends it, at once. */
  #notifyOf({ prompt, announcement, summary, settled, tone, token }: Head): void {
    const isGood = tone === "good";
    if ((isGood && !settled) || token === this.#told) return;
    this.#told = token;
    const body = (isGood && summary) || announcement;
    this.#notify.notify({ title: prompt, body, tone });
  }

  /** A section that can't be drawn must not break the others. */
  #draw(): void {
    for (const [name, section] of Object.entries(this.#sections))
      try {
        section.refresh();
      } catch (error) {
        console.error(`[origami] The section "${name}" could not be drawn.`, error);
      }
    const head = this.#view("head");
    // Not passing time, but changes of status, new questions, stops and the end.
    if (this.#voice.say(head.announcement) && head.done) this.#notifyOf(head);
  }
}

/** Draws a view of the run card and returns its clean-up. */
export const mount = (model: Model, host: HTMLElement): (() => void) => new Card(model, host).close;

export default widget(mount);
