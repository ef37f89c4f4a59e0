/** The JupyterLab extension: draws saved cards, adds commands to the palette, and notifies. */

import { ICommandPalette } from "@jupyterlab/apputils";
import { INotebookTracker } from "@jupyterlab/notebook";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { addCommands, markWithoutKernel, notifyInLab } from "./commands";
import { renderSavedCards } from "./renderer";

export default {
  id: "origami-widgets:plugin",
  description: "Shows saved Origami cards, and adds commands and notifications.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ICommandPalette, INotebookTracker],
  activate(
    app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
  ): void {
    renderSavedCards(registry);
    addCommands(app, palette, notebooks);
    notifyInLab(app.commands);
    if (notebooks) markWithoutKernel(notebooks);
  },
};
