/** Draws a saved card or board in JupyterLab. If that fails, shows what JupyterLab would show without the extension. */

import type { IRenderMimeRegistry, MimeModel, Renderer } from "@jupyterlab/rendermime";
import { Panel } from "@lumino/widgets";
import { SAVED_TYPES } from "../contract";
import { drawSaved } from "../saved";
import { SNAPSHOT } from "../snapshot";

/** Before HTML (50) and after widgets (below 0), so that a live card stays a widget. */
const RANK = 40;
const INSTEAD = ["text/html", "text/plain"];

class SavedCard extends Panel implements Renderer {
  readonly #registry: IRenderMimeRegistry;
  readonly #type: string;
  #end = (): void => {};

  constructor(registry: IRenderMimeRegistry, type: string) {
    super();
    this.#registry = registry;
    this.#type = type;
    this.addClass("origami-saved");
  }

  async renderModel(model: MimeModel): Promise<void> {
    const { data } = model;
    this.#end();
    this.#end = () => {};
    for (const widget of [...this.widgets]) widget.dispose();
    this.node.replaceChildren();
    // If the kernel still has the card, the page finds its place by this mark and draws it there (snapshot.ts).
    const mark = SNAPSHOT.exec(`${data["text/html"] ?? ""}`)?.[0];
    const place = document.createElement("div");
    if (mark) place.className = mark;
    try {
      this.#end = drawSaved(this.#type, data[this.#type], place);
      this.node.append(place);
    } catch {
      // It was saved by an older or newer version, or changed by hand.
      const type = INSTEAD.find((each) => each in data);
      if (!type) return;
      const instead = this.#registry.createRenderer(type);
      this.addWidget(instead);
      await instead.renderModel(model);
    }
  }

  override dispose(): void {
    this.#end();
    super.dispose();
  }
}

/** Registers the media types. Not as `safe`: a notebook that is not trusted shows the sanitized HTML, as before. */
export function renderSavedCards(registry: IRenderMimeRegistry): void {
  registry.addFactory({
    safe: false,
    mimeTypes: SAVED_TYPES,
    defaultRank: RANK,
    createRenderer: ({ mimeType }) => new SavedCard(registry, mimeType),
  });
}
