import { on } from "./dom";
import { anyUnderWay, ticking, watching } from "./page_state";
import type { Session } from "./session";
import { isolated } from "./shadow_root";
import { followTheme } from "./theme";

/** Keeps a view up to date. */
export interface Life {
  /** Redraws everything that depends on time, clicks and the presence of the kernel. */
  refresh(): void;
  /** Shows the view on the page, with only this style sheet. */
  begin(host: HTMLElement, style: string): void;
  ended(): void;
}

/** Ticks only while the view is visible and something can still change (`open`). */
export function life(root: HTMLElement, session: Session, redraw: () => void, open: () => boolean): Life {
  const undo: (() => void)[] = [];
  /**
   * Null until the browser reports it. Time passes on the view from the start, but nothing is requested before that.
   */
  let inView: boolean | null = null;
  const tick = (): void => {
    session.tick();
    redraw();
  };
  const refresh = (): void => {
    const isOff = inView === false || document.hidden;
    session.visible = !isOff && inView !== null;
    redraw();
    ticking(tick, !isOff && (open() || session.uncertain || anyUnderWay()));
  };
  const visible = (): void => {
    if (!document.hidden) session.hello();
    refresh();
  };
  return {
    refresh,
    begin(host, style) {
      const shell = isolated(root, style);
      watching(refresh, true);
      undo.push(
        () => watching(refresh, false),
        on(document, "visibilitychange", visible),
        () => ticking(tick, false),
        () => session.close(),
        followTheme(root),
        () => shell.remove(),
      );
      const observer = new IntersectionObserver((entries) => {
        inView = entries.some((entry) => entry.isIntersecting);
        refresh();
      });
      undo.push(() => observer.disconnect());
      host.append(shell);
      session.hello();
      refresh();
      observer.observe(root);
    },
    ended() {
      for (const each of undo) each();
    },
  };
}

/** The element with the focus in a card or board, even inside a shadow root. */
export function focused(root: HTMLElement): HTMLElement | null {
  const { activeElement: active } = root.getRootNode() as Document | ShadowRoot;
  return active && active !== root && root.contains(active) ? (active as HTMLElement) : null;
}
