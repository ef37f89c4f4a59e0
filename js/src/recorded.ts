/**
 * The recorded card in the documentation, as a separate script. It draws the card over its HTML, as the JupyterLab
 * extension draws a saved card. It has the leads of the recording, which are invented, and sorts and filters them as
 * the server would. Without this script, or if it can't draw, the HTML stays.
 */

import type {
  LeadFilter,
  LeadHead,
  LeadMark,
  LeadRow,
  LeadSort,
  LeadsAnswer,
  LeadsMessage,
} from "./contract";
import { folded } from "./format";
import * as code from "./leads/code";
import { useLeadsCode } from "./leads/load";
import { textOf } from "./leads/rows";
import { drawSaved } from "./saved";

/** The leads of a table; `hidden` are the marks of those that its saved filters hide, by id. */
interface Recording {
  heads: LeadHead[];
  rows: LeadRow[];
  hidden: Record<string, LeadMark>;
  counts: { qualified: string; all: string };
}

const number = (text: string): number => Number.parseFloat(text.replace(/[^\d.-]/g, ""));

const HOLDS: Record<string, (text: string, value: string) => boolean> = {
  contains: (text, value) => folded(text).includes(folded(value)),
  not_contains: (text, value) => !folded(text).includes(folded(value)),
  equals: (text, value) => folded(text) === folded(value),
  not_equals: (text, value) => folded(text) !== folded(value),
  is_not_empty: (text) => text !== "",
  is_empty: (text) => text === "",
  greater_than_or_equal: (text, value) => number(text) >= number(value),
  greater_than: (text, value) => number(text) > number(value),
  less_than_or_equal: (text, value) => number(text) <= number(value),
  less_than: (text, value) => number(text) < number(value),
};

function answerOf(recording: Recording, message: LeadsMessage): LeadsAnswer {
  const { heads, counts } = recording;
  const { filters, sort, include_hidden: all } = message;
  const { hidden } = recording;
  const text = ([, cells]: LeadRow, slug: string): string =>
    textOf(cells?.[heads.findIndex((head) => head.slug === slug)] ?? null);
  const matches = (row: LeadRow, { column, operator, value }: LeadFilter): boolean =>
    HOLDS[operator]?.(text(row, column), value) ?? true;
  const order = ({ column, direction }: LeadSort): ((a: LeadRow, b: LeadRow) => number) => {
    const sign = direction === "asc" ? 1 : -1;
    const isNumber = heads.find(({ slug }) => slug === column)?.is_number;
    return (a, b) => {
      const [one, other] = [text(a, column), text(b, column)];
      return sign * (isNumber ? number(one) - number(other) : one.localeCompare(other));
    };
  };
  const found = recording.rows.filter((row) => filters.every((filter) => matches(row, filter)));
  const rows = all ? found : found.filter(([id]) => !(id in hidden));
  const behind = found.filter(([id]) => id in hidden).length;
  if (sort) rows.sort(order(sort));
  const match = `${rows.length} of ${recording.rows.length} leads match`;
  return {
    kind: "leads",
    grid: message.grid,
    query: message.query,
    table: message.table,
    start: 0,
    rows,
    changes: [],
    read: rows.length,
    heads,
    total: rows.length,
    more: false,
    marks: all ? hidden : {},
    hidden: behind,
    left_out: 0,
    count: filters.length ? match : all ? counts.all : counts.qualified,
    final: true,
    runs: {},
    judged: true,
    note: "",
    next_at: null,
    read_at: null,
  };
}

useLeadsCode(code);
for (const place of document.querySelectorAll<HTMLElement>("[data-origami]")) {
  const snapshot = [...place.childNodes];
  try {
    const saved = JSON.parse(place.querySelector("script")?.textContent ?? "null");
    const leads: Record<string, Recording> = saved.leads;
    drawSaved(place.dataset.origami ?? "", saved, place, (message) =>
      answerOf(
        leads[message.table] ?? { heads: [], rows: [], hidden: {}, counts: { qualified: "", all: "" } },
        message,
      ),
    );
    for (const node of snapshot) node.remove();
  } catch (error) {
    console.error("[origami] The recorded card could not be drawn.", error);
  }
}
