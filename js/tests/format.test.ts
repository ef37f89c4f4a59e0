import { describe, expect, it } from "vitest";
import cases from "../../tests/fixtures/format_cases.json";
import { age, count, credits, duration, percent } from "../src/format";

const format = { age, count, credits, duration, percent };
type Kind = keyof typeof format;

describe("number words", () => {
  it.each(cases)("$kind of $value is $text", ({ kind, value, text }) => {
    expect(format[kind as Kind](value)).toBe(text);
  });

  it("says n/a for what is no number", () => {
    for (const words of Object.values(format))
      for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) expect(words(value)).toBe("n/a");
  });
});
