/**
 * What the extension adds to JupyterLab: commands in the palette, notifications, and a mark for notebooks without a kernel.
 * The commands write Python into a new cell for the user to read and run; they send nothing.
 */

import type { ICommandPalette } from "@jupyterlab/apputils";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { Tone } from "../contract";
import { NO_KERNEL, onNotified } from "../page_settings";

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

const SHOWN_MS = 15_000;
/** JupyterLab 4 cuts a message at 140 characters, so the run's name is cut to leave room for what happened. */
const NAME = 50;

/** JupyterLab's type for a tone; the others are only information. */
const TYPES: Partial<Record<Tone, string>> = { bad: "error", attention: "warning", good: "success" };

/** Shows each notification as JupyterLab's own; returns a function that ends this. */
export function notifyInLab(commands: CommandRegistry): () => void {
  return onNotified(({ title, body, tone }) => {
    if (!commands.hasCommand("apputils:notify")) return;
    const type = TYPES[tone] ?? "info";
    const name = title.length > NAME ? `${title.slice(0, NAME)}…` : title;
    const message = `${name}: ${body}`;
    void commands.execute("apputils:notify", { message, type, options: { autoClose: SHOWN_MS } });
  });
}

/** Marks notebooks that have no kernel, so that their cards say so at once. */
export function markWithoutKernel(notebooks: INotebookTracker): void {
  notebooks.widgetAdded.connect((_, { node, sessionContext }: NotebookPanel) => {
    // Before the first kernel is there, none is gone.
    let had = false;
    const mark = (): void => {
      const kernel = sessionContext.session?.kernel;
      const isThere = !!kernel && kernel.status !== "dead";
      had ||= isThere;
      const isGone = had && !isThere;
      if (node.classList.contains(NO_KERNEL) === isGone) return;
      node.classList.toggle(NO_KERNEL, isGone);
      document.dispatchEvent(new Event(NO_KERNEL));
    };
    // A kernel that is shut down takes its session with it; one that dies leaves it.
    const { sessionChanged, kernelChanged, statusChanged } = sessionContext;
    for (const signal of [sessionChanged, kernelChanged, statusChanged]) signal.connect(mark);
  });
}
