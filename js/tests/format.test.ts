import { describe, expect, it } from "vitest";
import cases from "../../tests/fixtures/format_cases.json";
import * as format from "../src/format";

type Kind = "duration" | "age" | "percent" | "credits" | "count";

describe("number words", () => {
  it.each(cases)("$kind of $value is $text", ({ kind, value, text }) => {
    expect(format[kind as Kind](value)).toBe(text);
  });

  it("says n/a for what is no number", () => {
    for (const kind of ["duration", "age", "percent", "credits", "count"] as const)
      for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY])
        expect(format[kind](value)).toBe("n/a");
  });
});
