// @vitest-environment node

import { describe, expect, it } from "vitest";
import cases from "../../tests/fixtures/format_cases.json";
import { age, clockTime, duration, filled } from "../src/format";

const format: Record<string, (seconds: number) => string> = { age, duration };

describe("lengths of time", () => {
  // Python says them in the snapshot; both have the same words.
  it.each(cases.filter(({ kind, value }) => format[kind] && value !== null))(
    "$kind of $value s is $text",
    ({ kind, value, text }) => {
      expect(format[kind]?.(value as number)).toBe(text);
    },
  );

  it("are never negative", () => {
    expect([age(-5), duration(-5)]).toEqual(["just now", "0 s"]);
  });
});

describe("a time of day", () => {
  it("has its date unless it is today's", () => {
    const noon = new Date();
    noon.setHours(12, 17, 0, 0);
    expect(clockTime(noon.getTime())).toBe("12:17");
    expect(clockTime(new Date(2021, 6, 21, 9, 5).getTime())).toBe("21 Jul, 09:05");
  });
});

describe("words with a place for a count", () => {
  it("get the count", () => {
    expect(filled("{} of 2 answered", 1)).toBe("1 of 2 answered");
    expect(filled("checking…", 1)).toBe("checking…");
  });
});
