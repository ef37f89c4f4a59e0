/** Marks notebooks that have no kernel, so that their cards say so at once. */

import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { NO_KERNEL } from "../page_settings";

/** Follows the kernels of all notebooks of the page. */
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
    for (const signal of [
      sessionContext.sessionChanged,
      sessionContext.kernelChanged,
      sessionContext.statusChanged,
    ])
      signal.connect(mark);
  });
}
