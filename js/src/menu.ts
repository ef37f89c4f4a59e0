/** Menus: a button that opens a panel over whatever is there, in the browser's top layer, where nothing cuts it. */

import { button } from "./buttons";
import { el, on, show, uid } from "./dom";
import { onKey } from "./keys";

/** Pixels between a panel and its button, or the edge of the window. */
const GAP = 4;

/**
 * The place of the panel is behind the button, so that Tab goes on into it.
 *
 * @param opens - Called before the panel opens.
 */
export function menu(label: string, cls = "", opens: () => void = () => {}) {
  const panel = el("div", "menu", { id: uid(), popover: "manual", hidden: true });
  const press = button(label, () => (panel.hidden ? open() : shut()), cls);
  let undo: (() => void)[] = [];
  press.setAttribute("aria-controls", panel.id);
  press.ariaExpanded = "false";

  const open = (): void => {
    opens();
    show(panel, true);
    panel.showPopover?.();
    place(panel, press);
    press.ariaExpanded = "true";
    // A panel whose view is gone shuts as any other, at the next click.
    const leave = (event: Event): void => {
      if (!event.composedPath().some((at) => at === panel || at === press)) shut();
    };
    const { top } = press.getBoundingClientRect();
    // It goes sideways with its button, as chips do, and doesn't outlive its line.
    const follow = (event: Event): void =>
      press.getBoundingClientRect().top === top ? place(panel, press) : leave(event);
    undo = [
      on(window, "scroll", follow, true),
      on(window, "pointerdown", leave, true),
      on(window, "focusin", leave, true),
    ];
  };
  const shut = (): void => {
    if (panel.hidden) return;
    for (const each of undo) each();
    undo = [];
    panel.hidePopover?.();
    show(panel, false);
    press.ariaExpanded = "false";
  };
  for (const node of [press, panel])
    onKey(node, (key) => {
      if (panel.hidden || key !== "Escape") return;
      shut();
      press.focus();
    });
  return { press, panel, shut };
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
