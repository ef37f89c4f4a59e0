/** Panels that a button opens over whatever is there, in the browser's top layer, where nothing cuts them. */

import { button, el, on, show, uid } from "./dom";
import { onKey } from "./keys";

/** Pixels between a panel and its button, or the edge of the window. */
const GAP = 4;

/**
 * A panel. Its place is behind its button, so that Tab goes on into it.
 *
 * @param toggled - Called before the panel opens, and after it was shut.
 */
export function popover(press: HTMLElement, cls: string, toggled: (isOpen: boolean) => void) {
  const panel = el("div", `menu ${cls}`, { id: uid(), popover: "manual", hidden: true });
  let undo: (() => void)[] = [];
  let by = press;
  /** `from` is what it opens at, if that is not its button. */
  const open = (from = press): void => {
    by = from;
    toggled(true);
    show(panel, true);
    panel.showPopover?.();
    place(panel, from);
    // A panel whose view is gone shuts as any other, at the next click.
    const leave = (event: Event): void => {
      if (!event.composedPath().some((at) => at === panel || at === from)) shut();
    };
    const { top } = from.getBoundingClientRect();
    // It goes sideways with its button, as chips do, and doesn't outlive its line.
    const follow = (event: Event): void =>
      from.getBoundingClientRect().top === top ? place(panel, from) : leave(event);
    undo = [
      on(window, "scroll", follow, true),
      on(window, "pointerdown", leave, true),
      on(window, "focusin", leave, true),
    ];
  };
  const shut = (focus = false): void => {
    if (panel.hidden) return;
    for (const each of undo) each();
    undo = [];
    panel.hidePopover?.();
    show(panel, false);
    toggled(false);
    if (focus) by.focus();
  };
  for (const node of [press, panel])
    onKey(node, (key, event) => {
      if (panel.hidden || key !== "Escape") return;
      // A panel around it stays open.
      event.stopPropagation();
      shut(true);
    });
  return { panel, open, shut };
}

/**
 * A button with its panel.
 *
 * @param opens - Called before the panel opens.
 */
export function menu(label: string, cls = "", opens: () => void = () => {}) {
  const press = button(label, () => (panel.hidden ? open() : shut()), cls);
  const { panel, open, shut } = popover(press, "", (isOpen) => {
    if (isOpen) opens();
    press.ariaExpanded = `${isOpen}`;
  });
  press.setAttribute("aria-controls", panel.id);
  press.ariaExpanded = "false";
  return { press, panel, open, shut };
}

/** Puts a panel below its button, or above it where there is more room, within the window. */
function place(panel: HTMLElement, press: HTMLElement): void {
  const { left, right, top, bottom } = press.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const isBelow = bottom + GAP + height <= innerHeight || top < innerHeight - bottom;
  const room = (isBelow ? innerHeight - bottom : top) - 2 * GAP;
  const start = left + width + GAP <= innerWidth ? left : right - width;
  panel.style.maxHeight = `${room}px`;
  panel.style.left = `${Math.max(GAP, Math.min(start, innerWidth - width - GAP))}px`;
  panel.style.top = `${isBelow ? bottom + GAP : top - GAP - Math.min(height, room)}px`;
}
