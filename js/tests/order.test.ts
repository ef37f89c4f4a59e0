import { describe, expect, it } from "vitest";
import { DOWN, type Item, type Key, matches, STAGES, sorted } from "../src/board/order";
import type { BoardRow, CheckTimes, Stage } from "../src/contract";
import { row } from "./draw-board";

const item = (change: Partial<BoardRow>, moments: CheckTimes = [1000, 2000, 15, "live"]): Item => ({
  row: row(change),
  moments,
});

const positions = (items: readonly Item[], key: Key, down: boolean): number[] =>
  sorted(items, key, down).map((each) => each.row.position);

/** Rows in the order of the board with these values. */
const having = <K extends keyof BoardRow>(key: K, ...values: BoardRow[K][]): Item[] =>
  values.map((value, position) => item({ position, [key]: value }));

describe("the order of rows", () => {
  it.each<[Key, keyof BoardRow]>([
    ["leads", "leads"],
    ["credits", "credits"],
    ["steps", "steps_completed"],
  ])("by %s begins with the largest, and what nobody told comes last in both directions", (key, field) => {
    const items = having(field, 5, null, 0, 1_000_000_000_000, null, 7);
    expect(DOWN.has(key)).toBe(true);
    expect(positions(items, key, true)).toEqual([3, 5, 0, 2, 1, 4]);
    expect(positions(items, key, false)).toEqual([2, 0, 5, 3, 1, 4]);
  });

  it("by status begins with what wants a person", () => {
    const items = having("stage", "ended", "waiting", "filling", "running", "failed", "needs_you");
    expect(sorted(items, "status", false).map((each) => each.row.stage)).toEqual(STAGES);
    expect(sorted(items, "status", true).map((each) => each.row.stage)).toEqual([...STAGES].reverse());
  });

  it("has a place for every stage", () => {
    const all: Record<Stage, true> = {
      waiting: true,
      running: true,
      filling: true,
      needs_you: true,
      failed: true,
      ended: true,
    };
    expect([...STAGES].sort()).toEqual(Object.keys(all).sort());
  });

  it("by run is that of the board, whatever order they come in", () => {
    const items = [2, 0, 3, 1].map((position) => item({ position }));
    expect(positions(items, "run", false)).toEqual([0, 1, 2, 3]);
    expect(positions(items, "run", true)).toEqual([3, 2, 1, 0]);
  });

  it.each<Key>(["status", "steps", "leads", "credits", "age"])(
    "by %s leaves equals in the order of the board, in both directions",
    (key) => {
      const items = [3, 1, 2, 0].map((position) => item({ position, leads: 4, credits: 4 }));
      expect(positions(items, key, true)).toEqual([0, 1, 2, 3]);
      expect(positions(items, key, false)).toEqual([0, 1, 2, 3]);
    },
  );

  it("by age begins with the youngest, and what was never heard comes last", () => {
    const items = [
      item({ position: 0 }, [5_000, null, null, "live"]),
      item({ position: 1 }, [null, null, null, "ended"]),
      item({ position: 2 }, [9_000, null, null, "live"]),
      item({ position: 3 }, [1_000, null, null, "stopped"]),
    ];
    expect(positions(items, "age", false)).toEqual([2, 0, 3, 1]);
    expect(positions(items, "age", true)).toEqual([3, 0, 2, 1]);
  });

  it("by age takes the end of what has settled, and the last check of what fills", () => {
    const over = { done: true, completed_at: 2_000 };
    const items = [
      item({ position: 0, ...over, settled: true }, [9_000, null, null, "ended"]),
      item({ position: 1, ...over, settled: false }, [8_000, null, null, "live"]),
      item({ position: 2, done: true, settled: true, completed_at: null }, [3_000, null, null, "ended"]),
    ];
    expect(positions(items, "age", false)).toEqual([1, 2, 0]);
  });

  it("changes neither what it is given nor how many there are", () => {
    const items = having("leads", 1, 3, 2);
    const before = [...items];
    expect(sorted(items, "leads", true)).toHaveLength(3);
    expect(items).toEqual(before);
    expect(sorted([], "age", true)).toEqual([]);
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
