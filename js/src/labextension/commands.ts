/** The commands in the palette. They write Python into a new cell for the user to read and run; they send nothing. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import type { INotebookTracker } from "@jupyterlab/notebook";

export const GUIDE = "https://origami-widgets.github.io/origami-widgets/";
const CATEGORY = "Origami";
const IMPORT = "import origami_widgets as ow\n\n";

/** The code that each command writes. */
export const TEMPLATES = {
  brief: {
    label: "Brief an agent",
    caption: "Insert a cell that starts a run",
    code: `${IMPORT}run = ow.start("Find 20 …")`,
  },
  attach: {
    label: "Attach a run",
    caption: "Insert a cell that shows a run of any machine",
    code: `${IMPORT}run = ow.attach("AGENT_ID/RUN_ID")`,
  },
  board: {
    label: "Board of an agent's runs",
    caption: "Insert a cell that shows all runs of an agent",
    code: `${IMPORT}board = ow.RunBoard("AGENT_ID")\nboard`,
  },
} as const;

/** Adds the commands to the application, and to its palette if it has one. */
export function addCommands(
  { commands }: JupyterFrontEnd,
  palette: ICommandPalette | null,
  notebooks: INotebookTracker | null,
): void {
  const insert = async (code: string): Promise<void> => {
    await commands.execute("notebook:insert-cell-below");
    await commands.execute("notebook:change-cell-to-code");
    notebooks?.activeCell?.model.sharedModel.setSource(code);
    await commands.execute("notebook:enter-edit-mode");
  };
  const ids = Object.entries(TEMPLATES).map(([name, { label, caption, code }]) => {
    const id = `origami:${name}`;
    const isEnabled = (): boolean => !!notebooks?.currentWidget;
    commands.addCommand(id, { label, caption, isEnabled, execute: () => insert(code) });
    return id;
  });
  commands.addCommand("origami:guide", {
    label: "Open the guide",
    caption: "Open the documentation of origami_widgets in a new tab",
    execute: () => void window.open(GUIDE, "_blank", "noopener,noreferrer"),
  });
  for (const command of [...ids, "origami:guide"]) palette?.addItem({ command, category: CATEGORY });
}
