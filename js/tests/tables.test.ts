import { describe, expect, it, vi } from "vitest";
import type { Grid, TableView, View } from "../src/contract";
import { active, type Drawn, draw, press, shown, visible } from "./draw";
import { sample } from "./samples";

const NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"];

/** Columns with these costs. */
const gridOf = (costs: (number | null)[], names = NAMES): Grid => ({
  heads: ["Column", "Credits", "Verdicts"],
  form: "trl",
  rows: costs.map((cost, at) => [names[at] ?? `column ${at}`, `${cost ?? ""}`, ""]),
});

const withColumns =
  (columns: Grid) =>
  ({ tables }: View): void => {
    tables.leads = false;
    Object.assign(tables.items[0] ?? {}, { columns, columns_note: `${columns.rows.length} columns` });
  };

/** A card that may not show leads: it shows the columns of its table. */
const drawColumns = (columns: Grid): Drawn => draw("completed", withColumns(columns));

const names = (card: Drawn): string[] => card.all(".grid tbody th").map(shown);
function setColumns(card: Drawn, columns: Grid): void {
  const view = sample("completed");
  withColumns(columns)(view);
  card.model.set({ tables: view.tables });
}

describe("a table of numbers", () => {
  it("is sorted by a heading: largest, smallest; missing last", () => {
    const card = drawColumns(gridOf([3, null, 9, 0, 4]));
    const heading = card.all<HTMLElement>(".grid thead th")[1] as HTMLElement;
    expect(heading.ariaSort).toBeFalsy();
    for (const [direction, expected] of [
      ["descending", ["gamma", "epsilon", "alpha", "delta", "beta"]],
      ["ascending", ["delta", "alpha", "epsilon", "gamma", "beta"]],
    ] as const) {
      card.button("Credits").focus();
      card.button("Credits").click();
      expect(names(card)).toEqual(expected);
      const now = card.all<HTMLElement>(".grid thead th")[1] as HTMLElement;
      expect(now.getAttribute("aria-sort")).toBe(direction);
      expect(active()).toBe(card.button("Credits"));
    }
  });

  it("stays sorted while its numbers change, and keeps its nodes", () => {
    const card = drawColumns(gridOf([1, 2, 3, 4, 5]));
    card.button("Credits").click();
    const rows = card.all(".grid tr");
    card.model.set({ result: sample("running").result });
    expect(card.all(".grid tr")).toEqual(rows);
    setColumns(card, gridOf([9, 2, 3, 4, 5]));
    expect(names(card)).toEqual(["alpha", "epsilon", "delta", "gamma", "beta"]);
  });

  it("can be sorted by numbers only, and has headings both ways", () => {
    const card = drawColumns(gridOf([1, 2]));
    expect(card.all(".grid thead button").map(shown)).toEqual(["Credits"]);
    expect(card.all<HTMLTableCellElement>(".grid thead th").map(({ scope }) => scope)).toEqual([
      "col",
      "col",
      "col",
    ]);
    expect(card.all<HTMLTableCellElement>(".grid tbody th").map(({ scope }) => scope)).toEqual([
      "row",
      "row",
    ]);
  });

  it("is sorted by the numbers of its own column", () => {
    const card = drawColumns({
      heads: ["Column", "Tried", "Note", "Credits"],
      form: "trlr",
      rows: [
        ["alpha", "10 %", "", "5"],
        ["beta", "90 %", "", "1"],
      ],
    });
    card.button("Credits").click();
    expect(names(card)).toEqual(["alpha", "beta"]);
    card.button("Tried").click();
    expect(names(card)).toEqual(["beta", "alpha"]);
  });
});

it("columns say why there are none", () => {
  const card = drawColumns(gridOf([]));
  expect(card.one(".panel .empty").textContent).toBe("0 columns");
});

describe("tabs", () => {
  const tabsOf = (card: Drawn): HTMLButtonElement[] => card.all<HTMLButtonElement>("[role=tab]");
  const selected = (card: Drawn): number =>
    tabsOf(card).findIndex(({ ariaSelected }) => ariaSelected === "true");

  it("have ARIA's roles, and one of them is in the order of Tab", () => {
    const card = draw("large");
    const panel = card.one("[role=tabpanel]");
    const tabs = tabsOf(card);
    expect(card.one("[role=tablist]").ariaLabel).toBeTruthy();
    expect(tabs.filter(({ tabIndex }) => tabIndex === 0)).toEqual([tabs[selected(card)]]);
    for (const tab of tabs) expect(tab.getAttribute("aria-controls")).toBe(panel.id);
    expect(new Set(tabs.map(({ id }) => id)).size).toBe(tabs.length);
    expect(panel.getAttribute("aria-labelledby")).toBe(tabs[0]?.id);
  });

  it("are chosen by the arrows, around the ends, and by Home and End", () => {
    const card = draw("large");
    const last = tabsOf(card).length - 1;
    tabsOf(card)[0]?.focus();
    for (const [key, expected] of [
      ["ArrowRight", 1],
      ["ArrowLeft", 0],
      ["ArrowLeft", last],
      ["ArrowRight", 0],
      ["End", last],
      ["Home", 0],
      ["ArrowDown", 0],
    ] as const) {
      press(key);
      expect([key, selected(card)]).toEqual([key, expected]);
      expect(active()).toBe(tabsOf(card)[expected]);
      expect(active().tabIndex).toBe(0);
    }
  });

  it("show one table at a time, with its own columns", () => {
    const card = draw("large", (view) => {
      view.tables.leads = false;
    });
    const { items } = sample("large").tables;
    for (const at of [0, 3]) {
      tabsOf(card)[at]?.click();
      expect(names(card)).toEqual(items[at]?.columns.rows.map(([name]) => name));
    }
  });

  it("come one by one, and go; the chosen one stays chosen until it goes", () => {
    const card = draw("running_many");
    const { tables } = sample("running_many");
    tabsOf(card)[1]?.click();
    const [first, second] = tables.items as [TableView, TableView];
    card.model.set({ tables: { ...tables, items: [{ ...first, id: "new", name: "New" }, first, second] } });
    expect(tabsOf(card).map((tab) => shown(tab).replace(/ [\d,]+$/, ""))).toEqual([
      "New",
      first.name,
      second.name,
    ]);
    expect(selected(card)).toBe(2);
    card.model.set({ tables: { ...tables, items: [first] } });
    expect(tabsOf(card)).toHaveLength(1);
    expect(selected(card)).toBe(0);
  });

  it("ask for no leads where the card may not show them", () => {
    const card = draw("completed", (view) => {
      view.tables.leads = false;
    });
    expect(card.model.sent.filter(({ kind }) => kind === "code" || kind === "leads")).toEqual([]);
  });

  it("begin with the question, which comes to the front; the leads stay one tab away", () => {
    const card = draw("asks_beside");
    const { ask } = sample("asks_beside");
    expect(shown(tabsOf(card)[0] as HTMLElement)).toBe(`Question ${ask?.questions.length}`);
    expect([selected(card), card.all(".ask").length]).toEqual([0, 1]);
    const foot = card.one(".foot");
    expect(shown(foot)).toContain(`${ask?.send.label}0 of`);
    tabsOf(card)[1]?.click();
    expect([selected(card), card.all(".ask").length]).toEqual([1, 0]);
    expect(shown(foot)).not.toContain(ask?.send.label);
    card.model.set({ ask: null });
    expect(tabsOf(card)).toHaveLength(sample("asks_beside").tables.items.length);
  });
});

describe("the body", () => {
  it("is not there before there are leads", () => {
    for (const name of ["starting", "running"]) {
      const card = draw(name);
      expect(visible(card.one(".tables"), card.host)).toBe(false);
    }
  });
});

describe("the focus", () => {
  it("goes to the card when the focused node went away", () => {
    const card = draw("reconnecting");
    const button = card.button("Retry now");
    button.focus();
    button.checkVisibility = () => !button.closest("[hidden]");
    card.model.set({ notices: [] });
    expect(active()).toBe(card.one(".origami-card"));
  });

  it("stays where it is while it can be seen", () => {
    const card = draw("completed");
    const button = card.button("Follow up");
    button.checkVisibility = () => true;
    button.focus();
    card.model.set({ head: { ...sample("completed").head, reply: "Answered" } });
    expect(active()).toBe(button);
  });
});

describe("a card that stopped checking", () => {
  it("says what it last knew as the past, and checks again on request", () => {
    vi.useFakeTimers();
    const card = draw("stopped");
    expect(shown(card.one(".pill"))).toBe("Was running");
    expect(card.text()).toContain("last update 2 min ago");
    card.button("Check now").click();
    expect(card.model.commands().map(({ name }) => name)).toEqual(["check_now"]);
    vi.useRealTimers();
  });
});
