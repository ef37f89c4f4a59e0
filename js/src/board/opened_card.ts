/** The card of a run, or the leads of all runs, inside the board: a separate widget that the host draws. */

import { copyLine } from "../buttons";
import { el, type Part, show } from "../dom";
import type { Model } from "../model";

const REFERENCE = "IPY_MODEL_";

interface View {
  el: HTMLElement;
  remove(): void;
}
interface Manager {
  get_model(id: string): Promise<unknown>;
  create_view(model: unknown, options: object): Promise<View>;
}

/** The widget's place. Its value is its reference, and the line that shows the same in a cell of its own. */
export function openedWidget(model: Model): Part<{ card: string; code: string }> {
  const line = copyLine("", "the line that shows this");
  const instead = el("p", "mute", "This page can't draw it here. In a cell of its own: ", line.node);
  const container = el("div");
  let shown = "";
  let view: View | null = null;

  const draw = async (card: string): Promise<void> => {
    const manager = model.widget_manager as Manager | undefined;
    const child = await manager?.get_model(card.slice(REFERENCE.length));
    if (!manager || !child) throw new Error("The host has no such widget.");
    const drawn = await manager.create_view(child, {});
    // It was folded, or another one was opened, while it was being made.
    if (card !== shown) drawn.remove();
    else {
      view = drawn;
      container.append(drawn.el);
    }
  };
  const clear = (): void => {
    view?.remove();
    view = null;
    container.replaceChildren();
  };
  return {
    node: el("div", "opened", container, instead),
    update({ card, code }) {
      // The two have separate traits, so the line may come after the reference.
      line.update(code);
      if (card === shown) return;
      shown = card;
      clear();
      show(instead, false);
      if (card)
        draw(card).catch(() => {
          if (card === shown) show(instead, true);
        });
    },
    close() {
      shown = "";
      clear();
    },
  };
}
