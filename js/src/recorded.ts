/**
 * The recorded card in the documentation, as a separate script. It draws the card over its HTML, as the JupyterLab
 * extension draws a saved card. Without this script, or if it can't draw, the HTML stays.
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
