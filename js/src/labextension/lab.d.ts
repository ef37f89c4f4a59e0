/**
 * The parts of JupyterLab that the extension uses. JupyterLab's packages are 290 MB, and the host has them at run time.
 */

interface CommandRegistry {
  addCommand(
    id: string,
    options: { label: string; caption: string; isEnabled?: () => boolean; execute: () => unknown },
  ): unknown;
  execute(id: string, args?: object): Promise<unknown>;
  hasCommand(id: string): boolean;
}

/** The application. */
interface JupyterFrontEnd {
  commands: CommandRegistry;
}

declare module "@jupyterlab/apputils" {
  import type { Token } from "@lumino/coreutils";
  export interface ICommandPalette {
    addItem(item: { command: string; category: string }): unknown;
  }
  export const ICommandPalette: Token<ICommandPalette>;
}

declare module "@jupyterlab/notebook" {
  import type { Token } from "@lumino/coreutils";

  interface Signal<T> {
    connect(slot: (sender: unknown, args: T) => void): unknown;
  }
  export interface NotebookPanel {
    readonly node: HTMLElement;
    readonly sessionContext: {
      readonly session: { readonly kernel: { readonly status: string } | null } | null;
      readonly sessionChanged: Signal<unknown>;
      readonly kernelChanged: Signal<unknown>;
      readonly statusChanged: Signal<unknown>;
    };
  }
  export interface INotebookTracker {
    readonly widgetAdded: Signal<NotebookPanel>;
    currentWidget: object | null;
    activeCell: { model: { sharedModel: { setSource(text: string): void } } } | null;
  }
  export const INotebookTracker: Token<INotebookTracker>;
}

declare module "@jupyterlab/rendermime" {
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  /** One output: its data by media type. */
  export interface MimeModel {
    readonly data: Record<string, unknown>;
  }
  export type Renderer = Widget & { renderModel(model: MimeModel): Promise<void> };
  export interface IRenderMimeRegistry {
    addFactory(factory: {
      safe: boolean;
      mimeTypes: readonly string[];
      defaultRank: number;
      createRenderer(options: { mimeType: string }): Renderer;
    }): void;
    createRenderer(mimeType: string): Renderer;
  }
  export const IRenderMimeRegistry: Token<IRenderMimeRegistry>;
}
