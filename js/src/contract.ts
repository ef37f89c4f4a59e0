// Written by js/tools/generate_contract.py from origami_widgets/card/view/. Don't edit.

export type Tone = "running" | "good" | "attention" | "bad" | "neutral";

export type FunnelPart = "qualified" | "kept" | "duplicate" | "excluded" | "filtered";

export type ConnectionState = "live" | "reconnecting" | "stopped" | "ended";

export type CommandName = "cancel" | "answer" | "follow_up" | "check_now" | "stop_waiting" | "open" | "fold" | "cancel_all" | "stop_starting" | "resume";

export type Stage = "waiting" | "running" | "filling" | "needs_you" | "failed" | "ended";

export type NodeName = "p" | "h" | "ul" | "ol" | "li" | "quote" | "pre" | "code" | "b" | "i" | "a" | "br" | "hr" | "table" | "tr" | "th" | "td";

export type Inline = (string | Node)[];

export type Form = "live" | "current" | "snapshot";

export type LeadCell = string | OpenCell | null;

/** One element of prose: name, children, and for `a` the address (checked in Python: https or mailto only). */
export interface Node {
  t: NodeName;
  c?: Inline;
  href?: string;
}

/** An address that was checked, and its words. */
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

/** A line to copy: Python code or an id. `label` names it in the card's menu and in front of it in a snapshot. */
export interface CodeLine {
  label: string;
  code: string;
}

/**
 * Status and identity of the run.
 *
 * `reply`: the user's answer, in a run that continues after questions about `prompt`. `last_known`: the status to show
 * when the run is no longer polled. `announcement`: what assistive technology is told when it changes. `gone`: what to say above
 * the first of `lines` without a kernel. `as_of`: when a view was made that does not count time by itself.
 */
export interface Head {
  form: Form;
  as_of: string;
  run_id: string;
  token: string;
  status: string;
  status_label: string;
  last_known: string;
  announcement: string;
  tone: Tone;
  done: boolean;
  settled: boolean;
  prompt: string;
  reply: string;
  cancel: "none" | "available" | "requested";
  link: Link | null;
  origin: string;
  started_at: number | null;
  completed_at: number | null;
  gone: string;
  lines: CodeLine[];
}

/**
 * When the server was last heard and when it is asked next.
 *
 * `now` is the kernel's clock at sending; `interval` is the seconds between checks (None: no more checks). The words
 * have a `{}` for the age or the time that is left; `due` stands in the place of `next` when that moment has come. Empty
 * words are not shown.
 */
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

/** A number of the result line, large, with its noun and what it comes to. */
export interface Figure {
  value: string;
  label: string;
  note: string;
}

/**
 * What came out: figures, or `note` while there are none; `steps` beside them, more about them in `details`.
 *
 * `spent`: what this run alone has used, for the menu, with a `{}` for when that was last read.
 */
export interface Result {
  figures: Figure[];
  note: string;
  funnel: FunnelView | null;
  steps: string;
  details: string;
  spent: string;
}

/** The earlier runs of the same conversation, folded above the current one, oldest first. */
export interface Earlier {
  title: string;
  runs: EarlierRun[];
}

/** One earlier run and what came of it. */
export interface EarlierRun {
  run_id: string;
  prompt: string;
  status_label: string;
  tone: Tone;
  outcome: string;
}

/** What the state means and what to do about it. */
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

/**
 * The answer form. `state` is `sending` from the first click on, so that no second one is sent.
 *
 * `progress` has a `{}` for the number of questions that are answered.
 */
export interface Ask {
  run_id: string;
  questions: QuestionView[];
  state: "open" | "sending";
  send_label: string;
  cost_note: string;
  progress: string;
}

/** One part of the funnel's bar, in leads. */
export interface FunnelCount {
  part: FunnelPart;
  label: string;
  count: number;
}

/** Where the sourced leads went. `words` says it in one sentence. */
export interface FunnelView {
  words: string;
  parts: FunnelCount[];
}

/**
 * A small table, ready to be drawn.
 *
 * Attributes:
 *     heads: the names of its columns.
 *     form: a letter for each of them: `t` for the name of a row, `l` for text, `r` for numbers, `m` for what is quiet,
 *         `x` for what went wrong.
 *     rows: the words of each row.
 *     keys: for each row the numbers behind the columns with the letter `r`, in their order; to sort by.
 */
export interface Grid {
  heads: string[];
  form: string;
  rows: string[][];
  keys: ((number | null)[])[];
}

/** A few words about a table, with more behind them on demand. */
export interface Remark {
  text: string;
  tone: Tone;
  details: string;
}

/**
 * One table. `hidden` columns are not in `columns`, which say so in `columns_note`.
 *
 * `facts`: what it cost. `funnel`: where its leads went, in words, and in `ways` as counts in the order of `FUNNEL_PARTS`.
 */
export interface TableView {
  id: string;
  name: string;
  leads: string;
  link: Link | null;
  facts: string;
  funnel: string;
  ways: number[];
  remarks: Remark[];
  columns: Grid;
  columns_note: string;
  hidden: number;
}

/**
 * The tables the run touched; `hidden` says how many are not shown.
 *
 * `reading`: for each of `items`, how far this process has come with its leads while it reads them, else empty; an
 * empty list while it reads none. It stands beside them, so that it travels without them. `leads`: the card may show them;
 * `no_leads` stands in their place where there is no kernel to read them.
 */
export interface TablesView {
  items: TableView[];
  hidden: string;
  reading: string[];
  leads: boolean;
  no_leads: string;
}

/** The agent's own words as a tree. `cut` says that there is more than is shown; else it is empty. */
export interface Prose {
  nodes: Node[];
  cut: string;
}

/** Consecutive changes to one table, newest first. */
export interface ActionGroup {
  table: string;
  lines: Inline[];
}

/** What the run changed, newest first. `latest` is the newest change while it runs; `earlier` says how many more there were. */
export interface Activity {
  latest: Inline;
  groups: ActionGroup[];
  earlier: string;
}

/** A next step the agent proposes; without a button while none can be sent. */
export interface SuggestionView {
  label: string;
  button: Button | null;
}

/** Everything a renderer is given. Sections that have nothing to say are None or empty. */
export interface View {
  head: Head;
  clock: ClockView;
  result: Result;
  earlier: Earlier;
  notices: Notice[];
  ask: Ask | null;
  tables: TablesView;
  activity: Activity;
  prose: Prose;
  suggestions: SuggestionView[];
}

/**
 * One run of a board, or a brief that has not been started: then without `token`.
 *
 * `note`: what its card says first. `keys`: the numbers behind `leads`, `qualified` and `credits`, to sort by.
 */
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
  keys: (number | null)[];
  started_at: number | null;
  completed_at: number | null;
  cancel: "none" | "available" | "requested";
  note: string;
}

/** When the server was last heard about the run of a row and when it is asked next, as in `ClockView`. */
export type CheckTimes = [
  heard_at: number | null,
  next_at: number | null,
  interval: number | null,
  connection: ConnectionState,
];

/** How many rows have come so far; `label` says it in words: "3 running". */
export interface StageCount {
  stage: Stage;
  label: string;
  count: number;
}

/**
 * What is true of all runs of a board. `hidden`: what is said of those that are not shown; `open`: whose card is open.
 *
 * `as_of` as in `Head`. `nothing`: what stands in the place of rows while there are none. `none_match`: where none has the
 * words that are searched for. `last_known` has a `{}` for the status of a queued or running row that is no longer polled.
 *
 * `again_line` does what `again_words` say; `gone` is what to say above it without a kernel.
 */
export interface BoardHead {
  form: Form;
  as_of: string;
  title: string;
  counts: StageCount[];
  facts: string[];
  hidden: string;
  nothing: string;
  none_match: string;
  last_known: string;
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

/** A snapshot's view in a saved notebook, for JupyterLab's extension. `view` is JSON: as an object it would take twice the room. */
export interface SavedView {
  version: number;
  view: string;
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

/** Kernel to front end: what became of a command. */
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
  columns: Grid;
  hidden: number;
}

/** PieceRange of the snapshot before, from `start` up to but not including `end`. */
export type PieceRange = [
  start: number,
  end: number,
];

/**
 * Kernel to front end: the newest snapshot, for a notebook that is saved while the card is alive.
 *
 * `parts`, by media type, are pieces of the snapshot with the number `since` and text between them; whole text where `since`
 * is 0; of a `SavedView`, the text of its view. A page that has another one asks for the whole.
 */
export interface SnapshotMessage {
  kind: "snapshot";
  number: number;
  since: number;
  parts: Record<string, (string | PieceRange)[]>;
}

/** Front end to kernel: asks for the code that draws leads, when they are looked at for the first time. */
export interface CodeMessage {
  kind: "code";
}

/** Kernel to front end: the module that draws leads. */
export interface CodeAnswer {
  kind: "code";
  code: string;
}

/**
 * One column of leads.
 *
 * Attributes:
 *     slug: its key, by which rows are sorted and filtered.
 *     name: its name.
 *     kind: `input` for what was typed in; `enrichment`, `score`, `sequence` for what was computed.
 *     share: how much of it was found among the leads that were read, from 0 to 1; None where nothing can be said.
 *     details: that share in words.
 *     filling: cells of it are running.
 *     filters: the server filters by it.
 */
export interface LeadHead {
  slug: string;
  name: string;
  kind: string;
  share: number | null;
  details: string;
  filling: boolean;
  filters: boolean;
}

/** One part of an enrichment's cell; `href` is an address that was checked, else empty. */
export type CellPart = [
  label: string,
  text: string,
  href: string,
];

/** A cell that opens to its parts; `text` is empty where nothing was found. */
export interface OpenCell {
  text: string;
  confidence: string;
  parts: CellPart[];
}

/** One lead. `cells` is None where they were sent before, whichever page the lead was on, but for the changes beside it. */
export type LeadRow = [
  id: string,
  cells: LeadCell[] | null,
];

/** One cell that has changed: the place of its row in the page, and that of its column. */
export type CellChange = [
  row: number,
  column: number,
  cell: LeadCell,
];

/** One condition, as the API has it. */
export interface LeadFilter {
  column: string;
  operator: string;
  value: string;
}

/** The order of rows, as the API has it. */
export interface LeadSort {
  column: string;
  direction: "asc" | "desc";
}

/**
 * Front end to kernel: which leads are looked at, from the first time until it says that none are.
 *
 * Attributes:
 *     view: of the front end that asks; several may look at different leads.
 *     query: counts the questions of that view; an answer names the one that it answers.
 *     table: the table's id; empty: no leads are looked at any more.
 *     first: the place of the first row that is seen, and `last` of the last one.
 *     size: rows a page.
 */
export interface LeadsMessage {
  kind: "leads";
  view: string;
  query: number;
  table: string;
  first: number;
  last: number;
  size: number;
  sort: LeadSort | null;
  filters: LeadFilter[];
}

/**
 * Kernel to front end: one page of leads, or what of it has changed.
 *
 * A lead stands once: where rows were added or taken away above it, it leaves its old place with the page that has it now.
 *
 * Attributes:
 *     start: the place of its first row among all rows.
 *     rows: its rows, in order; None where they are those that were sent.
 *     changes: cells of rows that were sent before.
 *     read: how many places were read; what is known of places behind them holds no longer.
 *     heads: the columns; None where they are as they were sent.
 *     total: how many rows there are, when the server said.
 *     more: whether there are rows behind this page.
 *     count: how many leads were read, in words.
 *     note: why there are none, or why they are no longer brought up to date; empty while all is well.
 */
export interface LeadsAnswer {
  kind: "leads";
  view: string;
  query: number;
  table: string;
  start: number;
  rows: LeadRow[] | null;
  changes: CellChange[];
  read: number;
  heads: LeadHead[] | null;
  total: number | null;
  more: boolean;
  count: string;
  note: string;
}

/** One table of a grid of leads. `line` reads all of them into a DataFrame. */
export interface LeadTab {
  id: string;
  name: string;
  leads: string;
  line: string;
}

/** What a grid of leads is of. `line` shows the same leads again; `gone` is what to say above it without a kernel. */
export interface LeadGridHead {
  form: Form;
  as_of: string;
  title: string;
  tabs: LeadTab[];
  line: string;
  gone: string;
}

/** A grid of leads without any lead: they travel as messages. */
export interface LeadGridView {
  head: LeadGridHead;
  clock: ClockView;
}

/** Front end to kernel: leads were ticked, or no longer are. */
export interface SelectMessage {
  kind: "select";
  ids: string[];
  on: boolean;
}

export const TABLE_SLOTS = 24;

export const SAVED_VERSION = 1;

export const BOARD_SLOTS = 100;

export const CANCEL = "Cancel";

export const CANCEL_NAMED = "Cancel {}";

export const CANCEL_ASKS = "Cancel this run?";

export const CANCEL_CONFIRMS = "Yes, cancel it";

export const CANCEL_REQUESTED = "Cancel requested";

export const ACTIVITY = "Activity";

export const NEXT_STEPS = "Next steps";

export const LEADS = "Leads";

export const LEADS_LOADING = "Loading leads…";

export const LEADS_LATE = "Kernel busy. Leads load when the cell ends.";

export const LEADS_OLD = "Kernel busy. These leads are updated when the cell ends.";

export const LEADS_FORBIDDEN = "This page can't show leads in a card. In a cell of its own: ow.leads(run)";

export const LEADS_NONE = "No leads to show.";

export const LEADS_NO_MATCH = "No leads match.";

export const LEADS_NO_MATCH_LOADED = "No loaded lead matches.";

export const LEADS_SEARCH = "Search loaded leads";

export const LEADS_SEARCHED = "{} of {} loaded leads";

export const LEADS_FILTER = "Filter";

export const LEADS_FILTER_CLEAR = "Clear";

export const LEADS_FILTER_COLUMN = "Filter by column";

export const LEADS_FILTER_WORDS = "contains…";

export const LEADS_FILTER_NAME = "Words that the column contains";

export const LEADS_SELECTED = "{} selected: grid.selection";

export const LEAD_SELECT = "Select {}";

export const LEAD_SELECT_HEAD = "Selected";

export const CELL_NOT_FOUND = "not found";

export const CELL_NOT_RUN = "not run yet";

export const CELL_LOADING = "loading";

export const CELL_DETAILS = "{}: details";

export const CELL_CONFIDENCE = "{} confidence";

export const CELL_CLOSE = "Close";

export const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]] as const;

export const SAVED_TYPES = ["application/vnd.origami.run+json", "application/vnd.origami.board+json"] as const;

export const FUNNEL_PARTS = ["qualified", "kept", "duplicate", "excluded", "filtered"] as const;

/** The sections of the view: one trait each. */
export const SECTIONS = [
  "head",
  "clock",
  "result",
  "earlier",
  "notices",
  "ask",
  "tables",
  "activity",
  "prose",
  "suggestions",
] as const;
