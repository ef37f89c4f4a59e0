import type { LeadHead, LeadsAnswer, LeadsMessage } from "../src/contract";

/** The head of a column. */
export const leadHead = (name: string, change: Partial<LeadHead> = {}): LeadHead => ({
  slug: name.toLowerCase(),
  name,
  kind: "input",
  role: "other",
  own: false,
  is_number: false,
  share: 1,
  details: "",
  filling: false,
  missing: "not run",
  failed: 0,
  filters: false,
  off: false,
  ...change,
});

/** The kernel's answer to a look, unless `change` says otherwise. */
export const answerTo = (
  { grid, query, table }: LeadsMessage,
  change: Partial<LeadsAnswer>,
): LeadsAnswer => ({
  kind: "leads",
  grid,
  query,
  table,
  start: 0,
  rows: [],
  changes: [],
  read: (change.start ?? 0) + (change.rows?.length ?? 0),
  heads: [],
  total: null,
  more: false,
  count: "",
  final: true,
  runs: {},
  judged: true,
  note: "",
  marks: {},
  hidden: 0,
  left_out: 0,
  ...change,
});
