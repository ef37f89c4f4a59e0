/** Below leads: the menu that downloads and copies all of them, or those that are ticked. */

import { copyButton, copyText } from "../buttons";
import type { DownloadAnswer, FileFormat } from "../contract";
import { button, el, setText, show, showText } from "../dom";
import { filled } from "../format";
import { menu } from "../menu";
import type { Session } from "../session";
import * as say from "../words";
import type { LeadGrid } from "./lead_grid";
import { type Row, textOf } from "./rows";

// As in Python: frames/files/table_files.py.
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

/** Lets the browser save a file. It must not show it: a page would be one of the notebook's own. */
function save({ name, base64 }: DownloadAnswer): void {
  const link = el("a");
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  link.download = name;
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export class Foot {
  readonly #session: Session;
  readonly #leads: LeadGrid;
  readonly #said = el("span", "mute cut", { role: "status" });
  readonly #copy = copyButton("the ticked leads", () => this.#copied(this.#ticked));
  readonly #which = el("span", "mute");
  readonly #menu = menu(say.DOWNLOAD, "drop", () => this.#drawMenu());
  readonly node = el("span", "does", this.#menu.press, this.#menu.panel, this.#copy, this.#said);
  readonly #items = new Map(
    say.DOWNLOADS.map(([key, label, details]) => {
      const item = button("", () => this.#take(key), "item");
      item.append(el("b", "", label), " ", el("small", "", details));
      return [key, item];
    }),
  );
  /** The ticked leads of the table in front, without those that its filters hide: all of the line is about these. */
  #ticked: Row[] = [];
  /** What is said of a download that is under way, or has failed. */
  #outcome = "";

  constructor(session: Session, leads: LeadGrid) {
    [this.#session, this.#leads] = [session, leads];
    this.#menu.panel.append(this.#which, ...this.#items.values());
  }

  update(): void {
    this.#ticked = this.#leads.ticked;
    const { length } = this.#ticked;
    const { all, total } = this.#leads.rows;
    if (this.#leads.isReadingAll) this.#outcome = filled(say.LEADS_READING, all.length, total ?? "?");
    showText(this.#said, this.#outcome || (length ? filled(say.LEADS_TICKED, length) : ""));
    show(this.#copy, length);
    show(this.#menu.press, all.length);
    if (!this.#menu.panel.hidden) this.#drawMenu();
  }

  #drawMenu(): void {
    const isGone = this.#session.presence === "gone";
    const { rows } = this.#leads;
    const { length } = this.#ticked;
    // Without a kernel no further leads can be read, so that only those that are here can be copied.
    const loaded = isGone && rows.more ? filled(say.LEADS_LOADED, rows.all.length) : rows.count;
    setText(this.#which, length ? filled(say.LEADS_TICKED, length) : loaded);
    for (const [key, item] of this.#items) show(item, key === "copy" || !isGone);
  }

  /** Hands over what is shown, once all of it is read. */
  #take(key: string): void {
    this.#menu.shut();
    this.#menu.press.focus({ preventScroll: true });
    const done = (): void => {
      const { rows, requests, shown } = this.#leads;
      const taken = this.#ticked.length ? this.#ticked : shown;
      if (key === "copy") {
        void copyText(this.#copied(taken), this.#menu.press).then((isCopied) =>
          this.#say(isCopied ? "Copied" : say.LEADS_COPY_AGAIN),
        );
        return;
      }
      this.#say("");
      const format = key as FileFormat;
      const columns = rows.shownHeads.map(({ slug }) => slug);
      // Without ids, it is all of them.
      const ids = this.#ticked.length || shown.length < rows.all.length ? taken.map(({ id }) => id) : [];
      const { grid, table } = requests;
      this.#session.ask({ kind: "download", grid, table, ids, columns, format }, (answer) => {
        if (answer.base64) save(answer);
        this.#say(answer.note);
      });
    };
    if (this.#ticked.length) done();
    else this.#leads.readAll(done);
  }

  #say(text: string): void {
    this.#outcome = text;
    this.update();
    if (text) setTimeout(() => this.#outcome === text && this.#say(""), text === "Copied" ? 2000 : 10_000);
  }

  /** Leads as text for a spreadsheet, below their headings. */
  #copied(rows: readonly Row[]): string {
    const { heads, off } = this.#leads.rows;
    const isShown = (_: unknown, at: number): boolean => !off.has(heads[at]?.slug ?? "");
    const lines = rows.map(({ cells }) => cells.filter(isShown).map(textOf));
    return [heads.filter(isShown).map(({ name }) => name), ...lines]
      .map((line) => line.map(harmless).join("\t"))
      .join("\n");
  }
}
