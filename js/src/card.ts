import { announcer } from "./announce";
import { SECTIONS, type View } from "./contract";
import { el, on, type Part } from "./dom";
import { guardKeys } from "./keys";
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
import { anyUnderWay, ticking, watching } from "./shared";
import { SLOTS, section } from "./slots";
import { followTheme } from "./theme";

type Sections = { [K in keyof View]: Part<View[K]> };

/** What has the focus within the card, also where the card stands in a shadow root. */
function focused(root: HTMLElement): Element | null {
  const { activeElement: active } = root.getRootNode() as Document | ShadowRoot;
  return active && active !== root && root.contains(active) ? active : null;
}

/** Draws one view of the run card and returns its clean-up. Views of one model are independent cards on one state. */
export function mount(model: Model, host: HTMLElement): () => void {
  const view: Context["view"] = (name) => section(model, name);
  const session = new Session(model, host, () => refresh());
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
  let inView = true;

  /** A section that can't be drawn must not take the others with it. */
  const draw = <K extends keyof View>(name: K): void => {
    try {
      (sections[name] as Part<View[K]>).update(view(name));
    } catch (error) {
      console.error(`[origami] The section "${name}" could not be drawn.`, error);
    }
  };
  const tell = (): void => voice.update({ head: view("head"), ask: view("ask") });
  const redraw = (): void => {
    for (const part of parts) part.refresh?.();
  };
  const tick = (): void => {
    session.tick();
    redraw();
  };
  /** Ticks only while somebody can see it and something can still change. */
  const schedule = (): void => {
    const { done, settled } = view("head");
    ticking(tick, inView && !document.hidden && (!(done && settled) || session.doubt || anyUnderWay()));
  };
  const refresh = (): void => {
    redraw();
    schedule();
  };
  const visible = (): void => {
    if (!document.hidden) session.hello();
    refresh();
  };

  const follow = (trait: string, name: keyof View): void => {
    const changed = (): void => {
      const had = focused(root);
      session.word(name === "clock" ? view("clock") : null);
      draw(name);
      tell();
      refresh();
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
  tell();
  watching(refresh, true);
  undo.push(
    () => watching(refresh, false),
    on(document, "visibilitychange", visible),
    () => ticking(tick, false),
    () => session.close(),
    guardKeys(root, ask.enter),
    followTheme(root),
    ...parts.map((part) => () => part.close?.()),
    () => root.remove(),
  );
  if (typeof IntersectionObserver !== "undefined") {
    const observer = new IntersectionObserver((entries) => {
      inView = entries.some((entry) => entry.isIntersecting);
      refresh();
    });
    observer.observe(root);
    undo.push(() => observer.disconnect());
  }
  host.append(root);
  session.hello();
  schedule();
  return () => {
    for (const each of undo) each();
  };
}
