/** Which rows of a board are shown, and in which order. Pure. */

import type { BoardRow, CheckTimes, Stage } from "../contract";

export type Key = "run" | "status" | "leads" | "qualified" | "credits" | "time";

export interface Item {
  row: BoardRow;
  moments: CheckTimes;
}

/** The order in which rows are counted, and sorted by status: what wants a person first. */
export const STAGES: readonly Stage[] = ["needs_you", "failed", "running", "filling", "waiting", "ended"];

/** Numbers begin with the largest, words with the first; the order of the board itself is that of its runs. */
export const DOWN: ReadonlySet<Key> = new Set<Key>(["leads", "qualified", "credits", "time"]);

/** Where the number behind a column stands in the keys of a row. */
const NUMBERS: Partial<Record<Key, number>> = { leads: 0, qualified: 1, credits: 2 };

function worth({ row, moments }: Item, key: Key): number | null {
  if (key === "status") return STAGES.indexOf(row.stage);
  if (key === "time") {
    // How long it took, or has taken until it was last heard of.
    const end = row.done ? row.completed_at : moments[0];
    return row.started_at === null || end === null ? null : end - row.started_at;
  }
  const at = NUMBERS[key];
  if (at !== undefined) return row.keys[at] ?? null;
  return row.position;
}

/** Sorted by one key; what the server did not say comes last in both directions, equals stay in the order of the board. */
export function sorted(items: readonly Item[], key: Key, down: boolean): Item[] {
  const sign = down ? -1 : 1;
  return [...items].sort((a, b) => {
    const [left, right] = [worth(a, key), worth(b, key)];
    if (left !== right) {
      if (left === null) return 1;
      if (right === null) return -1;
      return sign * (left - right);
    }
    return a.row.position - b.row.position;
  });
}

const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether a row has all the words that were typed, and is of the stage that was chosen. */
export function matches({ row }: Item, words: string, stage: Stage | ""): boolean {
  if (stage && row.stage !== stage) return false;
  const text = folded(`${row.name} ${row.prompt} ${row.status_label} ${row.note} ${row.token}`);
  return folded(words)
    .split(/\s+/)
    .every((word) => text.includes(word));
}
