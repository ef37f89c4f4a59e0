/** Below leads: hands over the ticked ones as text, as a file, and as a line of code. */

import { button, copyButton } from "../buttons";
import {
  COPY,
  type DownloadAnswer,
  LEADS_AS_FRAME,
  LEADS_DOWNLOAD,
  LEADS_DOWNLOAD_ALL,
  LEADS_DOWNLOAD_CHECKING,
  LEADS_DOWNLOAD_PART,
  LEADS_DOWNLOAD_READ_BACK,
  LEADS_DOWNLOAD_TICKED,
  LEADS_LOADING,
  LEADS_TICKED,
} from "../contract";
import { el, on, selectedText, show, showText } from "../dom";
import { filled } from "../format";
import type { Session } from "../session";
import type { LeadGrid } from "./lead_grid";
import { type Row, textOf } from "./rows";

/** How many ticked leads a line of code names. */
const NAMED_LIMIT = 50;

// As in Python: frames/files/safe_cells.py.
const STARTS = /^[=+\-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]/;
const NUMBER = /^[+\-\u2212]?\d[\d\u00a0.,' ]*([eE][+-]?\d{1,3})?\s?%?$/;
const PHONE = /^\+\d[\d ()./-]*( ?(x|ext\.?) ?\d+)?$/;
const SUM = /^\+[\d.]+(\s*[-/][-+(\s]*[\d.]+\)?)+\s*$/;

/** Text for a spreadsheet, which must not compute it, nor see more than one cell in it. */
function harmless(text: string): string {
  const line = text.replace(/[\t\r\n]+/g, " ");
  const bare = text.replace(/^[\p{C}\p{Z}]+/u, "");
  const isNumber = NUMBER.test(bare) || (PHONE.test(bare) && !SUM.test(bare));
  return /^[\t\r]/.test(text) || (STARTS.test(bare) && !isNumber) ? `'${line}` : line;
}

/** Lets the browser save a file. */
function save({ name, text }: DownloadAnswer): void {
  const link = el("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export class Foot {
  readonly node: HTMLElement;
  readonly #leads: LeadGrid;
  readonly #counted = el("span", "mute chosen");
  readonly #copy = copyButton(
    COPY,
    "the ticked leads",
    () => this.#copied(),
    /Mac/.test(navigator.platform) ? "⌘C" : "Ctrl+C",
  );
  readonly #download: HTMLButtonElement;
  readonly #asFrame = copyButton(LEADS_AS_FRAME, "as DataFrame", () => this.#line);
  /** The ticked leads of the table in front, without those that its filters hide: all of the line is about these. */
  #ticked: Row[] = [];
  /** Reads them, or else all that are shown, into a DataFrame; "" before there is a table. */
  #line = "";

  constructor(session: Session, leads: LeadGrid) {
    this.#leads = leads;
    this.#counted.role = "status";
    const download = (): void => session.download(leads.requests.table, this.#ids, save);
    this.#download = button(LEADS_DOWNLOAD, download, "link");
    this.node = el("span", "does", this.#counted, this.#copy.node, this.#download, this.#asFrame.node);
    on(leads.node, "keydown", (event) => this.#copyByKey(event as KeyboardEvent));
  }

  /** `line` reads all leads of the table in front into a DataFrame; without any, none is offered. */
  update(line: string, isGone: boolean): void {
    this.#ticked = this.#leads.ticked;
    const { length } = this.#ticked;
    showText(this.#counted, length ? filled(LEADS_TICKED, length) : "");
    show(this.#copy.node, length);
    show(this.#download, !isGone);
    const [details, isReady] = this.#file();
    this.#download.title = isReady ? filled(LEADS_DOWNLOAD_READ_BACK, details) : details;
    this.#download.ariaDisabled = isReady ? null : "true";
    this.#line = this.#asFrame.press.title = line && this.#lineWith(this.#leads.rows.line || line);
    show(this.#asFrame.node, line);
  }

  close(): void {
    this.#copy.close();
    this.#asFrame.close();
  }

  get #ids(): string[] {
    return this.#ticked.map(({ id }) => id);
  }

  /** What a file of these leads contains, or why there is none yet; and whether it is ready. */
  #file(): [string, boolean] {
    const { requests, rows } = this.#leads;
    if (!rows.answered) return [LEADS_LOADING, false];
    if (this.#ticked.length) return [LEADS_DOWNLOAD_TICKED, true];
    if (!requests.includeHidden && rows.all.some((row) => row?.mark === "checking"))
      return [LEADS_DOWNLOAD_CHECKING, false];
    return [rows.more ? filled(LEADS_DOWNLOAD_PART, rows.all.length) : LEADS_DOWNLOAD_ALL, true];
  }

  /** The ticked leads as text for a spreadsheet, below their headings. */
  #copied(): string {
    const lines = this.#ticked.map(({ cells }) => cells.map(textOf));
    return [this.#leads.rows.heads.map(({ name }) => name), ...lines]
      .map((line) => line.map(harmless).join("\t"))
      .join("\n");
  }

  /** Ctrl+C (Cmd+C) in the grid copies the ticked leads. Without any, or with selected text, it is the browser's. */
  #copyByKey(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey, altKey, shiftKey, repeat, target } = event;
    const isCopy = key.toLowerCase() === "c" && ctrlKey !== metaKey && !altKey && !shiftKey;
    if (!isCopy || !(target as HTMLElement).closest("[role=grid]") || selectedText(target as Node)) return;
    if (!this.#ticked.length) return;
    event.preventDefault();
    if (!repeat) void this.#copy.copy();
  }

  /**
   * A line of code with what is asked for here, so that it gives the same leads; if some are ticked, only these of them.
   */
  #lineWith(line: string): string {
    const chosen = this.#ids;
    if (chosen.length && chosen.length <= NAMED_LIMIT)
      return `${line.replace(/\)$/, ", include_hidden=True)")}.query(${JSON.stringify(`row_id in ${JSON.stringify(chosen)}`)})`;
    const { given, requests, rows } = this.#leads;
    const runs = rows.heads.find(({ kind }) => kind === "run")?.slug;
    const all = [...given.filters, ...requests.filters.filter(({ column }) => column !== runs)];
    const order = requests.sort ?? given.sort;
    const options = [
      all.length && `filters=${JSON.stringify(all)}`,
      order && order.column !== runs && `sort=${JSON.stringify(order)}`,
      // Frames keep the saved filters, even where these can tell nothing.
      (requests.includeHidden || !rows.judged) && "include_hidden=True",
    ].filter(Boolean);
    return options.length ? line.replace(/\)$/, () => `, ${options.join(", ")})`) : line;
  }
}
