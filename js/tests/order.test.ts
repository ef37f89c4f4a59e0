import { describe, expect, it } from "vitest";
import { type Item, type Key, matches, sharedStart, sorted } from "../src/board/order";
import type { BoardRow, CheckTimes } from "../src/contract";
import { numbers, row } from "./draw-board";

const item = (change: Partial<BoardRow>, moments: CheckTimes = [1000, 2000, 15, "live"]): Item => ({
  row: row(change),
  moments,
});

const positions = (items: readonly Item[], key: Key, down: boolean): number[] =>
  sorted(items, { column: key, direction: down ? "desc" : "asc" }).map((each) => each.row.position);

/** Rows in the order of the board with these values. */
const having = <K extends keyof BoardRow>(key: K, ...values: BoardRow[K][]): Item[] =>
  values.map((value, position) => item({ position, [key]: value }));

describe("the order of rows", () => {
  it.each<[Key, number]>([
    ["leads", 0],
    ["qualified", 1],
    ["credits", 2],
  ])("by %s is by size, and missing numbers come last in both directions", (key, at) => {
    const keys = (value: number | null) => [1, 1, 1].map((other, place) => (place === at ? value : other));
    const items = having("keys", ...[5, null, 0, 1_000_000_000_000, null, 7].map(keys));
    expect(positions(items, key, true)).toEqual([3, 5, 0, 2, 1, 4]);
    expect(positions(items, key, false)).toEqual([2, 0, 5, 3, 1, 4]);
  });

  it("by price is by size, and rows without one come last", () => {
    const items = having("keys", ...[5, null, 0.5].map((price) => [1, 1, 1, price]));
    expect(positions(items, "price", false)).toEqual([2, 0, 1]);
    expect(positions(items, "price", true)).toEqual([0, 2, 1]);
  });

  it("by status begins with what needs a person", () => {
    const items = having("stage", "ended", "waiting", "filling", "running", "failed", "needs_you");
    expect(positions(items, "status", false)).toEqual([5, 4, 3, 2, 1, 0]);
    expect(positions(items, "status", true)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("of start is that of the board, whatever order they come in", () => {
    const items = [2, 0, 3, 1].map((position) => item({ position }));
    expect(sorted(items, null).map((each) => each.row.position)).toEqual([0, 1, 2, 3]);
  });

  it("by name is as people sort names, and by brief where there is none", () => {
    const items = having("name", "Region 10", "porto", "", "Évora", "Region 9", "Faro");
    Object.assign(items[2]?.row ?? {}, { prompt: "Lisbon bakeries" });
    expect(positions(items, "name", false)).toEqual([3, 5, 2, 1, 4, 0]);
    expect(positions(items, "name", true)).toEqual([0, 4, 1, 2, 5, 3]);
  });

  it.each<Key>(["status", "leads", "qualified", "credits", "time"])(
    "by %s leaves equals in the order of the board, in both directions",
    (key) => {
      const items = [3, 1, 2, 0].map((position) => item({ position, ...numbers(4, 4, 4) }));
      expect(positions(items, key, true)).toEqual([0, 1, 2, 3]);
      expect(positions(items, key, false)).toEqual([0, 1, 2, 3]);
    },
  );

  it("by time is by length, and what has not begun comes last", () => {
    const begun = { started_at: 1_000 };
    const items = [
      item({ position: 0, ...begun }, [5_000, null, null, "live"]),
      item({ position: 1, started_at: null }, [5_000, null, null, "live"]),
      item({ position: 2, ...begun }, [9_000, null, null, "live"]),
      item({ position: 3, ...begun }, [null, null, null, "stopped"]),
    ];
    expect(positions(items, "time", true)).toEqual([2, 0, 1, 3]);
    expect(positions(items, "time", false)).toEqual([0, 2, 1, 3]);
  });
});

describe("the filter", () => {
  const bakery = item({
    name: "Évora",
    prompt: "Find Bäckereien in São Paulo",
    status_label: "Needs your answer",
    stage: "needs_you",
    note: "2 questions",
    token: "6b1f0a8e-2f3b/v2_run-01K0C4",
  });

  it.each([
    "",
    "   ",
    "find",
    "FIND",
    "evora",
    "évora",
    "E\u0301vora",
    "backereien",
    "sao paulo",
    "  paulo   find ",
    "needs answer",
    "2 questions",
    "6b1f0a8e",
    "6b1f0a8e-2f3b/v2_run-01k0c4",
    "run-01K0",
    "evora questions answer",
  ])("finds it by “%s”", (words) => expect(matches(bakery, words, "")).toBe(true));

  it.each(["dentist", "find dentist", "evorax", "9 questions", ".*", "[", "\\", "%"])(
    "does not find it by “%s”",
    (words) => expect(matches(bakery, words, "")).toBe(false),
  );

  it("wants both the words and the stage", () => {
    expect(matches(bakery, "evora", "needs_you")).toBe(true);
    expect(matches(bakery, "evora", "failed")).toBe(false);
    expect(matches(bakery, "dentist", "needs_you")).toBe(false);
    expect(matches(bakery, "", "needs_you")).toBe(true);
  });

  it("finds Turkish and full-width letters by plain ones", () => {
    expect(matches(item({ prompt: "İstanbul ＢＡＫＥＲＹ" }), "istanbul bakery", "")).toBe(true);
  });
});

it.each<[string[], string]>([
  [["Find 20 bakeries in Faro with a shop", "Find 20 bakeries in Porto"], "Find 20 bakeries in "],
  [["Find bakeries", "Find bakers"], "Find "],
  [["Find bakeries", "Find bakeries"], ""],
  [["Find bakeries", "Find bakeries in Porto"], "Find "],
  [["Bakeries", "Dentists"], ""],
  [["Bakeries", ""], ""],
  [["Find bakeries"], ""],
  [[], ""],
])("the briefs %j begin alike with %j", (texts, start) => {
  expect(sharedStart(texts)).toBe(start.length);
});
