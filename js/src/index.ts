/** The run card as an anywidget module. */

import { Card } from "./card";
import type { Model } from "./session";

/** Draws one view and hands back its clean-up. Works with anywidget 0.9 (no `signal`) and later. */
function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const card = new Card(model, el);
  return () => card.close();
}

export default { render };
