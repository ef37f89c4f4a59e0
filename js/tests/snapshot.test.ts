import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import widget from "../src/card";
import { snapshots } from "../src/page_state";
import { shown } from "./draw";
import { FakeModel } from "./fake-model";
import { sample } from "./samples";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const STATES = "application/vnd.jupyter.widget-state+json";
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
  document.body.replaceChildren();
});

let keys = 0;

/** A model in a JupyterLab whose document holds these outputs. */
function inLab(
  outputs: unknown[] = [],
  live = true,
  key = `k${keys++}`,
): { model: FakeModel; key: string; saved: () => unknown[] } {
  const list = {
    get: (at: number) => outputs[at] as object,
    get length() {
      return outputs.length;
    },
  };
  const document = {
    toJSON: () => ({ cells: [{ source: "x" }, { outputs }], nbformat: 4 }),
    cells: [{}, { outputs: list }],
  };
  const model = new FakeModel(sample("running"));
  model.own = { key, seq: 3 };
  const get_model = async (id: string): Promise<unknown> => ({ comm_live: live && id === key });
  model.widget_manager = { context: { model: document }, get_model };
  ends.push(widget.initialize({ model }));
  return { model, key, saved: () => document.toJSON().cells[1]?.outputs ?? [] };
}

const markedWith = (key: string, words: string): string =>
  `<div class="origami-snapshot-${key}"><p>${words}</p></div>`;

describe("a notebook that is saved", () => {
  it("holds the snapshot and not the widget", () => {
    const outputs: { data?: Record<string, unknown> }[] = [];
    const { key, saved } = inLab(outputs);
    const html = markedWith(key, "Was running");
    outputs.push({ data: { [WIDGET]: { model_id: "1" }, "text/html": html, "text/plain": "Was running" } });
    expect(saved()).toEqual([{ data: { "text/html": html, "text/plain": "Was running" } }]);
    expect(outputs[0]?.data).toHaveProperty([WIDGET]);
  });

  /** The kernel sends a snapshot: whole, or what differs from the one with the number `since`. */
  const send = (model: FakeModel, number: number, since: number, html: unknown[], text: unknown[]): void =>
    model.emit("msg:custom", {
      kind: "snapshot",
      number,
      since,
      parts: { "text/html": html, "text/plain": text },
    });

  it("holds the newest snapshot, also from changes alone", () => {
    const outputs: unknown[] = [];
    const { model, key, saved } = inLab(outputs);
    const first = markedWith(key, "old");
    outputs.push({ data: { [WIDGET]: {}, "text/html": [first], "text/plain": "old" } });
    send(
      model,
      1,
      0,
      [`<div class="origami-snapshot-${key}">`, "<div>a</div><div>😀</div></div>"],
      ["a\nb\n"],
    );
    const whole = `<div class="origami-snapshot-${key}"><div>a</div><div>😀</div></div>`;
    expect(saved()).toEqual([{ data: { "text/html": whole, "text/plain": "a\nb\n" } }]);
    send(model, 2, 1, [[0, 2], "c", [3, 8]], ["c\n", [1, 2]]);
    expect(saved()).toEqual([{ data: { "text/html": whole.replace("a</", "c</"), "text/plain": "c\nb\n" } }]);
  });

  it("holds what the kernel holds, however the card changes", () => {
    const outputs: unknown[] = [];
    const { model, saved } = inLab(outputs, true, "key");
    outputs.push({ data: { "text/html": markedWith("key", "old"), "text/plain": "old" } });
    const path = join(import.meta.dirname, "../../tests/fixtures/snapshots.json");
    for (const { message, holds } of JSON.parse(readFileSync(path, "utf8"))) {
      model.emit("msg:custom", message);
      expect(saved()).toEqual([{ data: holds }]);
    }
    snapshots.delete("key");
  });

  it("asks for the whole when it has not got what a change builds on", () => {
    const outputs: unknown[] = [];
    const { model, key, saved } = inLab(outputs);
    outputs.push({ data: { "text/html": markedWith(key, "old"), "text/plain": "old" } });
    model.sent = [];
    send(model, 7, 6, [[0, 1]], [[0, 1]]);
    expect(model.sent).toEqual([{ kind: "hello", seq: 3, list_seq: 0, keeps: true }]);
    expect(saved()).toEqual(outputs);
  });

  it("holds no state of a card, which the host may have put there before", () => {
    const state = { other: { state: { value: 1 } } };
    const saved = { version_major: 2, state: { card: { state: { status: "running" } }, ...state } };
    const metadata = { kernelspec: "python3", widgets: { [STATES]: saved } };
    const document = { toJSON: () => ({ cells: [], metadata }) };
    const model = new FakeModel(sample("running"));
    model.own = { key: "card", seq: 3 };
    model.widget_manager = { context: { model: document } };
    ends.push(widget.initialize({ model }));
    model.emit("msg:custom", {
      kind: "snapshot",
      number: 1,
      since: 0,
      parts: { "text/html": [], "text/plain": [] },
    });
    expect(document.toJSON().metadata).toEqual({
      kernelspec: "python3",
      widgets: { [STATES]: { version_major: 2, state } },
    });
  });

  it("is not kept in another document than the page's manager knows", () => {
    // Two notebooks of one kernel share the manager of the first one.
    const outputs: { data?: Record<string, unknown> }[] = [];
    const { model, key } = inLab(outputs);
    const host = document.createElement("div");
    document.body.append(host);
    const draw = (): void => widget.render({ model, el: host })();
    model.sent = [];
    draw();
    expect(model.sent).toContainEqual({ kind: "hello", seq: 3, list_seq: 0, keeps: false });
    outputs.push({ data: { "text/html": markedWith(key, "Was running") } });
    model.sent = [];
    draw();
    expect(model.sent.filter(({ keeps }) => keeps === false)).toEqual([]);
  });

  it("is left to a server that saves where the page can't write into the shared document", () => {
    const model = new FakeModel(sample("running"));
    const toJSON = (): object => ({ cells: [] });
    const document = { toJSON, collaborative: true, cells: [{ outputs: { length: 0 }, sharedModel: {} }] };
    model.own = { key: "k", seq: 3 };
    model.widget_manager = { context: { model: document } };
    ends.push(widget.initialize({ model }));
    expect(document.toJSON).toBe(toJSON);
    expect(model.sent).toEqual([{ kind: "hello", seq: 3, list_seq: 0, keeps: false }]);
  });

  it("keeps the outputs of others", () => {
    const others = [
      { data: { [WIDGET]: { model_id: "2" }, "text/html": "<p>theirs</p>" } },
      { output_type: "stream", text: "x" },
    ];
    expect(inLab(others).saved()).toEqual(others);
  });

  it("is left alone by hosts that save in another way", () => {
    for (const manager of [undefined, {}, { context: null }, { context: { model: { toJSON: 7 } } }]) {
      const model = new FakeModel(sample("running"));
      model.widget_manager = manager;
      ends.push(widget.initialize({ model }));
    }
  });
});

describe("a page that was loaded again", () => {
  const place = (key: string): HTMLElement => {
    const output = document.createElement("div");
    output.className = `origami-snapshot-${key}`;
    output.append(Object.assign(document.createElement("p"), { textContent: "Was running" }));
    return output;
  };

  it("draws the card over its snapshot, also one that comes later", async () => {
    const { model, key } = inLab();
    const output = place(key);
    document.body.append(output);
    await vi.waitFor(() => expect(shown(output)).toContain("Running"));
    expect(shown(output)).not.toContain("Was running");
    const view = sample("cancelled");
    model.set({ head: view.head });
    expect(shown(output)).toContain("Stopped");
  });

  it("puts the snapshot back when the card goes", async () => {
    const { model, key } = inLab();
    const before = model.listeners;
    const output = place(key);
    document.body.append(output);
    await vi.waitFor(() => expect(model.listeners).toBeGreaterThan(before));
    output.remove();
    await vi.waitFor(() => expect(model.listeners).toBe(before));
    expect(shown(output)).toBe("Was running");
    document.body.append(output);
    await vi.waitFor(() => expect(model.listeners).toBeGreaterThan(before));
    const parts = { "text/html": [markedWith(key, "Completed")], "text/plain": ["Completed"] };
    model.emit("msg:custom", { kind: "snapshot", number: 1, since: 0, parts });
    output.remove();
    await vi.waitFor(() => expect(shown(output)).toBe("Completed"));
  });

  it("leaves the snapshot of a card whose kernel is gone", async () => {
    const { model, key } = inLab([], false);
    const before = model.listeners;
    document.body.append(place(key));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(shown(document.body)).toBe("Was running");
    expect(model.listeners).toBe(before);
  });
});
