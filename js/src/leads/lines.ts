/** The drawn lines of leads: the visible ones and a few around them. A line that leaves is reused. */

import { CELL_HAS_FAILED, CELL_NOT_FOUND, CELL_WAS_STOPPED, type LeadHead, type LeadMark } from "../contract";
import { anchor, el, fill, setText, words } from "../dom";
import { filled } from "../format";
import * as say from "../words";
import { type Row, type Rows, textOf } from "./rows";

/** Height of a line in pixels. */
export const ROW = 29;
/** The place of the check box in a line; the places of cells start at 0. */
export const TICK = -1;

export const columnClass = ({ is_number, role, own }: LeadHead): string =>
  `lcell${is_number && role !== "score" ? " number" : ""}${own ? " own" : ""}`;

const MARKS: Record<LeadMark, string> = {
  // Soon gone, so it must not widen the column.
  checking: "…",
  hidden: say.LEAD_HIDDEN,
  left_out: say.LEAD_LEFT_OUT,
  unjudged: say.LEAD_TO_CHECK,
  unsure: say.LEAD_UNSURE,
};

/** A cell of a column, or that of the check box; the line has its own place. */
export function placed(role: string, column: number, ...children: HTMLElement[]): HTMLElement {
  const of = { role, ariaColIndex: `${column + 2}` };
  const cell = el("div", column === TICK ? "lcell ltick" : "lcell", ...children, of);
  cell.dataset.place = `${column}`;
  return cell;
}

export const checkBox = (): HTMLInputElement => el("input", "", { type: "checkbox" });

/** A drawn line: its lead, or none while it loads. */
interface Line {
  row?: Row | undefined;
  /** Whether anything in the line is lit. */
  lit: boolean;
  isTicked: boolean;
  readonly node: HTMLElement;
  readonly places: HTMLElement[];
  readonly label: HTMLElement;
  readonly box: HTMLInputElement;
}

/** Sets a class only if it differs, so that no style is recomputed for nothing. */
function setClass(node: HTMLElement, name: string): void {
  if (node.className !== name) node.className = name;
}

/** Writes text, as a link if it has an address. The link keeps its node, as lines show other leads while one scrolls. */
function writeText(node: HTMLElement, text: string, href: string): void {
  const link = node.firstElementChild as HTMLAnchorElement | null;
  if (!href) {
    link?.remove();
    setText(node, text);
  } else if (link && link.getAttribute("href") === href) setText(link, text);
  else fill(node, Object.assign(anchor(href, text), { tabIndex: -1 }));
}

export class Lines {
  readonly node = el("div", "lines", { role: "rowgroup" });
  readonly #rows: Rows;
  readonly #ticks: ReadonlySet<string>;
  readonly #reach: (at: number, column: number) => number;
  /** The lines by place. */
  readonly #drawn = new Map<number, Line>();
  readonly #spare: Line[] = [];
  #from = 0;
  #to = 0;

  /** `reach` returns the `tabIndex` of a cell. */
  constructor(rows: Rows, ticks: ReadonlySet<string>, reach: (at: number, column: number) => number) {
    [this.#rows, this.#ticks, this.#reach] = [rows, ticks, reach];
  }

  /**
   * Draws the lines for some places. Lines with the same leads are kept, unless `anew` is set. A line that leaves shows
   * another lead at another place without leaving the document, because the browser would have to clean up after each
   * new node later. So the lines are in no order until `settle` is called.
   */
  draw(leads: readonly (Row | undefined)[], from: number, to: number, anew: boolean): void {
    const count = this.#rows.heads.length;
    const drawn = this.#drawn;
    const spare = this.#spare;
    drawn.forEach((line, at) => {
      if (line.places.length !== count) line.node.remove();
      else if (at < from || at >= to) spare.push(line);
      else return;
      drawn.delete(at);
    });
    for (let at = from; at < to; at++) {
      const row = leads[at];
      const known = drawn.get(at);
      const isTicked = !!row && this.#ticks.has(row.id);
      const isSame = known && known.row === row && known.isTicked === isTicked;
      if (isSame && !anew && !known.lit) continue;
      const line = known ?? spare.pop() ?? this.#blank(count);
      // A cell changed in place would keep another lead's focus, and would not light up again.
      if (!isSame && !(known && anew) && (line.lit || this.#hasFocus(line))) line.node.remove();
      if (!known) line.node.style.top = `${at * ROW}px`;
      this.#write(line, row, at);
      if (!line.node.parentNode) this.node.append(line.node);
      if (!known) drawn.set(at, line);
    }
    for (const { node } of spare) node.remove();
    spare.length = 0;
    [this.#from, this.#to] = [from, to];
  }

  /**
   * Puts the lines in the order in which they are read aloud, and adds the full text of cut cells. Both make the
   * browser recompute styles, so this waits until scrolling rests. The focus stays where it is.
   */
  settle(): void {
    let next = this.node.firstChild;
    for (let at = this.#from; at < this.#to; at++) {
      const line = this.#drawn.get(at);
      if (!line) continue;
      for (const cell of line.places) {
        const text = cell.textContent ?? "";
        if (cell.title !== text) cell.title = text;
      }
      if (line.node === next || this.#hasFocus(line)) next = line.node.nextSibling;
      else {
        // If it were hidden and shown again, it would light up again.
        if (line.lit) this.#darken(line);
        this.node.insertBefore(line.node, next);
      }
    }
  }

  #hasFocus({ node }: Line): boolean {
    return node.contains((node.getRootNode() as ShadowRoot).activeElement ?? null);
  }

  #darken(line: Line): void {
    line.lit = false;
    for (const each of [line.node, ...line.places]) each.classList.remove("lit");
  }

  #blank(count: number): Line {
    const blank = (_: unknown, column: number): HTMLElement =>
      Object.assign(placed("gridcell", column, words("", "bdi")), { tabIndex: -1 });
    const places = Array.from({ length: count }, blank);
    const box = checkBox();
    const node = el("div", "lrow", placed("gridcell", TICK, box), ...places, { role: "row" });
    return { lit: false, isTicked: false, node, places, label: el("span", "lmark"), box };
  }

  #write(line: Line, row: Row | undefined, at: number): void {
    const { node, box, places, label } = line;
    const { heads } = this.#rows;
    const mark = row?.mark;
    line.row = row;
    line.lit = !!row && this.#rows.isLit(row.id);
    line.isTicked = !!row && this.#ticks.has(row.id);
    const isHidden = !!mark && mark !== "checking";
    const early = row && this.#rows.isEarly(row) ? " early" : "";
    const marked = `${mark ? " marked" : ""}${isHidden ? " off" : ""}${early}`;
    setClass(node, `lrow${line.lit ? " lit" : ""}${marked}${line.isTicked ? " ticked" : ""}`);
    // With a space after the word before it, for assistive technology.
    setText(label, mark ? ` ${MARKS[mark]}` : "");
    label.title = mark && !isHidden ? say.LEAD_TO_CHECK : "";
    // Beside the score, as names are longer.
    const place = places[heads.findIndex(({ role }) => role === "score")] ?? places[0];
    if (label.parentNode !== place) place?.append(label);
    node.dataset.at = `${at}`;
    node.ariaRowIndex = `${at + 2}`;
    box.ariaLabel = filled(say.LEAD_SELECT, textOf(row?.cells[0] ?? null));
    box.checked = line.isTicked;
    // Focusable, as the keys move over all lines.
    box.ariaDisabled = mark === "left_out" ? "true" : null;
    box.tabIndex = this.#reach(at, TICK);
    node.ariaSelected = `${line.isTicked}`;
    for (let column = 0; column < places.length; column++) {
      const cell = places[column];
      const lead = heads[column];
      if (cell && lead && this.#writeCell(cell, row, lead, at, column)) line.lit = true;
    }
  }

  /** Returns whether it is lit. */
  #writeCell(node: HTMLElement, row: Row | undefined, lead: LeadHead, at: number, column: number): boolean {
    const cell = row?.cells[column] ?? null;
    const text = textOf(cell);
    const opened = row ? this.#rows.opened(row, column) : null;
    // A click on a cell that opens shows its parts: there, its value is the link.
    const href = Array.isArray(cell)
      ? cell[1]
      : row && lead.role === "name" && !opened
        ? this.#rows.hrefOf(row)
        : "";
    node.hidden = this.#rows.off.has(lead.slug);
    const [waits, why] = row && cell === null ? this.#rows.without(row, lead) : [false, ""];
    const lit = !!row && this.#rows.isLit(row.id, column);
    const isMissing = !text && cell !== null && lead.kind !== "input";
    // No result, and none may come any more, or its column has failed where nothing is under way: the cell says so.
    const without = waits ? "" : why || (isMissing ? CELL_NOT_FOUND : "");
    const confidence = opened?.confidence && text ? ` dot ${opened.confidence}` : "";
    // A loading cell has only a still background, as it comes and goes with each line.
    setClass(
      node,
      `${columnClass(lead)}${row ? "" : " coming"}${opened ? " opens" : ""}${confidence}${lit ? " lit" : ""}`,
    );
    const reach = this.#reach(at, column);
    if (node.tabIndex !== reach) node.tabIndex = reach;
    if (!opened) node.removeAttribute("aria-haspopup");
    else if (!node.hasAttribute("aria-haspopup")) node.setAttribute("aria-haspopup", "dialog");
    const isStopped = without === CELL_WAS_STOPPED;
    const label = waits ? say.CELL_NOT_RUN : isStopped ? without : row ? null : say.CELL_LOADING;
    if (node.ariaLabel !== label) node.ariaLabel = label;
    const content = node.firstElementChild as HTMLElement;
    setClass(content, contentClass(waits, without, cell === null, !!text && lead.role === "score"));
    if (waits) content.style.width = `${36 + ((at * 7 + column * 23) % 44)}%`;
    else if (content.style.width) content.style.width = "";
    writeText(content, isStopped ? "" : without || text, href);
    return lit;
  }
}

/** How a cell looks that waits for its result, has none, or is a score. */
function contentClass(waits: boolean, without: string, isNull: boolean, isScore: boolean): string {
  if (waits) return "shimmer";
  if (without === CELL_WAS_STOPPED) return without;
  if (without) return isNull ? `${without === CELL_HAS_FAILED ? "t-bad" : "mute"} without` : "mute";
  return isScore ? "score" : "";
}
