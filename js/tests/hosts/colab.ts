/**
 * Stands in for Colab's manager: the published base manager, with widget modules loaded by their name through requirejs
 * as Colab loads anywidget's from its CDN.
 */

import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import type { Kernel } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import { Widget } from "@lumino/widgets";
import { type Host, open, startKernel } from "./page";

declare global {
  interface Window {
    define(name: string, module: () => unknown): void;
    requirejs(names: string[], done: (module: Classes) => void, failed: (error: Error) => void): void;
  }
}

type Classes = Record<string, typeof base.WidgetModel | typeof base.WidgetView>;

class ColabManager extends ManagerBase implements Host {
  constructor(readonly kernel: Kernel.IKernelConnection) {
    super();
    kernel.registerCommTarget(this.comm_target_name, async (comm, message) => {
      await this.handle_comm_open(new base.shims.services.Comm(comm), message);
    });
  }

  async show(model: base.DOMWidgetModel, place: HTMLElement): Promise<void> {
    const view = await this.create_view(model);
    Widget.attach(view.luminoWidget, place);
  }

  protected async loadClass(name: string, module: string): Promise<typeof base.WidgetModel> {
    const classes = await new Promise<Classes>((done, failed) => window.requirejs([module], done, failed));
    return classes[name] as typeof base.WidgetModel;
  }

  protected async _create_comm(
    target: string,
    id?: string,
    data?: JSONObject,
    metadata?: JSONObject,
    buffers?: ArrayBuffer[] | ArrayBufferView[],
  ): Promise<base.IClassicComm> {
    const comm = this.kernel.createComm(target, id);
    if (data || metadata) comm.open(data ?? null, metadata, buffers);
    return new base.shims.services.Comm(comm);
  }

  protected async _get_comm_info(): Promise<object> {
    const { content } = await this.kernel.requestCommInfo({ target_name: this.comm_target_name });
    return content.status === "ok" ? content.comms : {};
  }
}

window.define("@jupyter-widgets/base", () => base);
const kernel = await startKernel();
open(kernel, new ColabManager(kernel));
