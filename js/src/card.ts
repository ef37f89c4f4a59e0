import { Announcer } from "./announce";
import { SECTIONS, type View } from "./contract";
import { el } from "./dom";
import { guardKeys } from "./keys";
import { ActionsSection } from "./sections/actions";
import { ClockSection } from "./sections/clock";
import { HeadSection } from "./sections/head";
import type { Context, Section } from "./sections/section";
import { type Model, Session } from "./session";
import { anyPending, ticking, watching } from "./shared";
import { followTheme } from "./theme";

type Sections = { [K in keyof View]?: Section<View[K]> };

/** One view of the run card. Several views of one model are independent cards on the same state. */
export class Card {
  private readonly root = el("article", "origami-card");
  private readonly session: Session;
  private readonly sections: Sections;
  private readonly announcer: Announcer;
  private readonly undo: (() => void)[] = [];
  private inView = true;

  constructor(
    private readonly model: Model,
    host: HTMLElement,
  ) {
    this.session = new Session(model, host, () => this.refresh());
    const context: Context = { session: this.session, view: (name) => this.view(name) };
    const clock = new ClockSection(context);
    const head = new HeadSection(context, clock.node);
    const actions = new ActionsSection();
    this.sections = { head, clock, actions };
    this.announcer = new Announcer(this.state());
    this.root.append(head.node, actions.node, this.announcer.node);
    for (const name of SECTIONS) this.draw(name);
    this.listen();
    host.append(this.root);
    this.session.hello();
    this.schedule();
  }

  close(): void {
    for (const undo of this.undo) undo();
    ticking(this.tick, false);
    this.session.close();
    for (const section of Object.values(this.sections)) section.close?.();
    this.root.remove();
  }

  private view<K extends keyof View>(name: K): View[K] {
    return this.model.get(name) as View[K];
  }

  private state(): Pick<View, "head" | "ask"> {
    return { head: this.view("head"), ask: this.view("ask") };
  }

  /** A section that can't be drawn must not take the others with it. */
  private draw<K extends keyof View>(name: K): void {
    try {
      (this.sections[name] as Section<View[K]> | undefined)?.update(this.view(name));
    } catch (error) {
      console.error(`[origami] The section "${name}" could not be drawn.`, error);
    }
  }

  private listen(): void {
    for (const name of SECTIONS) {
      const changed = (): void => {
        this.session.word(name === "clock" ? this.view("clock") : null);
        this.draw(name);
        if (name === "head" || name === "ask") this.announcer.update(this.state());
        this.refresh();
      };
      this.model.on(`change:${name}`, changed);
      this.undo.push(() => this.model.off(`change:${name}`, changed));
    }
    const visible = (): void => {
      if (!document.hidden) this.session.hello();
      this.schedule();
    };
    document.addEventListener("visibilitychange", visible);
    watching(this.refresh, true);
    this.undo.push(
      () => document.removeEventListener("visibilitychange", visible),
      () => watching(this.refresh, false),
      guardKeys(this.root, () => {}),
      followTheme(this.root),
    );
    if (typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver((entries) => {
      this.inView = entries.some((entry) => entry.isIntersecting);
      this.schedule();
    });
    observer.observe(this.root);
    this.undo.push(() => observer.disconnect());
  }

  /** Ticks only while somebody can see it and something can still change. */
  private schedule(): void {
    const { done, settled } = this.view("head");
    const on = this.inView && !document.hidden && (!(done && settled) || anyPending());
    ticking(this.tick, on);
    if (on) this.tick();
  }

  private readonly tick = (): void => {
    this.session.tick();
    for (const section of Object.values(this.sections)) section.refresh?.();
  };

  private readonly refresh = (): void => {
    for (const section of Object.values(this.sections)) section.refresh?.();
    this.schedule();
  };
}
