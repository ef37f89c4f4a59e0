// Written by js/tools/generate_contract.py from origami_widgets/card/view/. Don't edit.

export type Tone = "running" | "good" | "attention" | "bad" | "neutral";

export type FunnelPart = "qualified" | "not" | "check" | "failed" | "out";

export type ConnectionState = "live" | "reconnecting" | "stopped" | "ended";

export type CommandName = "cancel" | "answer" | "follow_up" | "fill" | "check_now" | "stop_waiting" | "open" | "fold" | "show_leads" | "hide_leads" | "cancel_all" | "resume";

export type Stage = "waiting" | "running" | "filling" | "needs_you" | "failed" | "ended";

export type NodeName = "p" | "h" | "ul" | "ol" | "li" | "quote" | "pre" | "code" | "b" | "i" | "a" | "br" | "hr" | "table" | "tr" | "th" | "td";

export type Inline = (string | Node)[];

export type RowButton = "" | "cancel" | "cancelling" | "stop" | "stopping" | "answer" | "fill" | "try_again" | "continue";

export type Form = "live" | "current" | "snapshot";

export type Role = "name" | "score" | "email" | "website" | "phone" | "other" | "internal";

export type LeadCell = string | LinkCell | OpenCell | null;

export type LeadMark = "checking" | "hidden" | "left_out" | "unjudged" | "unsure";

export type FileFormat = "xlsx" | "csv" | "html";

export interface Node {
  t: NodeName;
  c?: Inline;
  href?: string;
}

export interface Link {
  href: string;
  label: string;
}

export interface Button {
  command: CommandName;
  label: string;
  prompt?: string;
  confirm?: string;
  yes?: string;
  sent?: string;
  requested?: boolean;
}

export interface Head {
  form: Form;
  as_of: string;
  run_id: string;
  token: string;
  status: string;
  status_label: string;
  last_known: string;
  announcement: string;
  summary: string;
  tone: Tone;
  done: boolean;
  settled: boolean;
  prompt: string;
  reply: string;
  buttons: Button[];
  link: Link | null;
  origin: string;
  started_at: number | null;
  completed_at: number | null;
  gone: string;
  line: string;
}

export interface ClockView {
  now: number;
  heard_at: number | null;
  next_at: number | null;
  interval: number | null;
  connection: ConnectionState;
  heard: string;
  next: string;
  due: string;
}

export interface Figure {
  value: string;
  label: string;
  note: string;
}

export interface Result {
  figures: Figure[];
  note: string;
  funnel: FunnelView | null;
}

export interface Earlier {
  title: string;
  runs: EarlierRun[];
}

export interface EarlierRun {
  prompt: string;
  status_label: string;
  tone: Tone;
  outcome: string;
}

export interface Notice {
  key: string;
  tone: Tone;
  title: string;
  text: string;
  button: Button | null;
  link: Link | null;
  code: string;
}

export interface QuestionView {
  question: string;
  suggestions: string[];
  freeform: string;
}

export interface Ask {
  run_id: string;
  questions: QuestionView[];
  send: Button;
  cost_note: string;
}

export interface FunnelCount {
  part: FunnelPart;
  label: string;
  count: number;
}

export interface FunnelView {
  words: string;
  parts: FunnelCount[];
}

export interface Grid {
  heads: string[];
  form: string;
  rows: string[][];
}

export interface TableView {
  id: string;
  name: string;
  leads: string;
  link: Link | null;
  facts: string;
  funnel: string;
  failed: string;
  columns: Grid;
  columns_note: string;
  hidden: number;
}

export interface TablesView {
  items: TableView[];
  main: string;
  counted: string;
  failed: string;
  hidden: string;
  leads: boolean;
  seq?: number;
}

export interface Prose {
  nodes: Node[];
  cut: string;
}

export interface SuggestionView {
  label: string;
  button: Button | null;
}

export interface View {
  head: Head;
  clock: ClockView;
  result: Result;
  earlier: Earlier;
  notices: Notice[];
  ask: Ask | null;
  tables: TablesView;
  now: Inline;
  prose: Prose;
  suggestions: SuggestionView[];
}

export interface BoardRow {
  position: number;
  token: string;
  prompt: string;
  name: string;
  status_label: string;
  tone: Tone;
  stage: Stage;
  done: boolean;
  settled: boolean;
  leads: string;
  qualified: string;
  credits: string;
  price: string;
  keys: (number | null)[];
  started_at: number | null;
  completed_at: number | null;
  button: RowButton;
  note: string;
}

export type CheckTimes = [
  heard_at: number | null,
  next_at: number | null,
  interval: number | null,
  connection: ConnectionState,
];

export interface StageCount {
  stage: Stage;
  label: string;
  count: number;
}

export interface BoardHead {
  form: Form;
  as_of: string;
  title: string;
  counts: StageCount[];
  sums: string;
  hidden: string;
  nothing: string;
  announcement: string;
  settled: boolean;
  origin: string;
  notices: Notice[];
  buttons: Button[];
  has_leads: boolean;
  leads_line: string;
  open: string;
  again_words: string;
  again_line: string;
  gone: string;
}

export interface BoardView {
  head: BoardHead;
  clock: ClockView;
  rows: BoardRow[];
  moments: CheckTimes[];
  row_buttons: Record<string, Button>;
}

export interface BoardRows {
  items: BoardRow[];
  moments: CheckTimes[];
  buttons: Record<string, Button>;
  seq?: number;
}

export interface SavedView {
  version: number;
  view: string;
}

export interface CommandMessage {
  kind: "command";
  id: string;
  name: CommandName;
  run_id: string;
  prompt: string;
  answers: string[];
}

export interface HelloMessage {
  kind: "hello";
  seq: number;
  list_seq: number;
  keeps: boolean | null;
}

export interface AckMessage {
  kind: "ack";
  id: string;
  ok: boolean;
  title: string;
  remedy: string;
}

export interface ClockMessage {
  kind: "clock";
  clock: ClockView;
}

export type ItemChange = [
  name: string,
  at: number,
  item: unknown,
];

export interface ChangesMessage {
  kind: "changes";
  seq: number;
  values?: Record<string, unknown>;
  sizes?: Record<string, number>;
  items: ItemChange[];
}

export type PieceRange = [
  start: number,
  end: number,
];

export interface SnapshotMessage {
  kind: "snapshot";
  number: number;
  since: number;
  parts: Record<string, (string | PieceRange)[]>;
}

export interface CodeMessage {
  kind: "code";
}

export interface CodeAnswer {
  kind: "code";
  code: string;
}

export interface LeadHead {
  slug: string;
  name: string;
  kind: string;
  role: Role;
  own: boolean;
  is_number: boolean;
  share: number | null;
  details: string;
  filling: boolean;
  missing: string;
  failed: number;
  filters: boolean;
  off: boolean;
}

export type CellPart = [
  label: string,
  text: string,
  href: string,
];

export type LinkCell = [
  text: string,
  href: string,
];

export interface OpenCell {
  text: string;
  href: string;
  confidence: string;
  parts: CellPart[];
}

export type LeadRow = [
  id: string,
  cells: LeadCell[] | null,
];

export type CellChange = [
  row: number,
  column: number,
  cell: LeadCell,
];

export type ColumnFailures = [
  missing: string,
  failed: number,
];

export interface RunCells {
  final: boolean;
  failed: Record<string, ColumnFailures>;
}

export interface LeadFilter {
  column: string;
  operator: string;
  value: string;
}

export interface LeadSort {
  column: string;
  direction: "asc" | "desc";
}

export interface LeadsMessage {
  kind: "leads";
  grid: string;
  query: number;
  table: string;
  first: number;
  last: number;
  size: number;
  sort: LeadSort | null;
  filters: LeadFilter[];
  include_hidden: boolean;
  include_left_out: boolean;
}

export interface LeadsAnswer {
  kind: "leads";
  grid: string;
  query: number;
  table: string;
  start: number;
  rows: LeadRow[] | null;
  changes: CellChange[];
  read: number;
  heads: LeadHead[] | null;
  total: number | null;
  more: boolean;
  marks: Record<string, LeadMark>;
  hidden: number | null;
  left_out: number;
  judged: boolean;
  count: string;
  final: boolean;
  runs: Record<string, RunCells>;
  note: string;
}

export interface LeadTab {
  id: string;
  name: string;
  leads: string;
}

export interface LeadGridHead {
  form: Form;
  as_of: string;
  title: string;
  tabs: LeadTab[];
  line: string;
  include_hidden: boolean;
  sort: LeadSort | null;
}

export interface DownloadMessage {
  kind: "download";
  grid: string;
  table: string;
  ids: string[];
  columns: string[];
  format: FileFormat;
}

export interface DownloadAnswer {
  kind: "download";
  grid: string;
  name: string;
  base64: string;
  note: string;
}

export interface SelectMessage {
  kind: "select";
  ids: string[];
  on: boolean;
}

export const SAVED_VERSION = 3;

export const AGAIN = "To see this run again:";

export const CELL_NOT_FOUND = "not found";

export const CELL_NEVER_RUN = "no result";

export const CELL_HAS_FAILED = "failed";

export const CELL_WAS_STOPPED = "stopped";

export const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]] as const;

export const SAVED_TYPES = ["application/vnd.origami.run+json", "application/vnd.origami.board+json"] as const;

/** The sections of the view: one trait each. */
export const SECTIONS = [
  "head",
  "clock",
  "result",
  "earlier",
  "notices",
  "ask",
  "tables",
  "now",
  "prose",
  "suggestions",
] as const;
