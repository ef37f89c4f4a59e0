// Written by js/tools/generate_contract.py from origami_widgets/card/view/. Don't edit.

export type Tone = "running" | "good" | "attention" | "bad" | "neutral";

export type FunnelPart = "qualified" | "kept" | "unjudged" | "duplicate" | "excluded" | "filtered";

export type ConnectionState = "live" | "reconnecting" | "stopped" | "ended";

export type CommandName = "cancel" | "answer" | "follow_up" | "fill" | "check_now" | "stop_waiting" | "open" | "fold" | "show_leads" | "hide_leads" | "cancel_all" | "stop_starting" | "resume";

export type Stage = "waiting" | "running" | "filling" | "needs_you" | "failed" | "ended";

export type NodeName = "p" | "h" | "ul" | "ol" | "li" | "quote" | "pre" | "code" | "b" | "i" | "a" | "br" | "hr" | "table" | "tr" | "th" | "td";

export type Inline = (string | Node)[];

export type RowButton = "" | "cancel" | "cancelling" | "stop" | "stopping" | "answer" | "try_again" | "continue";

export type Form = "live" | "current" | "snapshot";

export type Role = "name" | "score" | "email" | "website" | "phone" | "other" | "internal";

export type LeadCell = string | LinkCell | OpenCell | null;

export type LeadMark = "checking" | "hidden" | "unjudged" | "unsure";

/** One element of prose: name, children, and for `a` the address (checked in Python: only https or mailto). */
export interface Node {
  t: NodeName;
  c?: Inline;
  href?: string;
}

/** A checked address, and its label. */
export interface Link {
  href: string;
  label: string;
}

/**
 * A button that sends a command, with `prompt` if it has one.
 *
 * `confirm` is the question to ask first, and `yes` the words of its answer. Once pressed, the button says `sent`
 * (without it: `REQUESTED`). `requested`: it was pressed, as far as the kernel knows, and the kernel says what comes
 * of it.
 */
export interface Button {
  command: CommandName;
  label: string;
  prompt?: string;
  confirm?: string;
  yes?: string;
  sent?: string;
  requested?: boolean;
}

/** A line to copy: Python code or an id. `label` is its name in the card's menu, and the text before it in a snapshot. */
export interface CodeLine {
  label: string;
  code: string;
}

/**
 * Status and identity of the run.
 *
 * `reply`: the user's answer, if the run continues after questions about `prompt`. `last_known`: the status to show
 * once the run is no longer polled. `announcement`: text for assistive technology, announced when it changes. `summary`:
 * the figures in one line once the run has ended, for a notification. `gone`:
 * text above the first of `lines` without a kernel. `as_of`: when the view was made, if it does not count time itself.
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
  lines: CodeLine[];
}

/**
 * When the server was last heard and is asked next.
 *
 * `now` is the kernel's clock at sending; `interval` is the seconds between checks (None: no more checks). The words
 * have a `{}` for the age or the remaining time; `due` replaces `next` once that moment has come. Empty words are not
 * shown.
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

/** A large number in the result line, with its noun and a note such as its price. */
export interface Figure {
  value: string;
  label: string;
  note: string;
}

/**
 * The result: figures, or `note` while there are none; `steps` beside them, with more in `details`.
 *
 * `spent`: what this run alone has used, for the menu, with a `{}` for when it was last read.
 */
export interface Result {
  figures: Figure[];
  note: string;
  funnel: FunnelView | null;
  steps: string;
  details: string;
  spent: string;
}

/** Earlier runs of the conversation, folded above the current one, oldest first. */
export interface Earlier {
  title: string;
  runs: EarlierRun[];
}

/** An earlier turn and its outcome. */
export interface EarlierRun {
  run_id: string;
  prompt: string;
  status_label: string;
  tone: Tone;
  outcome: string;
}

/** What the run's state means, and what to do about it. */
export interface Notice {
  key: string;
  tone: Tone;
  title: string;
  text: string;
  button: Button | null;
  link: Link | null;
  code: string;
}

/** A pending question with the agent's suggested answers. Free text is always allowed. */
export interface QuestionView {
  kind: string;
  question: string;
  suggestions: string[];
  freeform: string;
}

/**
 * The answer form. `send` sends all answers.
 *
 * `progress` has a `{}` for the number of answered questions.
 */
export interface Ask {
  run_id: string;
  questions: QuestionView[];
  send: Button;
  cost_note: string;
  progress: string;
}

/** One part of the funnel's bar, in leads, or in rows of the user's own list. */
export interface FunnelCount {
  part: FunnelPart;
  label: string;
  count: number;
}

/** Where the sourced leads went, or how much of the user's own list is enriched; in one sentence in `words`. */
export interface FunnelView {
  words: string;
  parts: FunnelCount[];
}

/**
 * A small table, ready to draw.
 *
 * Attributes:
 *     heads: the names of the columns.
 *     form: one letter for each column: `t` for the name of a row, `l` for text, `r` for numbers, `m` for muted text,
 *         `x` for problems.
 *     rows: the words of each row.
 *     keys: for each row, the numbers to sort by: those of the columns with the letter `r`, in order.
 */
export interface Grid {
  heads: string[];
  form: string;
  rows: string[][];
  keys: ((number | null)[])[];
}

/** A few words about a table, with details on demand. */
export interface Remark {
  text: string;
  tone: Tone;
  details: string;
}

/**
 * One table. `hidden` is the number of columns missing from `columns`; `columns_note` says so.
 *
 * `facts`: what the table cost. `funnel`: where its leads went, in words; empty for the main table, whose funnel is the result's.
 */
export interface TableView {
  id: string;
  name: string;
  leads: string;
  link: Link | null;
  facts: string;
  funnel: string;
  remarks: Remark[];
  columns: Grid;
  columns_note: string;
  hidden: number;
}

/**
 * The tables that the run touched; `hidden` says how many are not shown.
 *
 * `main`: the id of the table whose leads are the run's count; it is shown first; `counted` says where the figures of the result come
 * from, if that needs saying. `reading`: for each of `items`, how many of its leads this process has read, or empty if it is not reading them; an
 * empty list while it reads none. It is separate from the items, so that it is sent without them. `leads`: whether the
 * card may show leads. `seq`: as in `BoardRows`, only in a trait.
 */
export interface TablesView {
  items: TableView[];
  main: string;
  counted: string;
  hidden: string;
  reading: string[];
  leads: boolean;
  seq?: number;
}

/** The agent's prose as a tree. `cut` says that there is more than is shown; otherwise it is empty. */
export interface Prose {
  nodes: Node[];
  cut: string;
}

/** Consecutive changes to one table, newest first. */
export interface ActionGroup {
  table: string;
  lines: Inline[];
}

/**
 * The run's changes, newest first.
 *
 * `latest` is the newest change while it runs; `count` is the number of all, `earlier` says how many `groups` leaves out.
 */
export interface Activity {
  latest: Inline;
  groups: ActionGroup[];
  earlier: string;
  count: number;
}

/** A next step that the agent suggests; without a button while none can be sent. */
export interface SuggestionView {
  label: string;
  button: Button | null;
}

/** All the data for a renderer. Sections with nothing to say are None or empty. */
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
 * A run on a board, or a brief that has not started, which has no `token`.
 *
 * `status_label`: that of its card; once the agent is done, how many cells fill. `note`: the first notice of its card. `price`: the credits per qualified lead. `keys`: the numbers behind `leads`,
 * `qualified`, `credits` and `price`, to sort by.
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
  price: string;
  keys: (number | null)[];
  started_at: number | null;
  completed_at: number | null;
  button: RowButton;
  note: string;
}

/** The sums of all rows, each table once, as in `BoardRow`; empty where no row has a number, and of a single row. */
export interface BoardTotals {
  leads: string;
  qualified: string;
  credits: string;
  price: string;
  keys: (number | null)[];
}

/** When the server was last heard about the run of a row and is asked next, as in `ClockView`. */
export type CheckTimes = [
  heard_at: number | null,
  next_at: number | null,
  interval: number | null,
  connection: ConnectionState,
];

/** The number of rows in a stage; in words in `label`: "3 running". */
export interface StageCount {
  stage: Stage;
  label: string;
  count: number;
}

/**
 * Facts about all runs of a board. `hidden`: text about the runs that are not shown; `open`: the run whose card is open.
 *
 * `as_of` is as in `Head`. `nothing`: text while there are no rows. `none_match`: text if no row matches the search.
 * `last_known` has a `{}` for the status of a queued or running row that is no longer polled. `announcement` is as in
 * `Head`.
 *
 * `leads` shows the leads of all runs below the rows, or hides them; while they are shown, `leads_line` is the line of
 * Python that does the same. `again_line` does what `again_words` say; without a kernel, `gone` is shown above it.
 */
export interface BoardHead {
  form: Form;
  as_of: string;
  title: string;
  counts: StageCount[];
  totals: BoardTotals;
  hidden: string;
  nothing: string;
  none_match: string;
  last_known: string;
  announcement: string;
  settled: boolean;
  origin: string;
  notices: Notice[];
  buttons: Button[];
  leads: Button | null;
  leads_line: string;
  open: string;
  again_words: string;
  again_line: string;
  gone: string;
}

/**
 * All the data for a board's renderer. `moments` are separate from `rows`, because they change more often.
 *
 * `row_buttons` are the buttons of rows, which many rows share.
 */
export interface BoardView {
  head: BoardHead;
  clock: ClockView;
  rows: BoardRow[];
  moments: CheckTimes[];
  row_buttons: Record<string, Button>;
}

/** Rows of a board as a trait. `seq` counts its changes, each of which is a message that a page may have missed. */
export interface BoardRows {
  items: BoardRow[];
  moments: CheckTimes[];
  buttons: Record<string, Button>;
  seq?: number;
}

/** Snapshot's view in a saved notebook, for the JupyterLab extension. `view` is JSON text; an object would be twice as large. */
export interface SavedView {
  version: number;
  view: string;
}

/** Front end to kernel: a click. `id` is unique; the kernel acts once for each. A board names runs by token. */
export interface CommandMessage {
  kind: "command";
  id: string;
  name: CommandName;
  run_id: string;
  prompt: string;
  answers: string[];
}

/**
 * Front end to kernel: asks for the newest clock after mounting, when stale, and when the view becomes visible.
 *
 * `seq` is the front end's value of that trait: if it is behind, the kernel sends the whole state again, because not
 * every host delivers what another thread sends. `keeps` comes from the page, once for each widget: whether the page
 * saves the newest snapshot instead of the widget, so that it needs the whole snapshot. It is None from a view.
 * `list_seq` is that of the trait whose changes are a `ChangesMessage`; 0 for a widget without one.
 */
export interface HelloMessage {
  kind: "hello";
  seq: number;
  list_seq: number;
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

/** New item of a list, at an index. */
export type ItemChange = [
  name: string,
  at: number,
  item: unknown,
];

/**
 * Kernel to front end: what has changed in a card's `tables` or a board's `rows`, whose lists are too large to send again.
 *
 * A new page gets this trait whole, like any other. A page whose state does not have the previous `seq` asks for the
 * whole again. `items` are what is new or changed in its large lists, `sizes` are their new lengths, and `values` replace
 * the rest.
 */
export interface ChangesMessage {
  kind: "changes";
  seq: number;
  values?: Record<string, unknown>;
  sizes?: Record<string, number>;
  items: ItemChange[];
}

/** Front end to kernel: asks for all columns of a table, as the view has only the most important ones. */
export interface ColumnsMessage {
  kind: "columns";
  table: string;
}

/** Kernel to front end: all columns of a table, except `hidden` ones that are too many to send. */
export interface ColumnsAnswer {
  kind: "columns";
  table: string;
  columns: Grid;
  hidden: number;
}

/** Range of pieces of the previous snapshot, from `start` up to but not including `end`. */
export type PieceRange = [
  start: number,
  end: number,
];

/**
 * Kernel to front end: the newest snapshot, for saving the notebook while the card is alive.
 *
 * `parts` has, by media type, pieces of the snapshot with the number `since` and text between them, or the whole text
 * if `since` is 0. For a `SavedView`, this is the text of its view. A page that has another snapshot asks for the
 * whole.
 */
export interface SnapshotMessage {
  kind: "snapshot";
  number: number;
  since: number;
  parts: Record<string, (string | PieceRange)[]>;
}

/** Front end to kernel: asks for the code that draws leads, when they are shown for the first time. */
export interface CodeMessage {
  kind: "code";
}

/** Kernel to front end: the module that draws leads. */
export interface CodeAnswer {
  kind: "code";
  code: string;
}

/**
 * A column of leads.
 *
 * Attributes:
 *     slug: the column's key, for sorting and filtering rows.
 *     name: the column's name.
 *     kind: `input` for a typed-in column; `enrichment`, `score` or `sequence` for a computed one.
 *     role: what the column is for.
 *     own: whether it is a column of the user's own list.
 *     is_number: whether its values are numbers.
 *     share: the share of values found among the leads read, from 0 to 1; None if unknown.
 *     details: the share in words.
 *     filling: whether cells of the column are running.
 *     missing: why cells have no result, in words, once none may come any more.
 *     failed: how many cells of the column have failed, over the whole table.
 *     filters: whether the leads can surely be filtered by it.
 */
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
}

/** One part of an enrichment's cell; `href` is a checked address, or empty. */
export type CellPart = [
  label: string,
  text: string,
  href: string,
];

/** Text with its checked address. */
export type LinkCell = [
  text: string,
  href: string,
];

/** A cell that opens to show its parts; `text` is empty if nothing was found, `href` if it is no checked address. */
export interface OpenCell {
  text: string;
  href: string;
  confidence: string;
  parts: CellPart[];
}

/** One lead. `cells` is None if they were sent before, on any page; the changes to them are then sent separately. */
export type LeadRow = [
  id: string,
  cells: LeadCell[] | null,
];

/** One changed cell, with the indexes of its row in the page and of its column. */
export type CellChange = [
  row: number,
  column: number,
  cell: LeadCell,
];

/** Why cells of a column have no result, in words, and how many of them have failed. */
export type ColumnFailures = [
  missing: string,
  failed: number,
];

/**
 * Cells without a result of one run, in a grid of several.
 *
 * Attributes:
 *     final: whether none of them may still come.
 *     failed: the columns that have failed cells and none that runs, by slug.
 */
export interface RunCells {
  final: boolean;
  failed: Record<string, ColumnFailures>;
}

/** One condition, in the API's form. */
export interface LeadFilter {
  column: string;
  operator: string;
  value: string;
}

/** The order of rows, in the API's form. */
export interface LeadSort {
  column: string;
  direction: "asc" | "desc";
}

/**
 * Front end to kernel: which leads are shown, sent from the first time until no leads are shown.
 *
 * Attributes:
 *     grid: the id of the asking grid, as those of several pages may show different leads.
 *     query: the number of the grid's question; an answer repeats the number.
 *     table: the table's id; empty if no leads are shown any more.
 *     first: the index of the first visible row; `last` is that of the last one.
 *     size: rows per page.
 *     include_hidden: whether to show leads that fail the table's saved filters, marked.
 */
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
}

/**
 * Kernel to front end: one page of leads, or the changes to it.
 *
 * Each lead appears once: if rows above it were added or removed, it leaves its old place when its new page arrives.
 *
 * Attributes:
 *     start: the index of the page's first row among all rows.
 *     rows: the page's rows, in order; None if they are the ones sent before.
 *     changes: changed cells of rows that were sent before.
 *     read: how many rows were read; what the front end knows about later rows is no longer valid.
 *     heads: the columns; None if they are as sent before.
 *     line: the line that reads these leads into a DataFrame, where it is not that of the table's tab; else empty.
 *     total: how many rows there are, or at most are; None if the server did not say.
 *     more: whether there are rows after this page.
 *     marks: the page's marked rows, by id; without `rows`, as before.
 *     hidden: how many leads the table's saved filters hide, or would hide; None if unknown.
 *     judged: whether the table's saved filters can tell which leads meet the brief; False if no lead was judged.
 *     count: in words, how many leads were read.
 *     final: whether no cell of the visible leads may still come.
 *     runs: in a grid of several runs, their cells without a result, by the names of the runs; only what has changed.
 *     note: why there are no leads, or why they are no longer updated; empty while all is well.
 *     next_at: with a note, when the next request is sent, in milliseconds; else None.
 *     read_at: with a note, when the oldest of the rows was read, in milliseconds; else None.
 */
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
  line: string;
  total: number | null;
  more: boolean;
  marks: Record<string, LeadMark>;
  hidden: number | null;
  judged: boolean;
  count: string;
  final: boolean;
  runs: Record<string, RunCells>;
  note: string;
  next_at: number | null;
  read_at: number | null;
}

/** One table of a grid of leads. `line` reads all its leads into a DataFrame. */
export interface LeadTab {
  id: string;
  name: string;
  leads: string;
  line: string;
}

/**
 * What a grid of leads shows. `line` shows the same leads again; without a kernel, `gone` is shown above it.
 *
 * `include_hidden` is whether it begins with the hidden leads shown; `filters` and `sort` are those it was made with.
 */
export interface LeadGridHead {
  form: Form;
  as_of: string;
  title: string;
  tabs: LeadTab[];
  line: string;
  gone: string;
  include_hidden: boolean;
  filters: LeadFilter[];
  sort: LeadSort | null;
}

/** A grid of leads, without the leads, which are sent as messages. */
export interface LeadGridView {
  head: LeadGridHead;
  clock: ClockView;
}

/** Front end to kernel: asks for a file of these leads of a table; without ids, of all that were read. */
export interface DownloadMessage {
  kind: "download";
  table: string;
  ids: string[];
}

/** Kernel to front end: a CSV file, in which nothing is a formula. */
export interface DownloadAnswer {
  kind: "download";
  name: string;
  text: string;
}

/** Front end to kernel: leads were ticked or unticked. */
export interface SelectMessage {
  kind: "select";
  ids: string[];
  on: boolean;
}

export const TABLE_SLOTS = 24;

export const SAVED_VERSION = 2;

export const BOARD_SLOTS = 100;

export const REQUESTED = "Requested";

export const NO = "No";

export const NOTIFY = "Notify me";

export const NOTIFY_BLOCKED = "Blocked by the browser. The page's title is marked instead.";

export const STOP_NAMED = "{}: {}";

export const BOARD_RESULT = "{} qualified of {}, {} credits";

export const STOP_HEAD = "Stop";

export const CREDITS_DETAILS = "Credits of the tables that the run names, over all runs. Each table counts once in the total.";

export const PRICE_DETAILS = "The run's credits, divided by its qualified leads.";

export const ACTIVITY = "Activity";

export const NEXT_STEPS = "Next steps";

export const LEADS = "Leads";

export const LEADS_LOADING = "Loading leads…";

export const LEADS_LATE = "Kernel busy. Leads load when the cell ends.";

export const LEADS_OLD = "Kernel busy. These leads are updated when the cell ends.";

export const LEADS_FORBIDDEN = "This page can't show leads in a card. In a cell of its own: ow.leads(run)";

export const LEADS_NOT_SAVED = "Leads are not saved in the notebook.";

export const LEADS_SAVING = "In any kernel, this line shows them and saves the first ones:";

export const LEADS_NONE = "No leads to show.";

export const LEADS_NO_MATCH = "No leads match.";

export const LEADS_NO_MATCH_LOADED = "No loaded lead matches.";

export const LEADS_NEXT = "Next try in {}.";

export const LEADS_DUE = "Trying again now.";

export const LEADS_AS_OF = "These leads are as of {}.";

export const LEADS_SEARCH = "Search loaded leads";

export const LEADS_SEARCHED = "{} of {} loaded leads";

export const LEADS_FILTER = "Apply";

export const LEADS_FILTER_ADD = "+ Filter";

export const LEADS_FILTER_COLUMN = "Filter by column";

export const LEADS_FILTER_OPERATOR = "Condition";

export const LEADS_FILTER_NAME = "Value to compare with";

export const LEADS_HAS_EMAIL = "Has e-mail";

export const LEADS_HAS_PHONE = "Has phone";

export const LEADS_AT_LEAST = "{} at least…";

export const QUALIFIED = "Qualified";

export const LEADS_QUALIFIED_HIDES = "Qualified (hides {})";

export const LEADS_QUALIFIED_UNJUDGED = "Qualified: none was judged";

export const LEADS_QUALIFIED_UNJUDGED_DETAILS = "No lead was judged, so that all are shown.";

export const LEADS_QUALIFIED_DETAILS = "Turn off to show the leads that the table's saved filters hide, marked.";

export const LEADS_TICKED = "{} ticked";

export const LEADS_FAILED = "{} cells failed";

export const LEADS_FAILED_ONE = "1 cell failed";

export const COPY = "Copy";

export const LEADS_AS_FRAME = "As DataFrame";

export const LEADS_DOWNLOAD = "Download CSV";

export const LEADS_DOWNLOAD_TICKED = "The ticked leads.";

export const LEADS_DOWNLOAD_ALL = "All loaded leads.";

export const LEADS_DOWNLOAD_PART = "The {} leads loaded so far. Scroll to load more.";

export const LEADS_DOWNLOAD_READ_BACK = "{} ow.refresh_leads reads the file back.";

export const LEADS_DOWNLOAD_CHECKING = "Still checking which leads meet the brief. Ticked leads can be downloaded now.";

export const LEAD_SELECT = "Select {}";

export const LEAD_SELECT_ALL = "Select all loaded leads";

export const LEAD_CHECKING = "checking";

export const LEAD_HIDDEN = "off brief";

export const LEAD_UNJUDGED = "not judged";

export const LEAD_UNSURE = "unsure";

export const CELL_NOT_FOUND = "not found";

export const CELL_FAILED = "Failed cells in this column: {}. The server gives no reason. You can ask for them again in a follow-up.";

export const CELL_NOT_RUN = "not run yet";

export const CELL_NEVER_RUN = "not run";

export const CELL_HAS_FAILED = "failed · why?";

export const CELL_MAY_HAVE_FAILED = "not run or failed · why?";

export const CELL_LOADING = "loading";

export const CELL_DETAILS = "{}: details";

export const CELL_CONFIDENCE = "{} confidence";

export const CELL_CLOSE = "Close";

export const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]] as const;

export const SAVED_TYPES = ["application/vnd.origami.run+json", "application/vnd.origami.board+json"] as const;

export const LEADS_OPERATORS = [["contains", "contains"], ["not_contains", "does not contain"], ["equals", "is"], ["not_equals", "is not"], ["is_not_empty", "has a value"], ["is_empty", "is empty"], ["greater_than_or_equal", "is at least"], ["greater_than", "is more than"], ["less_than_or_equal", "is at most"], ["less_than", "is less than"]] as const;

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
