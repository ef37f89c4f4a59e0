/**
 * Keeps a saved notebook readable without its kernel. A host that reopens it has no widget any more and shows an error
 * instead, even if there is a static snapshot beside it (jupyterlab/jupyterlab#15361). So only the snapshot is saved. A
 * page that finds the snapshot while the kernel still has the card (after a reload, or in a second window) draws the card
 * over it.
 *
 * The kernel marks the snapshot with the class `origami-snapshot-KEY`. Before each change of the card, it sends the
 * difference from the previous snapshot; `snapshots` has the newest one of each card.
 *
 * The server saves a document that pages share, without asking a page. There, the page writes each snapshot into the
 * document itself, in place of the widget, and goes on showing the widget.
 */

import { SAVED_TYPES, SAVED_VERSION, type SnapshotMessage } from "./contract";
import { el, same } from "./dom";
import { followChanges, type Model, sayHello } from "./model";
import { guarded, snapshots } from "./page_state";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const STATES = "application/vnd.jupyter.widget-state+json";
export const SNAPSHOT = /\borigami-snapshot-(\w+)/;
/** The mark is in the first tag, so that other outputs, which may be large, are not searched. */
const MARK_END = 100;
/** Where to cut a snapshot into pieces, as in Python: around tags, after lines of text, and after commas in JSON. */
const PIECES: Record<string, RegExp> = {
  "text/html": /(?=<)|(?<=>)/,
  "text/plain": /(?<=\n)/,
  ...Object.fromEntries(SAVED_TYPES.map((type) => [type, /(?<=,)/])),
};

/**
 * The used part of a host's widget manager. JupyterLab's also knows its document; other hosts save in their own way.
 */
interface Manager {
  get_model?(id: string): Promise<{ comm_live?: boolean }>;
  context?: { model?: Document };
}
interface Output {
  data?: Record<string, unknown>;
}
interface Notebook {
  cells?: { outputs?: Output[] }[];
  metadata?: { widgets?: Record<string, { state?: Record<string, unknown> }> };
}
/** `collaborative`: whether the server saves, without asking the page. */
interface Document {
  toJSON?: () => Notebook;
  collaborative?: boolean;
  cells?: Iterable<Cell>;
}
interface Cell {
  outputs?: List<Output>;
  sharedModel?: SharedCell;
}
interface List<T> {
  length: number;
  get(at: number): T;
}
/** A code cell in a shared document. An output is a map that can be changed, or a single value that can't. */
interface SharedCell {
  youtputs?: List<SharedOutput | Output> & { doc: { transact(change: () => void, origin: string): void } };
  updateOutputs(start: number, end: number, outputs: Output[]): void;
}
interface SharedOutput {
  get(name: "data"): Output["data"];
  set(name: "data", data: Output["data"]): void;
}
/** JupyterLab's origin for changes that are not redrawn on this page and cannot be undone. */
const SILENT = "silent-change";
/**
 * Least time between two snapshots of a card in such a document, which keeps everything ever written. News is not
 * delayed.
 */
const SHARED_MS = 5000;
/** News in a snapshot: a card's announcement, or the number of a board's runs in each stage. */
const NEWS = /"announcement":"(?:[^"\\]|\\.)*"|"counts":\[[^\]]*\]/;

const keyOf = (data: Output["data"]): string | undefined =>
  SNAPSHOT.exec(`${data?.["text/html"] ?? ""}`.slice(0, MARK_END))?.[1];

/** Returns an output as it is saved: without the widget, which only this kernel knows, and with the newest snapshot. */
function asSaved(output: Output): Output {
  const key = keyOf(output.data);
  if (!key) return output;
  const data = { ...output.data };
  delete data[WIDGET];
  const newest = snapshots.get(key)?.data;
  if (!newest) return { ...output, data };
  for (const type of SAVED_TYPES) delete data[type];
  for (const [type, text] of Object.entries(newest))
    data[type] = SAVED_TYPES.some((each) => each === type) ? { version: SAVED_VERSION, view: text } : text;
  return { ...output, data };
}

/** Returns a notebook without the state of cards, which the host may have added at an earlier save. */
function withoutStates(notebook: Notebook): Notebook {
  const widgets = notebook.metadata?.widgets;
  const states = widgets?.[STATES];
  if (!states?.state) return notebook;
  const state = Object.fromEntries(Object.entries(states.state).filter(([key]) => !snapshots.has(key)));
  return {
    ...notebook,
    metadata: { ...notebook.metadata, widgets: { ...widgets, [STATES]: { ...states, state } } },
  };
}

/**
 * Makes the document save snapshots from now on; returns whether it does.
 *
 * It replaces `toJSON`, which makes what JupyterLab saves, of this one document. The public ways cost more (4.6): at
 * `context.saveState`, snapshots would be written into the page's own document, which then has no widgets; and the widget
 * manager adds its states at the same signal, maybe later. A content provider would have to take over the drive.
 */
function guard(document: Document | undefined): boolean {
  const original = document?.toJSON;
  if (!document || typeof original !== "function") return false;
  // Without `youtputs` (@jupyter/ydoc before 3), outputs cannot be written without a redraw. Cells may come after this.
  const isOld = (cell: Cell): boolean => !!cell.outputs && !cell.sharedModel?.youtputs;
  if (document.collaborative && [...(document.cells ?? [])].some(isOld)) return false;
  if (guarded.has(document)) return true;
  guarded.add(document);
  if (document.collaborative) return true;
  document.toJSON = function () {
    const notebook = original.call(this);
    const cells = notebook.cells?.map((cell) =>
      Array.isArray(cell.outputs) ? { ...cell, outputs: cell.outputs.map(asSaved) } : cell,
    );
    return cells ? withoutStates({ ...notebook, cells }) : notebook;
  };
  return true;
}

/** Writes a card's snapshot into the shared document, wherever the card is. Other outputs are not redrawn. */
function share(document: Document | undefined, key: string): void {
  if (!document?.collaborative || !guarded.has(document)) return;
  for (const { sharedModel: cell } of document.cells ?? []) {
    const outputs = cell?.youtputs;
    for (let at = 0; outputs && at < outputs.length; at++) {
      const output = outputs.get(at);
      const isMap = "get" in output && typeof output.get === "function";
      const before = isMap ? output.get("data") : (output as Output).data;
      if (!before || keyOf(before) !== key) continue;
      const { data } = asSaved({ data: before });
      // A file has the keys sorted; to write them in another order would only mark the notebook as changed.
      if (!data || same(Object.entries(before).sort(), Object.entries(data).sort())) continue;
      outputs.doc.transact(() => {
        if (isMap) output.set("data", data);
        else cell.updateOutputs(at, at + 1, [{ ...(output as Output), data }]);
      }, SILENT);
    }
  }
}

/** Whether an output of the document has the card. Two notebooks with one kernel share the first one's manager. */
function holds(document: Document | undefined, key: string): boolean {
  for (const { outputs } of document?.cells ?? [])
    for (let at = 0; outputs && at < outputs.length; at++)
      if (keyOf(outputs.get(at).data) === key) return true;
  return false;
}

/** Returns the new snapshot; undefined if the message builds on one that the page does not have. */
function patched({ since, parts }: SnapshotMessage, key: string): Record<string, string> | undefined {
  const before = snapshots.get(key);
  if (since !== 0 && before?.number !== since) return undefined;
  const data: Record<string, string> = {};
  for (const [type, given] of Object.entries(parts)) {
    const pieces = PIECES[type];
    if (!pieces) continue;
    const old = since === 0 ? [] : (before?.data[type] ?? "").split(pieces);
    data[type] = given
      .map((part) => (typeof part === "string" ? part : old.slice(part[0], part[1]).join("")))
      .join("");
  }
  return data;
}

const managerOf = (model: Model): Manager => (model.widget_manager ?? {}) as Manager;

/** Called when a view was put into an output. If that is not in the guarded document, its snapshot is not kept. */
function onPlaced(model: Model): void {
  const document = managerOf(model).context?.model;
  const key = `${model.get("key")}`;
  if (!document || !guarded.has(document)) return;
  if (holds(document, key)) share(document, key);
  else sayHello(model, false);
}

type Mount = (model: Model, host: HTMLElement) => () => void;

/** Takes the snapshots of one card from the kernel, and draws the card over each snapshot that is on the page. */
class SnapshotKeeper {
  readonly #model: Model;
  readonly #mount: Mount;
  readonly #key: string;
  readonly #mark: string;
  readonly #manager: Manager;
  /** Whether the page saves the snapshot. */
  readonly #keeps: boolean;
  /** The snapshots over which the card is drawn, with what ends that. */
  readonly #drawn = new Map<Element, () => void>();
  readonly #watch = new MutationObserver((records) => this.#follow(records));
  #isClosed = false;
  /** When a snapshot was last written into the shared document, and which news it had. */
  #shared = Number.NEGATIVE_INFINITY;
  #news = "";
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model, mount: Mount) {
    [this.#model, this.#mount] = [model, mount];
    this.#key = `${model.get("key")}`;
    this.#mark = `.origami-snapshot-${this.#key}`;
    this.#manager = managerOf(model);
    this.#keeps = guard(this.#manager.context?.model);
    model.on("msg:custom", this.#receive);
    void this.#manager.get_model?.(this.#key).then(
      (real) => this.#start(real),
      () => {},
    );
    // The kernel is told whether this page saves the newest snapshot instead of the widget.
    sayHello(model, this.#keeps);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#later) this.#share();
    this.#watch.disconnect();
    this.#model.off("msg:custom", this.#receive);
    for (const end of this.#drawn.values()) end();
  }

  /** A model restored from the notebook has no kernel: its snapshot says more than its old state. */
  #start(real: { comm_live?: boolean }): void {
    if (this.#isClosed || !real.comm_live) return;
    this.#watch.observe(document, { childList: true, subtree: true });
    this.#draw(document.documentElement);
  }

  readonly #receive = (message: SnapshotMessage | undefined): void => {
    if (message?.kind !== "snapshot") return;
    const data = patched(message, this.#key);
    if (data) {
      snapshots.set(this.#key, { number: message.number, data });
      this.#shareSoon(data);
    } else if (this.#keeps) sayHello(this.#model, true);
  };

  #share(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#shared = performance.now();
    share(this.#manager.context?.model, this.#key);
  }

  #shareSoon(data: Record<string, string>): void {
    const news = SAVED_TYPES.map((type) => NEWS.exec(data[type] ?? "")?.[0] ?? "").join();
    const wait = this.#shared + SHARED_MS - performance.now();
    if (news !== this.#news || wait <= 0) this.#share();
    else this.#later ??= setTimeout(() => this.#share(), wait);
    this.#news = news;
  }

  #follow(records: MutationRecord[]): void {
    for (const { addedNodes } of records) addedNodes.forEach((node) => void this.#draw(node));
    for (const [element, end] of this.#drawn)
      if (!element.isConnected) {
        end();
        this.#drawn.delete(element);
      }
  }

  /** Draws the card over the snapshots in a node. */
  #draw(node: Node): void {
    if (!(node instanceof Element)) return;
    for (const element of [node, ...node.querySelectorAll(this.#mark)]) {
      if (!element.matches(this.#mark) || this.#drawn.has(element)) continue;
      const snapshot = [...element.childNodes];
      element.replaceChildren();
      const end = this.#mount(this.#model, element as HTMLElement);
      this.#drawn.set(element, () => {
        end();
        const newest = snapshots.get(this.#key)?.data["text/plain"];
        element.replaceChildren(...(newest === undefined ? snapshot : [el("pre", "", newest)]));
      });
      // The document may have come after the newest snapshot, which may be the last one.
      this.#share();
    }
  }
}

/** The anywidget module of a card. anywidget 0.9 (the lowest, and Colab's) gives no `signal`: the clean-up ends a view. */
export function widget(mount: Mount): {
  initialize(context: { model: Model }): () => void;
  render(context: { model: Model; el: HTMLElement }): () => void;
} {
  return {
    // Before any view.
    initialize({ model }) {
      const unfollow = followChanges(model);
      const keeper = new SnapshotKeeper(model, mount);
      return () => {
        unfollow();
        keeper.close();
      };
    },
    render({ model, el }) {
      onPlaced(model);
      return mount(model, el);
    },
  };
}
