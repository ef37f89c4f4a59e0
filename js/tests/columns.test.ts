import { describe, expect, it } from "vitest";
import type { ColumnRow } from "../src/contract";
import { columnWords } from "../src/sections/columns";

describe("a column's words", () => {
  const cases: [string, ColumnRow, string[]][] = [
    ["typed in", ["A", "input", 0, 0, 0, 0, 0, null, null, null], ["–", "–", "–", "–", "", "–"]],
    [
      "typed in, unknown",
      ["A", "input", null, null, null, null, null, null, null, null],
      ["–", "–", "–", "–", "", "–"],
    ],
    [
      "unknown",
      ["A", "enrichment", null, null, null, null, null, null, null, null],
      ["n/a", "n/a", "n/a", "n/a", "", "n/a"],
    ],
    [
      "filling",
      ["A", "enrichment", 0.8667, 3, 39, 2, 1, null, null, null],
      ["87 %", "3", "39", "2 running, ", "1 failed", "n/a"],
    ],
    [
      "failed only",
      ["A", "enrichment", 1, 3, 39, 0, 4, null, null, null],
      ["100 %", "3", "39", "", "4 failed", "n/a"],
    ],
    [
      "judged",
      ["A", "score", 1, 1.2, 18, 0, 0, 12, 2, 1],
      ["100 %", "1.2", "18", "settled", "", "12 · 2 · 1"],
    ],
    [
      "judged in part",
      ["A", "score", 1, 1.2, 18, 0, 0, 1200, null, 0],
      ["100 %", "1.2", "18", "settled", "", "1,200 · n/a · 0"],
    ],
    ["new kind", ["A", "oracle", 0, 0, 0, 0, 0, null, null, null], ["0 %", "0", "0", "not run", "", "n/a"]],
  ];
  it.each(cases)("%s", (_, row, expected) => {
    const { rate, each, credits, running, failed, verdict } = columnWords(row);
    expect([rate, each, credits, running, failed, verdict]).toEqual(expected);
  });
});
