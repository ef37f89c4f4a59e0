/** Which rows of a board are shown, and in which order. Pure. */

import type { BoardRow, Button, CheckTimes, Stage } from "../contract";
import { folded } from "../format";
import { inOrder, type Order, type SortValue } from "../sorting";

export type Key = "name" | "status" | "leads" | "qualified" | "credits" | "price" | "time";

export interface Item {
  row: BoardRow;
  moments: CheckTimes;
  button?: Button | undefined;
}

/** The order of stages for counting and sorting rows: those that need the user come first. */
export const STAGES: readonly Stage[] = ["needs_you", "failed", "running", "filling", "waiting", "ended"];

/** Numbers start with the largest, prices with the lowest, words with the first. */
export const DOWN: ReadonlySet<Key> = new Set<Key>(["leads", "qualified", "credits", "time"]);

/** The index of each column's number in the keys of a row. */
const NUMBERS: Partial<Record<Key, number>> = { leads: 0, qualified: 1, credits: 2, price: 3 };

function sortValue({ row, moments }: Item, key: Key): SortValue {
  if (key === "name") return row.name || row.prompt;
  if (key === "status") return STAGES.indexOf(row.stage);
  if (key === "time") {
    // How long the run took, or had taken when it was last heard.
    const end = row.done ? row.completed_at : moments[0];
    return row.started_at === null || end === null ? null : end - row.started_at;
  }
  const at = NUMBERS[key];
  return at === undefined ? null : (row.keys[at] ?? null);
}

/** Sorts by one key. Equal rows keep the board's order, which is that of all without a key. */
export const sorted = (items: readonly Item[], order: Order<Key> | null): Item[] =>
  [...items].sort(
    (a, b) =>
      (order && inOrder(sortValue(a, order.key), sortValue(b, order.key), order.down)) ||
      a.row.position - b.row.position,
  );

/** Whether a row has all the typed words and the chosen stage. */
export function matches({ row }: Item, words: string, stage: Stage | ""): boolean {
  if (stage && row.stage !== stage) return false;
  const text = folded(`${row.name} ${row.prompt} ${row.status_label} ${row.note} ${row.token}`);
  return folded(words)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** The length of what all texts begin with, in whole words. The rest of each, at least its last word, tells them apart. */
export function sharedStart(texts: readonly string[]): number {
  const [first = [], ...others] = texts.map((text) => text.split(/(?<=\s)/));
  const is = (word: string, at: number): boolean =>
    others.every((each) => each[at] === word && at < each.length - 1);
  const end = first.findIndex((word, at) => !is(word, at) || at === first.length - 1);
  // Equal texts would all be cut to their last word.
  return new Set(texts).size > 1 ? first.slice(0, end).join("").length : 0;
}
