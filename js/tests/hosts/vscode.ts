/**
 * Stands in for VS Code's notebook webview: its published widget manager, as it is, given what its extension gives it.
 *
 * The package is the bundle alone: package.json puts a small package in the place of each of its dependencies.
 */

import type { DOMWidgetModel, WidgetView } from "@jupyter-widgets/base";
import type { Kernel } from "@jupyterlab/services";
import { open, startKernel } from "./page";

/** The extension informs the manager where a kernel's widget modules lie; here requirejs knows it from the page. */
interface ScriptLoader {
  widgetsRegisteredInRequireJs: Set<string>;
  loadWidgetScript(name: string, version: string): Promise<void>;
  successHandler(): void;
  errorHandler(type: string, module: string, version: string, error: unknown): void;
}

interface Manager {
  get_model(id: string): Promise<unknown> | undefined;
  create_view(model: DOMWidgetModel, options: { el: HTMLElement }): Promise<WidgetView>;
  display_view(data: unknown, view: WidgetView, options: { node: HTMLElement }): Promise<unknown>;
}

type ManagerClass = new (
  kernel: Kernel.IKernelConnection,
  container: HTMLElement,
  loader: ScriptLoader,
  log: (message: string) => void,
) => Manager;

declare global {
  interface Window {
    vscIPyWidgets8?: { load(): void };
    vscIPyWidgets?: { WidgetManager: ManagerClass };
  }
}

const bundle = "./ipywidgets.js";
const { activate } = (await import(bundle)) as { activate(): void };
activate();
window.vscIPyWidgets8?.load();
if (!window.vscIPyWidgets) throw new Error("The bundle brought no widget manager.");

const loader: ScriptLoader = {
  widgetsRegisteredInRequireJs: new Set(["anywidget"]),
  loadWidgetScript: async () => undefined,
  successHandler: () => undefined,
  errorHandler: (type, module, _version, error) => console.error(`${module}.${type} was not loaded`, error),
};
const kernel = await startKernel();
const manager = new window.vscIPyWidgets.WidgetManager(kernel, document.body, loader, () => undefined);
open(kernel, {
  get_model: async (id) => manager.get_model(id),
  show: async (model, place) =>
    manager.display_view({}, await manager.create_view(model, { el: place }), { node: place }),
});
