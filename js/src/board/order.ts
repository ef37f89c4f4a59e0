/** The columns of a board, which of its rows are shown, and in which order. Pure. */

import type { BoardRow, Button, CheckTimes, Stage } from "../contract";
import { folded } from "../format";
import { inOrder, type Order, type SortValue } from "../sorting";
import * as say from "../words";

export interface Item {
  row: BoardRow;
  moments: CheckTimes;
  button?: Button | undefined;
}

/** The order of stages for counting and sorting rows: those that need the user come first. */
const STAGES: readonly Stage[] = ["needs_you", "failed", "running", "filling", "waiting", "ended"];

/** How long the run took, or had taken when it was last heard. */
function time({ row, moments }: Item): SortValue {
  const end = row.done ? row.completed_at : moments[0];
  return row.started_at === null || end === null ? null : end - row.started_at;
}

const number =
  (at: number) =>
  ({ row }: Item): SortValue =>
    row.keys[at] ?? null;

/** Each column: its name, its label with details, and what it is sorted by, where numbers start with the largest. */
const COLUMNS = {
  name: ["Name", "", ({ row }: Item): SortValue => row.name || row.prompt, false],
  status: ["Status", "", ({ row }: Item): SortValue => STAGES.indexOf(row.stage), false],
  leads: [say.LEADS, "", number(0), true],
  qualified: [say.QUALIFIED, "", number(1), true],
  credits: ["Credits", say.CREDITS_DETAILS, number(2), true],
  price: ["Per qualified", say.PRICE_DETAILS, number(3), false],
  time: ["Time", "", time, true],
} as const;
export type Key = keyof typeof COLUMNS;
export const columns = Object.entries(COLUMNS) as [Key, (typeof COLUMNS)[Key]][];

/** Sorts by one key. Equal rows keep the board's order, which is that of all without a key. */
export const sorted = (items: readonly Item[], order: Order<Key> | null): Item[] =>
  [...items].sort(
    (a, b) =>
      (order && inOrder(COLUMNS[order.column][2](a), COLUMNS[order.column][2](b), order)) ||
      a.row.position - b.row.position,
  );

/** What rows are shown: the typed words, and the chosen stage. */
export interface Filter {
  words: string;
  stage: Stage | "";
}

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
