import { announcer } from "./announce";
import style from "./card.css";
import { type Head, SECTIONS, type View } from "./contract";
import { el, type Part } from "./dom";
import { guardKeys } from "./keys";
import { focused, Lifecycle } from "./lifecycle";
import type { Model } from "./model";
import { type Notify, notifyToggle } from "./notify";
import { type AskSection, askSection } from "./sections/ask";
import type { Context } from "./sections/context";
import { HeadSection } from "./sections/head";
import { NewsSection } from "./sections/news";
import { resultSection } from "./sections/result";
import { TablesSection } from "./sections/tables";
import { Session } from "./session";

/** A section of the card. It is redrawn when a value that it needs has changed. */
interface Section {
  part: Part<never>;
  needs: (keyof View)[];
  draw(): void;
}

/** A view of the run card. Views of one model are independent cards of the same state. */
class Card {
  readonly #model: Model;
  readonly #session: Session;
  readonly #lifecycle: Lifecycle;
  readonly #notify: Notify;
  readonly #ask: AskSection;
  /** In the order on the card. */
  readonly #sections: Section[];
  readonly #voice = announcer((head) => this.#notifyOf(head));
  /** The only place for news. */
  readonly #foot = el("footer", "foot");
  readonly #root: HTMLElement;
  readonly #undo: (() => void)[] = [];

  constructor(model: Model, host: HTMLElement) {
    this.#model = model;
    this.#session = new Session(model, host, () => this.#lifecycle.refresh());
    const context: Context = { session: this.#session, view: (name) => this.#view(name) };
    this.#ask = askSection(context);
    this.#notify = notifyToggle(this.#view("head").token, this.#session);
    this.#sections = this.#makeSections(context);
    this.#root = this.#layOut();
    const isOpen = (): boolean => !(this.#view("head").done && this.#view("head").settled);
    this.#lifecycle = new Lifecycle(this.#root, this.#session, () => this.#refresh(), isOpen);
    this.#draw();
    for (const name of SECTIONS) this.#follow(name);
    this.#voice.update(this.#view("head"));
    this.#undo.push(guardKeys(this.#root, this.#ask.enter));
    this.#lifecycle.start(host, style);
  }

  close(): void {
    this.#lifecycle.stop();
    for (const each of this.#undo) each();
    for (const { part } of this.#sections) part.close?.();
  }

  #view<K extends keyof View>(name: K): View[K] {
    return this.#model.get(name) as View[K];
  }

  #makeSections(context: Context): Section[] {
    const of = <K extends keyof View>(part: Part<View[K]>, name: K): Section => ({
      part,
      needs: [name],
      draw: () => part.update(this.#view(name)),
    });
    const some = <K extends keyof View>(part: Part<Pick<View, K>>, ...needs: K[]): Section => ({
      part,
      needs,
      draw: () =>
        part.update(Object.fromEntries(needs.map((name) => [name, this.#view(name)])) as unknown as View),
    });
    const tables = new TablesSection(context, this.#ask.node);
    const news = new NewsSection(context, tables.showFailed);
    this.#foot.append(tables.foot, news.node);
    return [
      some(new HeadSection(context, this.#notify, news.outcomes), "head", "earlier"),
      of(resultSection(context), "result"),
      of(this.#ask, "ask"),
      some(tables, "tables", "head", "prose", "ask"),
      some(news, "head", "result", "notices", "now", "prose", "suggestions", "tables"),
    ];
  }

  #layOut(): HTMLElement {
    const [head, result, , tables] = this.#sections.map(({ part }) => part.node);
    const root = el("article", "origami-card", head, result, tables, this.#foot, this.#voice.node);
    // The card's own words are English, whatever the page's direction. Words from outside have their own direction.
    root.dir = "ltr";
    root.tabIndex = -1;
    root.ariaLabel = "Origami run";
    return root;
  }

  /** A run that went well is said of once its result is final; whatever else ends it, at once. */
  #notifyOf({ prompt, announcement, summary, settled, tone, token }: Head): void {
    const isGood = tone === "good";
    if (isGood && !settled) return;
    const body = (isGood && summary) || announcement;
    this.#notify.notify({ title: prompt, body, tone, runs: [token] });
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

  #refresh(): void {
    for (const { part } of this.#sections) part.refresh?.();
  }

  /** Redraws what needs a section when it changes. */
  #follow(name: keyof View): void {
    const changed = (): void => {
      const had = focused(this.#root);
      this.#session.kernelSpoke(name === "clock" ? this.#view("clock") : null);
      this.#draw(name);
      this.#voice.update(this.#view("head"));
      this.#lifecycle.refresh();
      // If a pressed button disappears, the focus goes to the top of the card, not of the page.
      if (had && !had.checkVisibility()) this.#root.focus();
    };
    this.#model.on(`change:${name}`, changed);
    this.#undo.push(() => this.#model.off(`change:${name}`, changed));
  }
}

/** Draws a view of the run card and returns its clean-up. */
export function mount(model: Model, host: HTMLElement): () => void {
  const card = new Card(model, host);
  return () => card.close();
}
