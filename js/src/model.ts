/**
 * The widget's model in the page.
 *
 * One of its traits has lists: the tables of a card, or the rows of a board. The kernel sends only what changes in them,
 * and the model is kept current here, so that every view that is opened later has the newest state.
 */

import type { ChangesMessage, HelloMessage } from "./contract";

/** The used part of anywidget's model. */
export interface Model {
  get(name: string): unknown;
  /** On this page alone: `save_changes`, which no one calls, would send it to the kernel. */
  set(name: string, value: unknown): void;
  // biome-ignore lint/suspicious/noExplicitAny: the hosts' own type
  on(name: string, callback: (...args: any[]) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: the hosts' own type
  off(name?: string | null, callback?: ((...args: any[]) => void) | null): void;
  send(content: unknown): void;
  comm_live?: boolean;
  /** The host's widget manager. JupyterLab's knows the document. */
  widget_manager?: unknown;
}

interface Lists {
  seq?: number;
  [name: string]: unknown;
}

/** The trait with lists, of a card or a board. */
const traitOf = (model: Model): "tables" | "rows" => (model.get("tables") ? "tables" : "rows");
const listsOf = (model: Model): Lists => (model.get(traitOf(model)) ?? {}) as Lists;

/** The message that asks for what the page has missed. */
export const hello = (model: Model, keeps: boolean | null): HelloMessage => ({
  kind: "hello",
  seq: Number(model.get("seq")),
  list_seq: listsOf(model).seq ?? 0,
  keeps,
});

/** Sends it. If the comm is closed, the view itself says so. */
export function sayHello(model: Model, keeps: boolean | null): void {
  try {
    model.send(hello(model, keeps));
  } catch {}
}

function changed(before: Lists, { seq, values, sizes, items }: ChangesMessage): Lists {
  const after: Lists = { ...before, ...values, seq };
  const listed = (name: string): unknown[] => (before[name] as unknown[]).slice(0, sizes?.[name]);
  for (const name of Object.keys(sizes ?? {})) after[name] = listed(name);
  for (const [name, at, item] of items) {
    if (after[name] === before[name]) after[name] = listed(name);
    (after[name] as unknown[])[at] = item;
  }
  return after;
}

/** Takes the changes from the kernel, from the model's beginning on; returns a function that ends this. */
export function followChanges(model: Model): () => void {
  const receive = (message: ChangesMessage | undefined): void => {
    if (message?.kind !== "changes") return;
    const before = listsOf(model);
    const missed = message.seq - 1 - (before.seq ?? 0);
    if (missed === 0) model.set(traitOf(model), changed(before, message));
    else if (missed > 0) sayHello(model, null);
  };
  model.on("msg:custom", receive);
  return () => model.off("msg:custom", receive);
}
