import { on } from "./dom";
import { NO_KERNEL } from "./page_settings";
import { anyUnderWay, ticking, watching } from "./page_state";
import type { Session } from "./session";
import { inShadowRoot } from "./shadow_root";
import { followTheme } from "./theme";

/** Puts a view on the page and keeps it up to date. It ticks only while it is visible and something can still change. */
export class Lifecycle {
  readonly #root: HTMLElement;
  readonly #session: Session;
  readonly #redraw: () => void;
  readonly #isOpen: () => boolean;
  readonly #undo: (() => void)[] = [];
  /**
   * Null until the browser reports it. Time passes on the view from the start, but nothing is requested before that.
   */
  #inView: boolean | null = null;

  /**
   * @param redraw - Redraws everything that depends on time, clicks and the presence of the kernel.
   * @param isOpen - Whether something can still change.
   */
  constructor(root: HTMLElement, session: Session, redraw: () => void, isOpen: () => boolean) {
    [this.#root, this.#session, this.#redraw, this.#isOpen] = [root, session, redraw, isOpen];
  }

  readonly refresh = (): void => {
    const session = this.#session;
    const isOff = this.#inView === false || document.hidden;
    session.visible = !isOff && this.#inView !== null;
    this.#redraw();
    ticking(this.#tick, !isOff && (this.#isOpen() || session.uncertain || anyUnderWay()));
  };

  /** Shows the view on the page, with only this style sheet. */
  start(host: HTMLElement, style: string): void {
    const [root, session] = [this.#root, this.#session];
    const shadow = inShadowRoot(root, style);
    watching(this.refresh, true);
    const observer = new IntersectionObserver((entries) => {
      this.#inView = entries.some((entry) => entry.isIntersecting);
      this.refresh();
    });
    this.#undo.push(
      () => watching(this.refresh, false),
      // What has settled does not tick, and so would not see that its kernel is gone.
      ...["visibilitychange", NO_KERNEL].map((name) =>
        on(document, name, () => {
          if (!document.hidden) session.hello();
          this.refresh();
        }),
      ),
      () => ticking(this.#tick, false),
      () => session.close(),
      followTheme(root),
      () => shadow.remove(),
      () => observer.disconnect(),
    );
    host.append(shadow);
    session.hello();
    this.refresh();
    observer.observe(root);
  }

  stop(): void {
    for (const each of this.#undo) each();
  }

  readonly #tick = (): void => {
    this.#session.tick();
    this.#redraw();
  };
}

/** The element with the focus in a card or board, even inside a shadow root. */
export function focused(root: HTMLElement): HTMLElement | null {
  const { activeElement: active } = root.getRootNode() as Document | ShadowRoot;
  return active && active !== root && root.contains(active) ? (active as HTMLElement) : null;
}
