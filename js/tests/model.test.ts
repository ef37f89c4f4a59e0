import { describe, expect, it } from "vitest";
import card from "../src/card";
import type { ChangesMessage, TableView } from "../src/contract";
import { draw } from "./draw";
import { board, drawBoard } from "./draw-board";
import { FakeModel } from "./fake-model";
import { sample } from "./samples";

const message = (change: Partial<ChangesMessage>): ChangesMessage => ({
  kind: "changes",
  seq: 1,
  items: [],
  ...change,
});

/** A model of a card that the page has opened, and its table with another name. */
function opened(): { model: FakeModel; renamed: TableView; end: () => void } {
  const view = sample("completed");
  const model = new FakeModel(view);
  const end = card.initialize({ model });
  model.sent = [];
  return { model, renamed: { ...view.tables.items[0], name: "Renamed" } as TableView, end };
}

const names = (model: FakeModel): string[] =>
  (model.get("tables") as { items: TableView[] }).items.map(({ name }) => name);

describe("the lists of a model", () => {
  it("change by messages, for later views too, and nothing is sent", () => {
    const { model, renamed } = opened();
    const first = draw(model);
    model.sent = [];
    model.emit("msg:custom", message({ items: [["items", 0, renamed]] }), []);
    for (const view of [first, draw(model)]) expect(view.text()).toContain("Renamed");
    expect(model.sent.filter(({ kind }) => kind !== "hello" && kind !== "code")).toEqual([]);
  });

  it("grow and shrink, and other values are replaced", () => {
    const { model, renamed } = opened();
    const more = {
      sizes: { items: 2 },
      items: [["items", 1, renamed]] as ChangesMessage["items"],
      values: { hidden: "1 more" },
    };
    const [before = ""] = names(model);
    model.emit("msg:custom", message(more), []);
    expect(names(model)).toEqual([before, "Renamed"]);
    expect(model.get("tables")).toMatchObject({ hidden: "1 more", seq: 1 });
    model.emit("msg:custom", message({ seq: 2, sizes: { items: 1 } }), []);
    expect(names(model)).toEqual([before]);
  });

  it("are changed once by a message that comes twice", () => {
    const { model, renamed, end } = opened();
    const again = card.initialize({ model });
    model.sent = [];
    model.emit("msg:custom", message({ items: [["items", 0, renamed]] }), []);
    expect(model.sent).toEqual([]);
    end();
    again();
    expect(model.callbacks.get("msg:custom")?.size).toBe(0);
  });

  it("ask for the whole state after a missed message, and change nothing", () => {
    const { model, renamed } = opened();
    const before = names(model);
    model.emit("msg:custom", message({ seq: 4, items: [["items", 0, renamed]] }), []);
    expect(names(model)).toEqual(before);
    expect(model.sent).toMatchObject([{ kind: "hello", list_seq: 0, keeps: null }]);
    model.failing = true;
    model.emit("msg:custom", message({ seq: 4 }), []);
  });

  it("of a board are drawn with what is there already", async () => {
    const view = board("batch");
    const on = drawBoard(view);
    const items: ChangesMessage["items"] = [["items", 4, { ...view.rows[4], name: "Lagos" }]];
    // The board's own module follows its model.
    const { default: widget } = await import("../src/board/board");
    const end = widget.initialize({ model: on.model });
    on.model.emit("msg:custom", message({ items }), []);
    await Promise.resolve();
    expect(on.rows().at(-1)?.textContent).toContain("Lagos");
    end();
  });
});
