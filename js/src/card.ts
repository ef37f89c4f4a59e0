import { announcer } from "./announce";
import { SECTIONS, type View } from "./contract";
import { el, type Part } from "./dom";
import style from "./height.css";
import { guardKeys } from "./keys";
import { focused, Lifecycle } from "./lifecycle";
import { notifyToggle } from "./notify";
import { askSection } from "./sections/ask";
import type { Context } from "./sections/context";
import { earlierSection } from "./sections/earlier";
import { headSection } from "./sections/head";
import { noticesSection } from "./sections/notices";
import { outcomeSection } from "./sections/outcome";
import { resultSection } from "./sections/result";
import { tablesSection } from "./sections/tables";
import { type Model, Session } from "./session";
import { SLOTS, section } from "./traits";

/**
 * Draws a view of the run card and returns its clean-up. Views of one model are independent cards of the same state.
 */
export function mount(model: Model, host: HTMLElement): () => void {
  const view: Context["view"] = (name) => section(model, name);
  const session = new Session(model, host, () => lifecycle.refresh());
  const context: Context = { session, view };
  const ask = askSection(context);
  const notify = notifyToggle(view("head").token);
  const all = <T>(part: Part<T>, value: () => T, ...needs: (keyof View)[]) => ({
    node: part.node,
    needs,
    draw: () => part.update(value()),
    refresh: () => part.refresh?.(),
    close: () => part.close?.(),
  });
  const of = <K extends keyof View>(part: Part<View[K]>, name: K) => all(part, () => view(name), name);
  const some = <K extends keyof View>(...names: K[]) =>
    Object.fromEntries(names.map((name) => [name, view(name)])) as unknown as Pick<View, K>;
  // In the order on the card. Each is redrawn when a value that it needs has changed.
  const parts = [
    of(earlierSection(), "earlier"),
    all(headSection(context), () => some("head", "result"), "head", "result"),
    of(resultSection(context), "result"),
    of(noticesSection(context), "notices"),
    all(
      tablesSection(context),
      () => some("tables", "activity", "head", "result", "prose", "ask"),
      "tables",
      "activity",
      "head",
      "result",
      "prose",
      "ask",
    ),
    all(
      outcomeSection(context, notify),
      () => some("head", "activity", "prose", "suggestions"),
      "head",
      "activity",
      "prose",
      "suggestions",
    ),
    of(ask, "ask"),
  ];
  const voice = announcer(({ prompt, announcement, tone, token }) =>
    notify.notify({ title: prompt, body: announcement, tone, runs: [token] }),
  );
  const [before, head, ...others] = parts.map((part) => part.node);
  // What is below the brief shares a room of one height.
  const root = el("article", "origami-card", before, head, el("div", "room", ...others), voice.node);
  // The card's own words are English, whatever the page's direction. Words from outside have their own direction.
  root.dir = "ltr";
  root.tabIndex = -1;
  root.ariaLabel = "Origami run";
  const undo: (() => void)[] = [];

  /** A section that can't be drawn must not break the others. */
  const draw = (name?: keyof View): void => {
    for (const part of parts) {
      if (name && !part.needs.includes(name)) continue;
      try {
        part.draw();
      } catch (error) {
        console.error(`[origami] The section "${part.needs[0]}" could not be drawn.`, error);
      }
    }
  };
  const redraw = (): void => {
    for (const part of parts) part.refresh();
  };
  const lifecycle = new Lifecycle(root, session, redraw, () => !(view("head").done && view("head").settled));

  const follow = (trait: string, name: keyof View): void => {
    const changed = (): void => {
      const had = focused(root);
      session.kernelSpoke(name === "clock" ? view("clock") : null);
      draw(name);
      voice.update(view("head"));
      lifecycle.refresh();
      // If a pressed button disappears, the focus goes to the top of the card, not of the page.
      if (had && !had.checkVisibility()) root.focus();
    };
    model.on(`change:${trait}`, changed);
    undo.push(() => model.off(`change:${trait}`, changed));
  };
  draw();
  for (const name of SECTIONS) follow(name, name);
  for (const slot of SLOTS) follow(slot, "tables");
  voice.update(view("head"));
  undo.push(guardKeys(root, ask.enter), ...parts.map((part) => part.close));
  lifecycle.start(host, style);
  return () => {
    lifecycle.stop();
    for (const each of undo) each();
  };
}
