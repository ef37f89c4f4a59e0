import { afterEach, describe, expect, it, vi } from "vitest";
import widget from "../src/index";
import { shown } from "./draw";
import { FakeModel } from "./fake-model";
import { sample } from "./samples";

const WIDGET = "application/vnd.jupyter.widget-view+json";
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
): { model: FakeModel; key: string; saved: () => unknown[] } {
  const key = `k${keys++}`;
  const document = { toJSON: () => ({ cells: [{ source: "x" }, { outputs }], nbformat: 4 }) };
  const model = new FakeModel(sample("running"));
  model.own = { key, seq: 3 };
  const get_model = async (id: string): Promise<unknown> => ({ comm_live: live && id === key });
  model.widget_manager = { context: { model: document }, get_model };
  ends.push(widget.initialize({ model }));
  return { model, key, saved: () => document.toJSON().cells[1]?.outputs ?? [] };
}

const copyOf = (key: string, words: string): string =>
  `<div class="origami-copy-${key}"><p>${words}</p></div>`;

describe("a notebook that is saved", () => {
  it("holds the copy and not the widget", () => {
    const outputs: { data?: Record<string, unknown> }[] = [];
    const { key, saved } = inLab(outputs);
    const html = copyOf(key, "Was running");
    outputs.push({ data: { [WIDGET]: { model_id: "1" }, "text/html": html, "text/plain": "Was running" } });
    expect(saved()).toEqual([{ data: { "text/html": html, "text/plain": "Was running" } }]);
    expect(outputs[0]?.data).toHaveProperty([WIDGET]);
  });

  it("holds the newest copy that the kernel sent", () => {
    const outputs: unknown[] = [];
    const { model, key, saved } = inLab(outputs);
    outputs.push({ data: { [WIDGET]: {}, "text/html": [copyOf(key, "old")], "text/plain": "old" } });
    const data = { "text/html": copyOf(key, "new"), "text/plain": "new" };
    model.emit("msg:custom", { kind: "copy", data });
    expect(saved()).toEqual([{ data }]);
  });

  it("keeps the outputs of others", () => {
    const others = [
      { data: { [WIDGET]: { model_id: "2" }, "text/html": "<p>theirs</p>" } },
      { output_type: "stream", text: "x" },
    ];
    expect(inLab(others).saved()).toEqual(others);
  });

  it("is looked at once, however many cards it has", () => {
    const toJSON = vi.fn(() => ({ cells: [] }));
    const document = { toJSON };
    for (let i = 0; i < 3; i++) {
      const model = new FakeModel(sample("running"));
      model.widget_manager = { context: { model: document } };
      ends.push(widget.initialize({ model }));
    }
    document.toJSON();
    expect(toJSON).toHaveBeenCalledOnce();
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
    output.className = `origami-copy-${key}`;
    output.append(Object.assign(document.createElement("p"), { textContent: "Was running" }));
    return output;
  };

  it("draws the card over its copy, also one that comes later", async () => {
    const { model, key } = inLab();
    const output = place(key);
    document.body.append(output);
    await vi.waitFor(() => expect(shown(output)).toContain("Running"));
    expect(shown(output)).not.toContain("Was running");
    const view = sample("cancelled");
    model.set({ head: view.head });
    expect(shown(output)).toContain("Cancelled");
  });

  it("puts the copy back when the card goes, and lets go of places that went", async () => {
    const { model, key } = inLab();
    const before = model.listeners;
    const output = place(key);
    document.body.append(output);
    await vi.waitFor(() => expect(model.listeners).toBeGreaterThan(before));
    output.remove();
    await vi.waitFor(() => expect(model.listeners).toBe(before));
    expect(shown(output)).toBe("Was running");
  });

  it("leaves the copy of a card whose kernel is gone", async () => {
    const { model, key } = inLab([], false);
    const before = model.listeners;
    document.body.append(place(key));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(shown(document.body)).toBe("Was running");
    expect(model.listeners).toBe(before);
  });

  it("asks for the copy that it has not", () => {
    expect(inLab().model.sent).toEqual([{ kind: "hello", seq: 3, copy: true }]);
  });
});
