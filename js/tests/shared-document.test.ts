/** A document that pages share, with JupyterLab's own model of it: what is written there, and who draws anew. */

import { YNotebook } from "@jupyter/ydoc";
import { afterEach, describe, expect, it, vi } from "vitest";
import { applyUpdate, encodeStateAsUpdate } from "yjs";
import widget from "../src/card";
import { SAVED_VERSION } from "../src/contract";
import { snapshots } from "../src/page_state";
import { FakeModel } from "./fake-model";
import { sample } from "./samples";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const RUN = "application/vnd.origami.run+json";
const KEY = "shared";
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
  snapshots.delete(KEY);
  vi.useRealTimers();
});

const marked = (words: string): string => `<div class="origami-snapshot-${KEY}"><p>${words}</p></div>`;
const card = (): object => ({
  output_type: "display_data",
  metadata: {},
  data: { [WIDGET]: { model_id: KEY }, "text/html": marked("old"), "text/plain": "old" },
});
const view = (announcement: string): string => JSON.stringify({ head: { announcement } });
const stream = { output_type: "stream", name: "stdout", text: "printed" };

/** A notebook with these outputs, the same in another page, and the model of a card in the first. */
function shared(outputs: object[], { asValues = false } = {}) {
  const notebook = YNotebook.create();
  notebook.addCell({ cell_type: "code", source: "run" });
  // biome-ignore lint/suspicious/noExplicitAny: the parts of JupyterLab's model that a page has no types for
  const cell = notebook.getCell(0) as any;
  // A server puts an output there as one value, a page as a map.
  if (asValues) cell.youtputs.insert(0, outputs);
  else cell.updateOutputs(0, 0, outputs);
  const other = YNotebook.create();
  const follow = (): void => applyUpdate(other.ydoc, encodeStateAsUpdate(notebook.ydoc));
  follow();
  // biome-ignore lint/suspicious/noExplicitAny: the same
  const there = other.getCell(0) as any;
  const drawnAnew: string[] = [];
  cell.changed.connect((_: unknown, { outputsChange }: { outputsChange?: unknown }) => {
    if (outputsChange) drawnAnew.push("here");
  });
  there.changed.connect((_: unknown, { outputsChange }: { outputsChange?: unknown }) => {
    if (outputsChange) drawnAnew.push("there");
  });
  const list = { length: outputs.length, get: (at: number) => outputs[at] };
  const document = {
    collaborative: true,
    toJSON: () => ({}),
    cells: [{}, { outputs: list, sharedModel: cell }],
  };
  const model = new FakeModel(sample("running"));
  model.own = { key: KEY, seq: 3 };
  const get_model = async (): Promise<unknown> => ({ comm_live: true });
  model.widget_manager = { context: { model: document }, get_model };
  ends.push(widget.initialize({ model }));
  const send = (number: number, words: string, news = words): void => {
    const parts = { "text/html": [marked(words)], "text/plain": [words], [RUN]: [view(news)] };
    model.emit("msg:custom", { kind: "snapshot", number, since: 0, parts });
    follow();
  };
  const place = (): void => {
    const host = window.document.createElement("div");
    ends.push(widget.render({ model, el: host }));
    follow();
  };
  return { model, document, send, place, follow, drawnAnew, saved: () => there.getOutputs() };
}

const holds = (words: string, news = words): object => ({
  output_type: "display_data",
  metadata: {},
  data: {
    "text/html": marked(words),
    "text/plain": words,
    [RUN]: { version: SAVED_VERSION, view: view(news) },
  },
});

describe("a document that the server saves", () => {
  it("gets each snapshot in the widget's place, and no page draws anew", () => {
    const { model, send, drawnAnew, saved } = shared([card(), stream]);
    expect(model.sent).toEqual([{ kind: "hello", seq: 3, list_seq: 0, keeps: true }]);
    send(1, "Was running");
    expect(saved()).toEqual([holds("Was running"), stream]);
    send(2, "Completed");
    expect(saved()).toEqual([holds("Completed"), stream]);
    expect(drawnAnew).toEqual([]);
  });

  it("loses the widget at once, before the kernel has sent a snapshot", () => {
    const { place, saved } = shared([card()]);
    place();
    expect(saved()[0].data).toEqual({ "text/html": marked("old"), "text/plain": "old" });
  });

  it("is not written to when nothing has changed", () => {
    const { send, drawnAnew, saved } = shared([card()], { asValues: true });
    send(1, "Was running");
    send(2, "Was running");
    expect(saved()).toEqual([holds("Was running")]);
    expect(drawnAnew).toEqual(["there"]);
  });

  it("is not written to when only the order of what it holds differs, as in a file", () => {
    const kept = holds("Was running") as { data: object };
    kept.data = Object.fromEntries(Object.entries(kept.data).reverse());
    const { send, drawnAnew } = shared([kept], { asValues: true });
    send(1, "Was running");
    expect(drawnAnew).toEqual([]);
  });

  it("gets news at once, and what goes on without news now and then", () => {
    vi.useFakeTimers();
    const { send, follow, saved } = shared([card()]);
    const steps = (): unknown => saved()[0].data["text/plain"];
    send(1, "step 1", "Running");
    send(2, "step 2", "Running");
    send(3, "step 3", "Running");
    expect(steps()).toBe("step 1");
    vi.advanceTimersByTime(5000);
    follow();
    expect(steps()).toBe("step 3");
    send(4, "step 4", "Running");
    send(5, "all steps", "Completed");
    expect(steps()).toBe("all steps");
    send(6, "cells", "Completed");
    for (const end of ends.splice(0)) end();
    follow();
    expect(steps()).toBe("cells");
  });

  it("gets the last snapshot also when it comes to the page after that", async () => {
    const { document, send, follow, saved } = shared([card()]);
    const cells = document.cells.splice(0);
    send(1, "Completed");
    document.cells.push(...cells);
    window.document.body.innerHTML = marked("old");
    await vi.waitFor(() => expect(window.document.querySelector(".origami-widget")).toBeTruthy());
    follow();
    expect(saved()).toEqual([holds("Completed")]);
    window.document.body.replaceChildren();
  });
});
