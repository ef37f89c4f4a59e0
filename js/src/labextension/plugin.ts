/** The JupyterLab extension: draws saved cards, adds commands to the palette, notifies, and has two settings. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { INotebookTracker } from "@jupyterlab/notebook";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { addCommands } from "./commands";
import { markWithoutKernel } from "./kernels";
import { notifyInLab } from "./notifications";
import { renderSavedCards } from "./renderer";
import { followSettings } from "./settings";

const ID = "origami-widgets:plugin";

export default {
  id: ID,
  description: "Shows saved Origami cards, and adds commands and notifications.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ICommandPalette, INotebookTracker, ISettingRegistry],
  activate(
    app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
    settings: ISettingRegistry | null,
  ): void {
    renderSavedCards(registry);
    addCommands(app, palette, notebooks);
    notifyInLab(app.commands);
    if (notebooks) markWithoutKernel(notebooks);
    if (settings) void followSettings(settings, ID);
  },
};
