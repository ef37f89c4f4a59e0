// Written by js/tools/generate_contract.py from origami_widgets/card/view/contract.py. Don't edit.

export type Tone = "running" | "good" | "attention" | "bad" | "neutral";

export type FunnelPart = "qualified" | "kept" | "duplicate" | "excluded" | "filtered";

export type ConnectionState = "live" | "reconnecting" | "stopped" | "ended";

export type CommandName = "cancel" | "answer" | "follow_up" | "check_now" | "stop_waiting" | "open" | "fold" | "cancel_all" | "stop_starting" | "resume";

export type Stage = "waiting" | "running" | "filling" | "needs_you" | "failed" | "ended";

export type NodeName = "p" | "h" | "ul" | "ol" | "li" | "quote" | "pre" | "code" | "b" | "i" | "a" | "br" | "hr" | "table" | "tr" | "th" | "td";

export type Inline = (string | Node)[];

/** One element of prose: name, children, and for `a` the address (checked in Python: https or mailto only). */
export interface Node {
  t: NodeName;
  c?: Inline;
  href?: string;
}

/** An address that was checked, and its label. */
export interface Link {
  href: string;
  label: string;
}

/** A button that sends a command. `confirm` is the sentence to ask first; empty when nothing is spent. */
export interface Button {
  command: CommandName;
  label: string;
  prompt: string;
  confirm: string;
}

/** Status and identity of the run. `reply`: what was answered, when the run goes on from questions about `prompt`. */
export interface Head {
  run_id: string;
  token: string;
  status: string;
  status_label: string;
  tone: Tone;
  done: boolean;
  settled: boolean;
  prompt: string;
  reply: string;
  model: string;
  steps_completed: number | null;
  steps_max: number | null;
  started_at: number | null;
  completed_at: number | null;
  cancel: "none" | "available" | "requested";
  link: Link | null;
  origin: string;
}

/**
 * Times of the last answer of the server and of the next check.
 *
 * `now` is the kernel's clock at sending; `interval` is the seconds between checks (None: no more checks).
 */
export interface ClockView {
  now: number;
  heard_at: number | null;
  next_at: number | null;
  interval: number | null;
  connection: ConnectionState;
}

/** An earlier run of the same conversation, folded above the current one. */
export interface EarlierRun {
  run_id: string;
  prompt: string;
  status_label: string;
  tone: Tone;
  outcome: string;
}

/** A message about the run's state, and what to do about it. */
export interface Notice {
  key: string;
  tone: Tone;
  title: string;
  text: string;
  button: Button | null;
  link: Link | null;
  code: string;
}

/** One pending question with the agent's suggestions; free text is always possible. */
export interface QuestionView {
  kind: string;
  question: string;
  suggestions: string[];
  freeform: string;
}

/** The answer form. `state` is `sending` from the first click on, so that no second one is sent. */
export interface Ask {
  run_id: string;
  questions: QuestionView[];
  state: "open" | "sending";
  send_label: string;
  cost_note: string;
}

/** One part of the funnel's bar, in leads. */
export interface FunnelCount {
  part: FunnelPart;
  label: string;
  count: number;
}

/** Where the sourced leads went; the parts add up to `sourced`. */
export interface FunnelView {
  sourced: number;
  sourced_label: string;
  parts: FunnelCount[];
}

/** One column of a table, as a JSON array to stay small. `call_rate` is a share, `credits_per_run` credits. */
export type ColumnRow = [
  name: string,
  kind: string,
  call_rate: number | null,
  credits_per_run: number | null,
  credits: number | null,
  running: number | null,
  errored: number | null,
  passed: number | null,
  failed: number | null,
  unsure: number | null,
];

/** One table with its economics. `facts` are ready sentences. */
export interface TableView {
  id: string;
  name: string;
  link: Link | null;
  facts: string[];
  filling: string;
  funnel: FunnelView | null;
  columns: ColumnRow[];
  columns_hidden: number;
}

/**
 * The tables the run touched; `hidden` of them are not shown.
 *
 * `reading`: for each of `items`, how far this process has come with its leads while it reads them, else empty; an
 * empty list while it reads none. It stands beside them, so that it travels without them.
 */
export interface TablesView {
  items: TableView[];
  hidden: number;
  reading: string[];
}

/** The agent's own words as a tree. `cut` when there is more than is shown. */
export interface Prose {
  nodes: Node[];
  cut: boolean;
}

/** Consecutive changes to one table. */
export interface ActionGroup {
  table: string;
  lines: Inline[];
}

/** Changes the run made, in order; `earlier` of them are not shown. */
export interface Actions {
  title: string;
  earlier: number;
  groups: ActionGroup[];
}

/** A next step the agent proposes: a button, or its label alone where only the app can do it. */
export interface SuggestionView {
  label: string;
  kind: string;
  button: Button | null;
}

/** Credits, identity, and the Python lines that continue from here. `gone` precedes them without a kernel. */
export interface Foot {
  credits: string;
  run_id: string;
  gone: string;
  attach_line: string;
  data_line: string;
}

/** Everything a renderer is given. Empty sections are None or empty. */
export interface View {
  head: Head;
  clock: ClockView;
  earlier: EarlierRun[];
  notices: Notice[];
  ask: Ask | null;
  tables: TablesView;
  prose: Prose;
  actions: Actions;
  suggestions: SuggestionView[];
  foot: Foot;
}

/** One run of a board, or a brief without a run and `token`. `note` is the first notice of its card. */
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
  steps_completed: number | null;
  steps_max: number | null;
  leads: number | null;
  credits: number | null;
  started_at: number | null;
  completed_at: number | null;
  cancel: "none" | "available" | "requested";
  note: string;
}

/** Times of the last and next check of a row's run, as in `ClockView`. */
export type CheckTimes = [
  heard_at: number | null,
  next_at: number | null,
  interval: number | null,
  connection: ConnectionState,
];

/** Number of rows in one stage. `label` follows the number, as in "3 running". */
export interface StageCount {
  stage: Stage;
  label: string;
  count: number;
}

/**
 * Facts about all runs of a board.
 *
 * `hidden` is a sentence about runs that are not shown, `open` the token of the row whose card is open.
 *
 * `again_line` does what `again_words` say; `gone` is what to say above it without a kernel.
 */
export interface BoardHead {
  title: string;
  counts: StageCount[];
  facts: string[];
  hidden: string;
  settled: boolean;
  origin: string;
  notices: Notice[];
  buttons: Button[];
  open: string;
  again_words: string;
  again_line: string;
  gone: string;
}

/** Everything a renderer of a board is given; `moments` beside `rows`, because they change more often. */
export interface BoardView {
  head: BoardHead;
  clock: ClockView;
  rows: BoardRow[];
  moments: CheckTimes[];
}

/** Front end to kernel: a click. `id` is unique per click; the kernel acts once per id. A board names runs by token. */
export interface CommandMessage {
  kind: "command";
  id: string;
  name: CommandName;
  run_id: string;
  prompt: string;
  answers: string[];
}

/**
 * Front end to kernel: asks for the newest clock, after mounting, when stale and when it becomes visible.
 *
 * `seq` is the trait of that name as the front end knows it: when it is behind, the kernel sends the whole state again,
 * because not every host delivers what another thread sends. `keeps` comes from the page, once for each widget: whether it
 * saves the newest snapshot in the widget's place; then it is sent the whole snapshot. None from a view.
 */
export interface HelloMessage {
  kind: "hello";
  seq: number;
  keeps: boolean | null;
}

/** Kernel to front end: the outcome of a command. */
export interface AckMessage {
  kind: "ack";
  id: string;
  ok: boolean;
  title: string;
  remedy: string;
}

/** Kernel to front end: the answer to `hello`. */
export interface ClockMessage {
  kind: "clock";
  clock: ClockView;
}

/** Front end to kernel: asks for all columns of one table, of which the view holds the most telling only. */
export interface ColumnsMessage {
  kind: "columns";
  table: string;
}

/** Kernel to front end: all columns of one table, as far as they can be sent; `hidden` of them are not. */
export interface ColumnsAnswer {
  kind: "columns";
  table: string;
  columns: ColumnRow[];
  hidden: number;
}

/** A range of pieces of the previous snapshot, `end` not included. */
export type PieceRange = [
  start: number,
  end: number,
];

/**
 * Kernel to front end: the newest snapshot, for a notebook that is saved while the card is alive.
 *
 * `parts`, by media type, are pieces of the snapshot with the number `since` and text between them; whole text where `since`
 * is 0. A page that has another one asks for the whole.
 */
export interface SnapshotMessage {
  kind: "snapshot";
  number: number;
  since: number;
  parts: Record<string, (string | PieceRange)[]>;
}

export const TABLE_SLOTS = 24;

export const BOARD_SLOTS = 100;

/** The sections of the view: one trait each. */
export const SECTIONS = [
  "head",
  "clock",
  "earlier",
  "notices",
  "ask",
  "tables",
  "prose",
  "actions",
  "suggestions",
  "foot",
] as const;
