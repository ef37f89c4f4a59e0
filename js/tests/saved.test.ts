import type { IRenderMimeRegistry, MimeModel, Renderer } from "@jupyterlab/rendermime";
import { Widget } from "@lumino/widgets";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type BoardView, SAVED_TYPES, SAVED_VERSION, type SavedView, type View } from "../src/contract";
import { keyedList } from "../src/dom";
import { clockTime } from "../src/format";
import { renderSavedCards } from "../src/labextension/renderer";
import { snapshots as held } from "../src/page_state";
import { LEADS_NOT_SAVED } from "../src/words";
import { isOff, shown, visible, within } from "./draw";
import { board } from "./draw-board";
import { NAMES, sample } from "./samples";

const [RUN, BOARD] = SAVED_TYPES;
const HTML = '<div class="origami-snapshot-k1">as HTML</div>';
const opened: Widget[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.dispose();
  held.clear();
});

/** What the host itself shows of HTML and text. */
class HostRenderer extends Widget implements Renderer {
  constructor(readonly type: string) {
    super();
  }
  async renderModel({ data }: MimeModel): Promise<void> {
    this.node.textContent = `the host's own ${this.type}: ${data[this.type]}`;
  }
}

/** A host that shows an output whose data is this, by the extension's renderer. */
async function output(type: string, value: unknown, others: object = { "text/html": HTML }): Promise<Widget> {
  let made: Renderer | undefined;
  const registry: IRenderMimeRegistry = {
    addFactory: ({ mimeTypes, safe, createRenderer }) => {
      expect(mimeTypes).toContain(type);
      expect(safe).toBe(false);
      made = createRenderer({ mimeType: type });
    },
    createRenderer: (mimeType) => new HostRenderer(mimeType),
  };
  renderSavedCards(registry);
  const renderer = made as Renderer;
  Widget.attach(renderer, document.body);
  opened.push(renderer);
  await renderer.renderModel({ data: { [type]: value, ...others } });
  return renderer;
}

const saved = (view: View | BoardView): SavedView => {
  Object.assign(view.head, { form: "snapshot", as_of: "Snapshot of 2026-07-21 09:18 UTC" });
  return { version: SAVED_VERSION, view: JSON.stringify(view) };
};
const buttons = (card: Widget): HTMLButtonElement[] => [...within(card.node).querySelectorAll("button")];
const press = (card: Widget, label: string): void => {
  const found = buttons(card).find((each) => shown(each).startsWith(label) && visible(each, card.node));
  if (!found) throw new Error(`No button says "${label}"`);
  found.click();
};

describe("a saved card", () => {
  it.each(NAMES)("is drawn from what was saved: %s", async (name) => {
    const problems = vi.spyOn(console, "error");
    const view = sample(name);
    const card = await output(RUN, saved(view));
    expect(shown(card.node)).toContain("Snapshot of 2026-07-21 09:18 UTC");
    expect(shown(card.node)).toContain(view.head.line);
    for (const { value } of view.result.figures) expect(shown(card.node)).toContain(value);
    expect(problems).not.toHaveBeenCalled();
  });

  it("sorts and copies", async () => {
    const write = vi.fn(async () => {});
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: write } });
    const view = sample("conversation");
    const card = await output(RUN, saved(view));
    const inside = within(card.node);
    const names = (): string[] =>
      [...inside.querySelectorAll("tbody th")].map((each) => shown(each as HTMLElement));
    const before = names();
    press(card, "Credits");
    press(card, "Credits");
    expect(names()).toEqual([...before].reverse());
    press(card, "⋯");
    press(card, "Copy");
    expect(write).toHaveBeenCalledWith(view.head.line);
    vi.unstubAllGlobals();
  });

  it("says that its leads are not saved", async () => {
    const view = sample("completed");
    const card = await output(RUN, saved(view));
    expect(shown(within(card.node).querySelector(".panel") as HTMLElement)).toContain(LEADS_NOT_SAVED);
    view.tables.leads = false;
    const without = await output(RUN, saved(view));
    expect(shown(without.node)).not.toContain("Leads");
  });

  it("has a place that the live card is drawn over", async () => {
    const card = await output(RUN, saved(sample("running")));
    expect(card.node.querySelectorAll(".origami-snapshot-k1")).toHaveLength(1);
  });

  it("is drawn anew when its output is replaced, and leaves nothing behind", async () => {
    const card = (await output(RUN, saved(sample("running")))) as Renderer;
    await card.renderModel({ data: { [RUN]: saved(sample("completed")), "text/html": HTML } });
    expect(card.node.querySelectorAll(".origami-widget")).toHaveLength(1);
    expect(shown(card.node)).toContain("Completed");
    card.dispose();
    opened.length = 0;
    expect(document.querySelector(".origami-widget")).toBeNull();
  });
});

describe("a saved board", () => {
  it("can be filtered and sorted; no row opens", async () => {
    const view = board("batch");
    const shownBoard = await output(
      BOARD,
      saved({ ...view, head: { ...view.head, open: view.rows[0]?.token ?? "" } }),
    );
    const inside = within(shownBoard.node);
    const rows = (): string[] =>
      [...inside.querySelectorAll<HTMLElement>("tbody > tr")].filter((row) => !row.hidden).map(shown);
    expect(rows()).toHaveLength(view.rows.length);
    press(shownBoard, "Name");
    expect(rows()[0]).toContain("Faro");
    press(shownBoard, "Name");
    expect(rows()[0]).toContain("Porto");
    const field = inside.querySelector("input") as HTMLInputElement;
    field.value = "Porto";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    expect(rows()).toHaveLength(1);
    expect(
      buttons(shownBoard)
        .filter((each) => each.matches(".brief"))
        .every(isOff),
    ).toBe(true);
  });
});

describe("a saved board that is opened later", () => {
  it("is as old as it was when it was saved, however long it stays open", async () => {
    vi.useFakeTimers();
    try {
      // The last check was some seconds before, but in the same minute.
      vi.setSystemTime(new Date().setSeconds(50));
      const view = board("every_state");
      vi.setSystemTime(view.clock.now);
      const at = clockTime(view.clock.now);
      vi.setSystemTime(view.clock.now + 26 * 3_600_000 + 17 * 60_000);
      const later = clockTime(view.clock.now);
      expect(later).not.toBe(at);
      const card = await output(BOARD, saved(view));
      const head = (): string => shown(within(card.node).querySelector(".board-head") as HTMLElement);
      expect(head()).toContain(`last update ${later}`);
      vi.advanceTimersByTime(120_000);
      expect(head()).toContain(`last update ${later}`);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a list of equal entries", () => {
  it("does not look through all of them for each", () => {
    const looked = [vi.spyOn(Map.prototype, "has"), vi.spyOn(Map.prototype, "get")];
    const list = keyedList(
      document.createElement("div"),
      () => ({ node: document.createElement("p"), update: () => {} }),
      "key",
    );
    list.update(Array.from({ length: 500 }, () => ({ key: "same" })));
    expect(list.node.childNodes).toHaveLength(500);
    const times = looked.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    for (const each of looked) each.mockRestore();
    expect(times).toBeLessThan(10 * 500);
  });
});

describe("what this extension cannot draw", () => {
  const view = JSON.stringify(sample("completed"));
  it.each([
    ["of an older kernel", { version: SAVED_VERSION - 1, view }],
    ["of a newer kernel", { version: SAVED_VERSION + 1, view }],
    ["of no version", { view }],
    ["with a view that is no JSON", { version: SAVED_VERSION, view: "{" }],
    ["with a view that is none", { version: SAVED_VERSION, view: "[]" }],
    ["that is nothing", null],
    ["that is text", "text"],
  ])("is shown as the host shows its HTML: one %s", async (_, value) => {
    const problems = vi.spyOn(console, "error");
    for (const type of SAVED_TYPES) {
      const instead = await output(type, value);
      expect(instead.node.textContent).toBe(`the host's own text/html: ${HTML}`);
      expect(instead.node.querySelector(".origami-widget")).toBeNull();
    }
    expect(problems).not.toHaveBeenCalled();
  });

  it("is shown as text where no HTML stands beside it, and else as nothing", async () => {
    const text = await output(RUN, {}, { "text/plain": "as text" });
    expect(text.node.textContent).toBe("the host's own text/plain: as text");
    expect((await output(RUN, {}, {})).node.textContent).toBe("");
  });
});
