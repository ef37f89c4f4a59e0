/**
 * What the pages that stand in for a host share: a kernel of a Jupyter server, cells that run in it, and a place in the
 * page for each widget that they display. The host's own manager makes the models and the views.
 */

import type { DOMWidgetModel } from "@jupyter-widgets/base";
import {
  type Kernel,
  KernelAPI,
  KernelConnection,
  KernelMessage,
  ServerConnection,
} from "@jupyterlab/services";

const WIDGET = "application/vnd.jupyter.widget-view+json";

/** The part of a widget manager that a cell's output needs. */
export interface Host {
  get_model(id: string): Promise<unknown>;
  show(model: DOMWidgetModel, place: HTMLElement): Promise<unknown>;
}

/** What the tests call. */
export interface Page {
  /** Runs one cell; its widgets are shown below those of the cells before. */
  run(code: string): Promise<void>;
  interrupt(): Promise<void>;
  /** How many of the shown models have lost their comm. */
  closed: number;
}

declare global {
  interface Window {
    page?: Page;
  }
}

/** Starts a kernel on the server that this page came from, and waits until it answers. */
export async function startKernel(): Promise<Kernel.IKernelConnection> {
  const { origin, searchParams } = new URL(location.href);
  const token = searchParams.get("token") ?? "";
  const serverSettings = ServerConnection.makeSettings({ baseUrl: origin, token, appendToken: true });
  // Without a manager: its list of kernels, asked for before this one was there, may come after it and take it for dead.
  const model = await KernelAPI.startNew({ name: "python3" }, serverSettings);
  const kernel = new KernelConnection({ model, serverSettings });
  await kernel.info;
  return kernel;
}

/** Offers the tests a notebook on this kernel. */
export function open(kernel: Kernel.IKernelConnection, host: Host): void {
  const display = async (id: string, place: HTMLElement): Promise<void> => {
    const model = (await host.get_model(id)) as DOMWidgetModel;
    model.on("comm:close", () => {
      page.closed += 1;
    });
    await host.show(model, place);
  };
  const page: Page = {
    closed: 0,
    interrupt: () => kernel.interrupt(),
    run: async (code) => {
      const shown: Promise<void>[] = [];
      const future = kernel.requestExecute({ code });
      future.onIOPub = (message) => {
        if (!KernelMessage.isDisplayDataMsg(message)) return;
        const view = message.content.data[WIDGET] as { model_id: string } | undefined;
        if (!view) return;
        const place = document.createElement("div");
        place.className = "cell-output-ipywidget-background";
        document.body.append(place);
        shown.push(display(view.model_id, place));
      };
      const { content } = await future.done;
      await Promise.all(shown);
      if (content.status === "error") throw new Error(`${content.ename}: ${content.evalue}`);
    },
  };
  window.page = page;
}
