/**
 * Keeps a saved notebook readable without its kernel. A host that reopens it finds no widget any more and shows an error
 * in its place, even where a static copy stands beside it. So what is saved is the copy alone, and a page that finds
 * the copy while the kernel still has the card (after a reload) draws the card over it.
 *
 * The copy is known by the class `origami-copy-KEY` that the kernel gives it.
 */

import type { CopyMessage } from "./contract";
import type { Model } from "./session";
import { copies, guarded } from "./shared";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const COPY = /\borigami-copy-(\w+)/;

/** What a host's manager is asked for. JupyterLab's knows its document too; other hosts save in their own way. */
interface Manager {
  get_model?(id: string): Promise<{ comm_live?: boolean }>;
  context?: { model?: Document };
}
interface Output {
  data?: Record<string, unknown>;
}
interface Notebook {
  cells?: { outputs?: Output[] }[];
}
interface Document {
  toJSON?: () => Notebook;
}

/** An output as it is saved: without the widget that only this kernel knows, and with the newest copy. */
function saved(output: Output): Output {
  const key = COPY.exec(`${output.data?.["text/html"] ?? ""}`)?.[1];
  if (!key) return output;
  const data = { ...output.data, ...copies.get(key) };
  delete data[WIDGET];
  return { ...output, data };
}

function guard(document: Document | undefined): void {
  const original = document?.toJSON;
  if (!document || typeof original !== "function" || guarded.has(document)) return;
  guarded.add(document);
  document.toJSON = function () {
    const notebook = original.call(this);
    const cells = notebook.cells?.map((cell) =>
      Array.isArray(cell.outputs) ? { ...cell, outputs: cell.outputs.map(saved) } : cell,
    );
    return cells ? { ...notebook, cells } : notebook;
  };
}

/** Begins with the model, before any view; returns what ends it. `mount` draws a view. */
export function keep(model: Model, mount: (model: Model, host: HTMLElement) => () => void): () => void {
  const key = `${model.get("key")}`;
  const places = new Map<Element, () => void>();
  let ended = false;
  const manager = (model.widget_manager ?? {}) as Manager;
  guard(manager.context?.model);

  const look = (node: Node): void => {
    if (!(node instanceof Element)) return;
    for (const place of [node, ...node.querySelectorAll(`.origami-copy-${key}`)]) {
      if (!place.matches(`.origami-copy-${key}`) || places.has(place)) continue;
      const copy = [...place.childNodes];
      place.replaceChildren();
      const end = mount(model, place as HTMLElement);
      places.set(place, () => {
        end();
        place.replaceChildren(...copy);
      });
    }
  };
  const watch = new MutationObserver((records) => {
    for (const { addedNodes } of records) addedNodes.forEach(look);
    for (const [place, end] of places)
      if (!place.isConnected) {
        end();
        places.delete(place);
      }
  });
  const receive = (message: CopyMessage | undefined): void => {
    if (message?.kind === "copy") copies.set(key, message.data);
  };
  model.on("msg:custom", receive);
  // One that was restored from the notebook has no kernel: its copy says more than an old state without anybody behind.
  const begin = (real: { comm_live?: boolean }): void => {
    if (ended || !real.comm_live) return;
    watch.observe(document, { childList: true, subtree: true });
    look(document.documentElement);
  };
  void manager.get_model?.(key).then(begin, () => {});
  try {
    model.send({ kind: "hello", seq: model.get("seq"), copy: true });
  } catch {
    // Nobody is there; the card itself says so.
  }
  return () => {
    ended = true;
    watch.disconnect();
    model.off("msg:custom", receive);
    for (const end of places.values()) end();
  };
}
