/** What the views of cards, boards and grids have in common: a shadow root, a session, a theme, and the page's clock. */

import type { ClockView } from "./contract";
import { el, on } from "./dom";
import { guardKeys } from "./keys";
import type { Model } from "./model";
import { NO_KERNEL } from "./page_settings";
import { anyUnderWay, COMMANDS, ticking } from "./page_state";
import { Session } from "./session";

/**
 * What a card inherits from the page: its theme, and whether it can be seen and clicked. Nothing else reaches the card,
 * so that the host's styles for text and tables do not change it.
 */
const INHERITED =
  ":host{all:initial;display:block;color-scheme:inherit;visibility:inherit;pointer-events:inherit}";

/** How a view is drawn. */
export interface Look {
  /** Its only style sheet. */
  style: string;
  /** The traits that it shows. */
  traits: readonly string[];
  /** Draws all that depends on them, on time, on clicks and on the presence of the kernel. */
  draw(): void;
  /** Whether something can still change. */
  isOpen(): boolean;
  /** Called for Enter in a text field. */
  enter?(field: HTMLElement): void;
}

/** Puts a view on the page and keeps it up to date. It ticks only while it is visible and something can still change. */
export class Lifecycle {
  readonly session: Session;
  readonly root: HTMLElement;
  readonly #model: Model;
  readonly #host: HTMLElement;
  #look: Look | undefined;
  readonly #undo: (() => void)[] = [];
  /**
   * Null until the browser reports it. Time passes on the view from the start, but nothing is requested before that.
   */
  #inView: boolean | null = null;
  #isPlanned = false;
  /** The clock of the message that is to be drawn, if it has one. */
  #clock: ClockView | null = null;

  /** @param label - The name of the view, for assistive technology. */
  constructor(model: Model, host: HTMLElement, label: string, cls = "") {
    [this.#model, this.#host] = [model, host];
    this.session = new Session(model, host, () => this.refresh());
    // The card's own words are English, whatever the page's direction. Words from outside have their own direction.
    this.root = el("article", `origami-card${cls}`, { dir: "ltr", tabIndex: -1, ariaLabel: label });
  }

  readonly refresh = (): void => {
    const session = this.session;
    const isOff = this.#inView === false || document.hidden;
    session.visible = !isOff && this.#inView !== null;
    this.#look?.draw();
    ticking(this.#tick, !isOff && (this.#look?.isOpen() || session.uncertain || anyUnderWay()));
  };

  /** Shows the view on the page. */
  start(look: Look): void {
    const { root, session } = this;
    const shadow = el("div", "origami-widget");
    shadow.attachShadow({ mode: "open" }).append(el("style", "", INHERITED + look.style), root);
    this.#look = look;
    const observer = new IntersectionObserver((entries) => {
      this.#inView = entries.some((entry) => entry.isIntersecting);
      this.refresh();
    });
    for (const trait of look.traits) {
      const changed = (): void => this.#plan(trait);
      this.#model.on(`change:${trait}`, changed);
      this.#undo.push(() => this.#model.off(`change:${trait}`, changed));
    }
    this.#undo.push(
      on(document, COMMANDS, this.refresh),
      // What has settled does not tick, and so would not see that its kernel is gone.
      ...["visibilitychange", NO_KERNEL].map((name) =>
        on(document, name, () => {
          if (!document.hidden) session.hello();
          this.refresh();
        }),
      ),
      () => ticking(this.#tick, false),
      () => session.close(),
      guardKeys(root, (field) => look.enter?.(field)),
      followTheme(root),
      () => shadow.remove(),
      () => observer.disconnect(),
    );
    this.#host.append(shadow);
    session.hello();
    this.refresh();
    observer.observe(root);
  }

  stop(): void {
    for (const each of this.#undo.splice(0)) each();
  }

  /** The traits of a message come one by one, but are drawn together. */
  #plan(trait: string): void {
    if (trait === "clock") this.#clock = this.#model.get("clock") as ClockView | null;
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      // Not if it was closed meanwhile.
      if (this.#undo.length) this.#drawNews();
    });
  }

  /** The focus stays where it is, also in what moves; if a pressed button disappears, it goes to the top of the view. */
  #drawNews(): void {
    const had = focused(this.root);
    this.session.kernelSpoke(this.#clock);
    this.#clock = null;
    this.refresh();
    const isSeen = had?.checkVisibility();
    if (had && !(isSeen && focused(this.root))) (isSeen ? had : this.root).focus();
  }

  readonly #tick = (): void => {
    this.session.tick();
    this.#look?.draw();
  };
}

/**
 * JupyterLab, Notebook and marimo set `color-scheme` themselves, and `light-dark()` follows it. Other hosts only set a
 * class or attribute of the page. It is copied to the card's root as `data-scheme`, because a selector cannot look
 * above the card, which may be in a shadow root.
 */
function followTheme(root: HTMLElement): () => void {
  const { body, documentElement: page } = document;
  const follow = (): void => {
    const { jpThemeLight, vscodeThemeKind } = body.dataset;
    const themes = `${body.className} ${page.className} ${vscodeThemeKind} lab-${jpThemeLight}`;
    // Light first: VS Code's light high contrast theme also has the class of the dark one.
    if (/\b(vscode-(high-contrast-)?light|lab-true)\b/.test(themes)) root.dataset.scheme = "light";
    else if (/\b(dark|vscode-high-contrast|lab-false)\b/.test(themes)) root.dataset.scheme = "dark";
    else delete root.dataset.scheme;
  };
  follow();
  const watch = new MutationObserver(follow);
  for (const node of [body, page]) watch.observe(node, { attributes: true });
  return () => watch.disconnect();
}

/** The element with the focus in a card or board, even inside a shadow root. */
export function focused(root: HTMLElement): HTMLElement | null {
  const { activeElement: active } = root.getRootNode() as Document | ShadowRoot;
  return active && active !== root && root.contains(active) ? (active as HTMLElement) : null;
}
