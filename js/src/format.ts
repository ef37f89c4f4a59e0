/**
 * Number words, the same as in Python (`card/view/number_words.py`): both are held to `tests/fixtures/format_cases.json`.
 * Rounding is half up by `floor(x + 0.5)`, because Python and JavaScript round halves differently.
 */

export const MISSING = "n/a";
/** For what a column of this kind can't have, in contrast to what the server didn't say. */
export const NOT_APPLICABLE = "–";

const { floor } = Math;

type Maybe = number | null | undefined;

const known = (value: Maybe): value is number => typeof value === "number" && Number.isFinite(value);

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ",");

/** Units from the largest that applies, seconds dropped above an hour: "1 min 48 s", "2 h 5 min". */
export function duration(seconds: Maybe): string {
  if (!known(seconds)) return MISSING;
  const s = Math.max(0, floor(seconds));
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return pair(floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return pair(floor(s / 3600), "h", floor((s % 3600) / 60), "min");
  return pair(floor(s / 86400), "d", floor((s % 86400) / 3600), "h");
}

/** One unit only: "9 s ago", "2 min ago". */
export function age(seconds: Maybe): string {
  if (!known(seconds)) return MISSING;
  const s = floor(seconds);
  if (s < 1) return "just now";
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${floor(s / 60)} min ago`;
  if (s < 86400) return `${floor(s / 3600)} h ago`;
  return `${floor(s / 86400)} d ago`;
}

/** A share as whole percent; never "0 %" for some and never "100 %" for not all. */
export function percent(share: Maybe): string {
  if (!known(share)) return MISSING;
  const whole = floor(Math.abs(share) * 100 + 0.5);
  if (share > 0 && whole < 1) return "<1 %";
  if (share < 1 && whole >= 100 && share > 0) return ">99 %";
  return `${share < 0 && whole > 0 ? "-" : ""}${whole} %`;
}

/** At most two decimals, no trailing zeros, thousands apart. */
export function credits(value: Maybe): string {
  if (!known(value)) return MISSING;
  const cents = floor(Math.abs(value) * 100 + 0.5);
  if (value > 0 && cents < 1) return "<0.01";
  const fraction =
    cents % 100
      ? `.${String(cents % 100)
          .padStart(2, "0")
          .replace(/0$/, "")}`
      : "";
  return `${value < 0 && cents > 0 ? "-" : ""}${grouped(String(floor(cents / 100)))}${fraction}`;
}

export function count(value: Maybe): string {
  if (!known(value)) return MISSING;
  const whole = floor(Math.abs(value) + 0.5);
  return `${value < 0 && whole > 0 ? "-" : ""}${grouped(String(whole))}`;
}

/** "1 table", "3 tables". */
export const plural = (n: number, one: string): string => `${count(n)} ${one}${n === 1 ? "" : "s"}`;
