/**
 * The recorded card of the documentation, as a script of its own: it is drawn as JupyterLab's extension draws a saved
 * card, over its HTML. Without this script, or where it can't draw, the HTML stays.
 */

import { drawSaved } from "./saved";

for (const place of document.querySelectorAll<HTMLElement>("[data-origami]")) {
  const snapshot = [...place.childNodes];
  const saved = place.querySelector("script")?.textContent ?? "null";
  try {
    drawSaved(place.dataset.origami ?? "", JSON.parse(saved), place);
    for (const node of snapshot) node.remove();
  } catch (error) {
    console.error("[origami] The recorded card could not be drawn.", error);
  }
}
