/** Durations in words. All other words and numbers come from Python; only passing time is counted here. */

import { UNITS } from "./contract";

/** The two largest units that apply, seconds dropped above an hour: "1 min 48 s", "2 h 5 min". Or as many as `units`. */
export function duration(seconds: number, units = 2): string {
  let left = Math.max(0, Math.floor(seconds));
  const at = UNITS.findIndex(([, size]) => left >= size || size === 1);
  const said: string[] = [];
  for (const [unit, size] of UNITS.slice(at, at + units)) {
    const count = Math.floor(left / size);
    if (count || !said.length) said.push(`${count} ${unit}`);
    left %= size;
  }
  return said.join(" ");
}

/** One unit only: "9 s ago", "2 min ago". */
export const age = (seconds: number): string => (seconds < 1 ? "just now" : `${duration(seconds, 1)} ago`);

const TIME = { hour: "2-digit", minute: "2-digit" } as const;
// To make one takes a hundred times as long as to use it, and a page with many cards writes many times each second.
const today = new Intl.DateTimeFormat("en-GB", TIME);
const otherDay = new Intl.DateTimeFormat("en-GB", { ...TIME, day: "numeric", month: "short" });

/** "12:17" today, "21 Jul, 12:17" on another day; in the reader's time zone. */
export function clockTime(ms: number): string {
  const at = new Date(ms);
  return (at.toDateString() === new Date().toDateString() ? today : otherDay).format(at);
}

/** Fills words from Python, which have a `{}` for each number or name that is known only here. */
export const filled = (words: string, ...known: (string | number)[]): string =>
  known.reduce<string>((text, each) => text.replace("{}", () => `${each}`), words);

/** Text to search in: without regard to case and accents. */
export const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
