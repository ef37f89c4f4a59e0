import style from "./card.css";
import { type Head, SECTIONS, type View } from "./contract";
import { el, type Part } from "./dom";
import { Lifecycle } from "./lifecycle";
import type { Model } from "./model";
import { type Notify, notifyToggle, voice } from "./notify";
import { askSection } from "./sections/ask";
import { headSection } from "./sections/head";
import { NewsSection } from "./sections/news";
import { resultSection } from "./sections/result";
import { TablesSection } from "./sections/tables";
import type { Context } from "./session";

/** A section of the card. It is redrawn when a value that it needs has changed. */
interface Section {
  part: Part<never>;
  needs: (keyof View)[];
  draw(): void;
}

/** A view of the run card. Views of one model are independent cards of the same state. */
class Card {
  readonly #model: Model;
  readonly #lifecycle: Lifecycle;
  readonly #notify: Notify;
  readonly #sections: Section[];
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
    const tables = new TablesSection(context, ask.node);
    const news = new NewsSection(context, tables.showFailed);
    const head = headSection(context, this.#notify, news.outcomes);
    const result = resultSection(context);
    this.#sections = [
      this.#section(head, "head", "earlier"),
      this.#section(result, "result"),
      this.#section(ask, "ask"),
      this.#section(tables, "tables", "head", "prose", "ask"),
      this.#section(news, "head", "result", "notices", "now", "prose", "suggestions", "tables"),
    ];
    // The only place for news.
    const foot = el("footer", "foot row", tables.foot, news.node);
    root.append(head.node, result.node, tables.node, foot, this.#voice.node);
    this.#draw();
    this.#voice.say(this.#view("head").announcement);
    this.#lifecycle.start({
      style,
      traits: SECTIONS,
      changed: (name) => this.#changed(name as keyof View),
      redraw: () => {
        for (const { part } of this.#sections) part.refresh?.();
      },
      isOpen: () => !(this.#view("head").done && this.#view("head").settled),
      enter: ask.enter,
    });
  }

  readonly close = (): void => {
    this.#lifecycle.stop();
    for (const { part } of this.#sections) part.close?.();
  };

  #view<K extends keyof View>(name: K): View[K] {
    return this.#model.get(name) as View[K];
  }

  #section<K extends keyof View>(part: Part<Pick<View, K>>, ...needs: K[]): Section {
    const view = (): [K, unknown][] => needs.map((name) => [name, this.#view(name)]);
    return { part, needs, draw: () => part.update(Object.fromEntries(view()) as unknown as View) };
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
  #draw(name?: keyof View): void {
    for (const { needs, draw } of this.#sections) {
      if (name && !needs.includes(name)) continue;
      try {
        draw();
      } catch (error) {
        console.error(`[origami] The section "${needs[0]}" could not be drawn.`, error);
      }
    }
  }

  #changed(name: keyof View): void {
    this.#lifecycle.drawing(() => {
      this.#lifecycle.session.kernelSpoke(name === "clock" ? this.#view("clock") : null);
      this.#draw(name);
      const head = this.#view("head");
      // Not passing time, but changes of status, new questions, stops and the end.
      if (this.#voice.say(head.announcement) && head.done) this.#notifyOf(head);
    });
  }
}

/** Draws a view of the run card and returns its clean-up. */
export const mount = (model: Model, host: HTMLElement): (() => void) => new Card(model, host).close;
