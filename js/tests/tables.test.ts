import { describe, expect, it } from "vitest";
import type { ColumnRow, View } from "../src/contract";
import { active, type Drawn, draw, shown } from "./draw";
import { sample } from "./samples";

const row = (name: string, credits: number | null, failed = 0): ColumnRow => [
  name,
  "enrichment",
  0.5,
  1,
  credits,
  0,
  failed,
  null,
  null,
  null,
];
const NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"];

function withColumns(columns: ColumnRow[], hidden = 0): (view: View) => void {
  return ({ tables }) => {
    Object.assign(tables.items[0] ?? {}, { columns, columns_hidden: hidden });
  };
}

const names = (card: Drawn): string[] => card.all("tbody th bdi").map((each) => each.textContent ?? "");

function order(card: Drawn, by: string): void {
  const select = card.one<HTMLSelectElement>("select");
  select.selectedIndex = [...select.options].findIndex((each) => each.textContent === by);
  select.dispatchEvent(new Event("change"));
}

/** The kernel's answer to a question for all columns. */
function answer(card: Drawn, columns: ColumnRow[], hidden = 0): void {
  const table = sample("completed").tables.items[0]?.id ?? "";
  card.model.emit("msg:custom", { kind: "columns", table, columns, hidden });
}

const asked = (card: Drawn): number => card.model.sent.filter(({ kind }) => kind === "columns").length;

describe("columns", () => {
  it("are ordered by what they cost, with those nobody told of last, and go back to the table's order", () => {
    const costs = [3, null, 9, 0, 4];
    const rows = NAMES.map((name, index) => row(name, costs[index] ?? null));
    const card = draw("completed", withColumns(rows));
    order(card, "credits");
    expect(names(card)).toEqual(["gamma", "epsilon", "alpha", "delta", "beta"]);
    order(card, "table order");
    expect(names(card)).toEqual(NAMES);
    expect(asked(card)).toBe(0);
  });

  it("keep their order while cells fail", () => {
    const rows = NAMES.map((name) => row(name, 1));
    const card = draw("completed", withColumns(rows));
    order(card, "failed cells");
    const view = sample("completed");
    withColumns(NAMES.map((name, index) => row(name, 1, index)))(view);
    card.model.set({ tables: view.tables });
    expect(names(card)).toEqual([...NAMES].reverse());
  });

  it("that are few need no order", () => {
    const card = draw("completed");
    expect(card.one("select").closest<HTMLElement>("label")?.hidden).toBe(true);
  });

  it("that the view leaves out come when all are asked for, and are named until then", () => {
    const rows = NAMES.map((name) => row(name, 1));
    const card = draw("completed", withColumns(rows, 7));
    expect(names(card)).toEqual(NAMES);
    card.button("All 12 columns").click();
    expect(asked(card)).toBe(1);
    expect(card.text()).toContain("7 columns not shown: ow.columns_frame(run)");
    const all = Array.from({ length: 12 }, (_, index) => row(NAMES[index] ?? `column ${index}`, 2));
    answer(card, all);
    expect(names(card).length).toBe(12);
    expect(card.text()).not.toContain("not shown");
  });

  it("are all compared when they are ordered, and follow what changes", () => {
    const rows = NAMES.map((name) => row(name, 1));
    const card = draw("completed", withColumns(rows, 2));
    order(card, "credits");
    expect(asked(card)).toBe(1);
    answer(card, [row("dearest", 50), ...rows, row("cheap", 0)]);
    expect(names(card)[0]).toBe("dearest");
    const view = sample("completed");
    withColumns([row("alpha", 99), ...rows.slice(1)], 2)(view);
    card.model.set({ tables: view.tables });
    expect(names(card).slice(0, 2)).toEqual(["alpha", "dearest"]);
    expect(asked(card)).toBe(2);
  });

  it("of a card without a kernel stay those that are known", () => {
    const card = draw(
      "completed",
      withColumns(
        NAMES.map((name) => row(name, 1)),
        7,
      ),
    );
    card.model.comm_live = false;
    card.model.emit("comm_live_update");
    card.button("All 12 columns").click();
    expect(asked(card)).toBe(0);
    expect(card.text()).toContain("7 columns not shown");
  });
});

describe("tables", () => {
  it("come one by one, and go", () => {
    const card = draw("running_many");
    const view = sample("running_many");
    const before = card.all(".table").length;
    expect(before).toBeGreaterThan(1);
    view.tables.items.pop();
    card.model.set({ tables: view.tables });
    expect(card.all(".table").length).toBe(before - 1);
  });
});

describe("the focus", () => {
  it("goes to the card when what had it went away", () => {
    const card = draw("reconnecting");
    const button = card.button("Try now");
    button.focus();
    button.checkVisibility = () => button.isConnected;
    card.model.set({ notices: [] });
    expect(active()).toBe(card.one(".origami-card"));
  });

  it("stays where it is while it can be seen", () => {
    const card = draw("completed");
    const button = card.button("Add opening hours");
    button.checkVisibility = () => true;
    button.focus();
    card.model.set({ head: { ...sample("completed").head, model: "origami-lite" } });
    expect(active()).toBe(button);
  });
});

describe("a card that stopped checking", () => {
  it("tells what it last knew as the past, and checks again when told to", () => {
    const card = draw("stopped");
    expect(card.text()).toContain("Last seen: Running");
    expect(card.text()).toContain("when last seen");
    expect(card.text()).not.toContain("running for");
    card.button("Check again").click();
    expect(card.model.commands().map(({ name }) => name)).toEqual(["check_now"]);
  });
});

describe("leads that are being read", () => {
  const lines = (card: Drawn): string[] => card.all(".table summary").map(shown);
  const says = "reading leads: 400 of 1,240";
  const read = (card: Drawn, ...reading: string[]): void =>
    card.model.set({ tables: { ...sample("reading").tables, reading } });

  it("are told at their own table, and no more when nobody reads", () => {
    const card = draw("reading");
    const nodes = card.all("*");
    expect(lines(card)[0]).toContain(`per qualified lead · ${says} 2 cells still filling`);
    expect(lines(card)[1]).not.toContain("reading");
    read(card, "", "reading leads: 5 so far");
    expect(lines(card)[0]).not.toContain("reading");
    expect(lines(card)[1]).toContain("per qualified lead · reading leads: 5 so far 2 cells");
    read(card);
    expect(card.text()).not.toContain("reading leads");
    expect(card.all("*")).toEqual(nodes);
  });

  it("are not announced", () => {
    const card = draw("running_many");
    read(card, says);
    read(card);
    expect(card.one("[role=status], .hidden").textContent).toBe("");
  });

  it("are not told of by a kernel that is gone or has not spoken yet", () => {
    const gone = draw("reading");
    gone.model.comm_live = false;
    gone.model.emit("comm_live_update");
    expect(gone.text()).not.toContain("reading leads");
    const view = sample("reading", Date.now() - 3_600_000);
    const restored = draw(view);
    expect(restored.text()).not.toContain("reading leads");
    restored.model.emit("msg:custom", { kind: "clock", clock: sample("reading").clock });
    expect(restored.text()).toContain(says);
  });
});
