import { announcer } from "./announce";
import style from "./card.css";
import { SECTIONS, type View } from "./contract";
import { el, type Part } from "./dom";
import { guardKeys } from "./keys";
import { focused, life } from "./life";
import { actionsSection } from "./sections/actions";
import { askSection } from "./sections/ask";
import { clockSection } from "./sections/clock";
import { earlierSection } from "./sections/earlier";
import { footSection } from "./sections/foot";
import { headSection } from "./sections/head";
import { noticesSection } from "./sections/notices";
import { proseSection } from "./sections/prose";
import type { Context } from "./sections/section";
import { suggestionsSection } from "./sections/suggestions";
import { tablesSection } from "./sections/tables";
import { type Model, Session } from "./session";
import { SLOTS, section } from "./slots";

type Sections = { [K in keyof View]: Part<View[K]> };

/** Draws one view of the run card and returns its clean-up. Views of one model are independent cards on one state. */
export function mount(model: Model, host: HTMLElement): () => void {
  const view: Context["view"] = (name) => section(model, name);
  const session = new Session(model, host, () => alive.refresh());
  const context: Context = { session, view };
  const clock = clockSection(context);
  const ask = askSection(context);
  const sections: Sections = {
    earlier: earlierSection(),
    head: headSection(context, clock.node),
    notices: noticesSection(context),
    ask,
    tables: tablesSection(context),
    prose: proseSection(),
    actions: actionsSection(context),
    suggestions: suggestionsSection(context),
    foot: footSection(),
    clock,
  };
  const parts = Object.values(sections);
  const voice = announcer();
  const root = el(
    "article",
    "origami-card",
    ...parts.filter((part) => part !== clock).map((part) => part.node),
    voice.node,
  );
  // The card's own words are English, whatever the page's direction; words from outside have their own.
  root.dir = "ltr";
  root.tabIndex = -1;
  root.ariaLabel = "Origami run";
  const undo: (() => void)[] = [];

  /** A section that can't be drawn must not take the others with it. */
  const draw = <K extends keyof View>(name: K): void => {
    try {
      (sections[name] as Part<View[K]>).update(view(name));
    } catch (error) {
      console.error(`[origami] The section "${name}" could not be drawn.`, error);
    }
  };
  const announce = (): void => voice.update({ head: view("head"), ask: view("ask") });
  const redraw = (): void => {
    for (const part of parts) part.refresh?.();
  };
  const alive = life(root, session, redraw, () => !(view("head").done && view("head").settled));

  const follow = (trait: string, name: keyof View): void => {
    const changed = (): void => {
      const had = focused(root);
      session.kernelSpoke(name === "clock" ? view("clock") : null);
      draw(name);
      announce();
      alive.refresh();
      // Who pressed a button that went away goes on from the top of the card, not of the page.
      if (had && !had.checkVisibility()) root.focus();
    };
    model.on(`change:${trait}`, changed);
    undo.push(() => model.off(`change:${trait}`, changed));
  };
  for (const name of SECTIONS) {
    draw(name);
    follow(name, name);
  }
  for (const slot of SLOTS) follow(slot, "tables");
  announce();
  undo.push(guardKeys(root, ask.enter), ...parts.map((part) => () => part.close?.()));
  alive.begin(host, style);
  return () => {
    alive.ended();
    for (const each of undo) each();
  };
}
