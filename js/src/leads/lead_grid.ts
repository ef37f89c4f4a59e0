/** The leads of one table. Only visible leads are requested and drawn. The server sorts and filters by columns. */

import type { LeadGridHead, LeadHead, LeadSort, LeadsAnswer } from "../contract";
import { el, on, show } from "../dom";
import { onKey } from "../keys";
import { ANSWER_MS, type Session } from "../session";
import { orderAfter } from "../sorting";
import * as say from "../words";
import { columnsMenu } from "./columns";
import { cellDetails } from "./details";
import { HEAD, Heads } from "./heads";
import style from "./leads.css";
import { Lines, ROW, TICK } from "./lines";
import { LeadRequests, leadNotes, PAGE } from "./requests";
import { isKept, type Row, Rows, textOf } from "./rows";
import { Toolbar } from "./toolbar";
import { Widths } from "./widths";

/** Rows drawn above and below the visible ones. */
const AROUND = 4;
/** More rows than a table has. */
const MOST_ROWS = 99_999;
/** How long after the last scroll the lines settle, in ms. */
const SETTLED_MS = 150;
/** The grid is as high as its lines, or these, as each new number would restyle all cells; so before the first answer. */
const HIGHEST = 16;

type Given = Pick<LeadGridHead, "include_hidden" | "sort">;
const OF_TABLE: Given = { include_hidden: false, sort: null };
type ReportTicks = (ids: string[], on: boolean) => void;
type Timer = ReturnType<typeof setTimeout> | undefined;
/** The place of a row or the heads, and that of a column or the check box. */
type Place = [number, number];

function placeOf(event: Event): Place | null {
  const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-place]");
  return cell && [Number(cell.parentElement?.dataset.at), Number(cell.dataset.place)];
}

/** The ids of the leads that can be ticked. */
const idsOf = (rows: (Row | undefined)[]): string[] => rows.filter(isKept).map(({ id }) => id);

export class LeadGrid {
  readonly #session: Session;
  readonly #changed: () => void;
  /** The ticked leads, by id. They stay ticked while others are shown. */
  readonly #ticks = new Set<string>();
  readonly #reportTicks: ReportTicks;
  readonly #given: Given;
  readonly rows = new Rows();
  readonly requests: LeadRequests;
  /** The chips, for the line of the tabs. */
  readonly toolbar: Toolbar;
  readonly columnsMenu = columnsMenu(this.rows, () => {
    this.#draw();
    this.#changed();
  });
  readonly #reach = (at: number, column: number): number =>
    at === this.#focus[0] && column === this.#focus[1] ? 0 : -1;
  readonly #heads = new Heads(this.rows, this.#reach, {
    sort: (slug) => this.#sort(slug),
    tickAll: (all) => {
      // All that were read and have the typed words.
      this.#setTicks(this.#matching, all);
      this.#draw();
      this.#changed();
    },
    resize: (slug, width) => {
      this.#widths.drag(slug, width);
      this.#widths.apply(this.rows.shownHeads);
    },
  });
  readonly #lines = new Lines(this.rows, this.#ticks, this.#reach);
  readonly #space = el("div", "lspace", this.#lines.node, { role: "presentation" });
  readonly #scroll = el("div", "leads", this.#heads.node, this.#space, { role: "grid", tabIndex: -1 });
  readonly #widths = new Widths(this.#scroll);
  readonly node = el("div", "lbox", el("style", "", style));
  readonly #notes: ReturnType<typeof leadNotes>;
  /** Whether a table without leads may still get some. */
  isGrowing = false;
  readonly #details = cellDetails(() => this.#closeDetails());
  /** The drawn rows: those that have the typed words. */
  #matching: (Row | undefined)[] = this.rows.all;
  #focus: Place = [0, 0];
  /** The lead that was ticked or unticked last, where a range begins. */
  #ticked = "";
  /** Lines in all, and the most of this table so far: no chip changes the grid's height. */
  #length = 0;
  #most = 0;
  /** The order of the best scores, which the user has not asked for. */
  #best: LeadSort | null = null;
  /** The values that all drawn lines depend on, besides their leads. */
  #common = "";
  /** Redraws if the answer is late. */
  #late: Timer;
  #settling: Timer;
  #planned = 0;
  /** Called once all leads are read. */
  #whenRead: (() => void) | null = null;
  /** Whether a cell that has failed is still looked for. */
  #isSeeking = false;

  /**
   * @param changed - Called after each answer, and when leads are ticked.
   * @param given - Whether to begin with the leads shown that the table's saved filters hide, and the order instead of the
   *   table's saved one, which the server does not tell.
   * @param reportTicks - Called with the leads that are ticked or unticked.
   */
  constructor(session: Session, changed: () => void, given = OF_TABLE, reportTicks: ReportTicks = () => {}) {
    [this.#session, this.#changed, this.#given, this.#reportTicks] = [session, changed, given, reportTicks];
    this.requests = new LeadRequests(session, given.include_hidden, (answer) => this.#take(answer));
    this.#notes = leadNotes(session, this.rows, this.requests);
    this.toolbar = new Toolbar(this.rows, this.requests, {
      search: () => {
        this.#match();
        this.#scroll.scrollTop = 0;
        this.#draw();
      },
      restart: () => this.#restart(),
      toggleHidden: () => this.#toggleHidden(),
    });
    Object.assign(this.#scroll, { ariaMultiSelectable: "true", ariaLabel: say.LEADS });
    this.node.style.setProperty("--rows", `${HIGHEST}`);
    this.node.append(this.#notes.above, this.#scroll, this.#notes.instead, this.#details.node);
    this.#listen();
  }

  /** The ticked leads of this table, without those that its filters hide. */
  get ticked(): Row[] {
    return this.rows.all.filter(isKept).filter(({ id }) => this.#ticks.has(id));
  }

  /** The leads that are shown, as far as they were read, without those that the user's list leaves out. */
  get shown(): Row[] {
    return this.#matching.filter(isKept);
  }

  /** Whether leads are read that nobody looks at yet. */
  get isReadingAll(): boolean {
    return this.#whenRead !== null;
  }

  /** Reads all leads that match, and of each whether it passes the saved filters, then calls `done`. */
  readAll(done: () => void): void {
    this.#whenRead = done;
    // Without a kernel, there are no others.
    if (this.#isWhole || !this.#session.reads) {
      this.#finishReading();
      return;
    }
    this.#ask(true);
    this.#changed();
  }

  get #isWhole(): boolean {
    const { answered, more, all } = this.rows;
    const isChecked = !all.some((row) => row?.mark === "checking");
    return answered && !more && (isChecked || this.requests.which.include_hidden);
  }

  #finishReading(): void {
    const done = this.#whenRead;
    this.#whenRead = null;
    // No more than what is visible is kept up to date.
    if (this.#session.presence === "live") this.#ask(true);
    done?.();
  }

  /** Shows a table, or none. Loaded leads stay while the grid is hidden. */
  showTable(table: string): void {
    const requests = this.requests;
    if (!table) requests.stop();
    else if (table !== requests.table) this.#clear(table);
    else if (!requests.isOn) {
      requests.isOn = true;
      this.#ask(true);
    }
  }

  /** Called after a tick, and when the kernel comes or goes. */
  refresh(): void {
    this.toolbar.turnOff(!this.#session.reads);
    if (this.#session.presence === "live") this.#ask();
  }

  /** Moves to the next cell that has failed, also among the leads that were not read yet or are hidden. */
  showFailed(): void {
    this.#isSeeking = true;
    this.#seek();
  }

  #seek(): void {
    if (!this.#isSeeking || !this.rows.answered) return;
    const { heads, more, hidden } = this.rows;
    const [row, column] = this.#focus;
    const failed = this.#matching.flatMap((each, at) =>
      heads.flatMap((head, place): Place[] =>
        head.failed && each?.cells[place] === null && this.rows.without(each, head)[2] ? [[at, place]] : [],
      ),
    );
    const next = failed.find(([at, place]) => at > row || (at === row && place > column));
    const isElsewhere = heads.some(
      (head, at) => head.failed > failed.filter(([, place]) => place === at).length,
    );
    if (!next && isElsewhere && more) {
      this.requests.ask(this.#matching.length, this.#matching.length, false);
      return;
    }
    if (!next && isElsewhere && hidden !== 0 && !this.requests.which.include_hidden) {
      this.#toggleHidden();
      return;
    }
    this.#isSeeking = false;
    const found = next ?? failed[0];
    if (!found) return;
    this.#move(...found);
    // A click with the mouse shows no focus by itself.
    this.#scroll.classList.add("sought");
  }

  close(): void {
    cancelAnimationFrame(this.#planned);
    for (const timer of [this.#settling, this.#late]) clearTimeout(timer);
    this.requests.stop();
  }

  // What the user asks for

  /** Starts another table. */
  #clear(table: string): void {
    const requests = this.requests;
    this.rows.clear();
    this.#widths.clear();
    this.#scroll.classList.remove("brief");
    Object.assign(requests.which, { sort: null, filters: [], include_hidden: this.#given.include_hidden });
    [this.#focus, this.#ticked, this.#isSeeking, this.#best, this.#most] = [[0, 0], "", false, null, 0];
    this.#whenRead = null;
    this.toolbar.clear();
    this.#match();
    this.#details.shut();
    [requests.table, requests.isOn] = [table, true];
    this.#restart();
  }

  #toggleHidden(): void {
    const { which } = this.requests;
    which.include_hidden = !which.include_hidden;
    if (!which.include_hidden && which.sort === this.#best) which.sort = null;
    this.#best = null;
    if (!this.#orderBest(this.rows.heads)) this.#restart();
  }

  /** With the saved filters, the server leaves out the saved order, too: the best scores are asked for instead, once. */
  #orderBest(heads: readonly LeadHead[]): boolean {
    const { which } = this.requests;
    const score = heads.find(({ role }) => role === "score");
    if (!which.include_hidden || this.#order || this.#best || !score) return false;
    which.sort = this.#best = { column: score.slug, direction: "desc" };
    this.#restart();
    return true;
  }

  /** The first click on a head begins with the best scores, the largest numbers, or A. */
  #sort(slug: string): void {
    const head = this.rows.heads.find((each) => each.slug === slug);
    this.requests.which.sort = orderAfter(this.#order, slug, head?.role === "score" || !!head?.is_number);
    this.#restart();
  }

  /** The order that was asked for; null for the table's saved one. */
  get #order(): LeadSort | null {
    return this.requests.which.sort ?? this.#given.sort;
  }

  #match(): void {
    this.#matching = this.rows.matching(this.toolbar.typed);
  }

  // Questions and answers

  #seen(): { first: number; last: number } {
    const first = Math.max(0, Math.floor((this.#scroll.scrollTop - ROW) / ROW));
    const height = this.#scroll.clientHeight || 200;
    return { first, last: first + Math.ceil(height / ROW) };
  }

  /** Asks for the visible rows, and for the next ones before they are visible. A search needs all. */
  #ask(again = false): void {
    const { all, more } = this.rows;
    const { first, last } = this.toolbar.typed ? { first: 0, last: all.length - 1 } : this.#seen();
    if (this.#whenRead) this.requests.ask(0, MOST_ROWS, again);
    else this.requests.ask(first, more ? last + AROUND * 2 : last, again);
  }

  #restart(): void {
    this.#scroll.scrollTop = 0;
    this.rows.answered = false;
    this.requests.restart();
    this.#ask(true);
    this.#changed();
    // The answer distinguishes a slow server from a kernel that is busy with a cell.
    this.#session.hello();
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.#draw(), ANSWER_MS);
    this.#draw();
  }

  #take(answer: LeadsAnswer): void {
    // While no filter is in force, as of a run that goes on, the table's own order is.
    if (answer.hidden !== 0 && this.#orderBest(answer.heads ?? this.rows.heads)) return;
    const isNew = !this.rows.answered;
    const at = this.#seen().first;
    const [top, focused] = [this.#matching[at], this.#matching[this.#focus[0]]];
    this.rows.take(answer);
    // Nothing moves under a pointer that drags an edge.
    if (!this.#heads.isDragged) this.#widths.measure(this.rows.heads, this.rows.all);
    this.#match();
    if (!isNew) {
      // Visible rows stay in place when rows above them come or go. At the top, new rows are shown.
      const { scrollTop } = this.#scroll;
      if (scrollTop > 0) this.#scroll.scrollTop = scrollTop + (this.#placeNow(top, at) - at) * ROW;
      const [row, column] = this.#focus;
      if (row !== HEAD) this.#focus = [this.#placeNow(focused, row), column];
    }
    this.#draw(isNew);
    this.#changed();
    if (this.#whenRead && this.#isWhole) this.#finishReading();
    else this.#ask();
    this.#seek();
  }

  /** The place of a lead, or its last place if it is gone. */
  #placeNow(row: Row | undefined, before: number): number {
    const now = row ? this.#matching.findIndex((each) => each?.id === row.id) : -1;
    return now < 0 ? Math.min(before, Math.max(0, this.#matching.length - 1)) : now;
  }

  // Drawing

  #draw(anew = true): void {
    const root = this.node.getRootNode() as ShadowRoot;
    const hadFocus = this.#scroll.contains(root.activeElement);
    const columns = this.rows.heads;
    this.#heads.update(this.#order);
    this.#widths.apply(this.rows.shownHeads);
    const ids = idsOf(this.#matching);
    this.#heads.updateTicks(ids.filter((id) => this.#ticks.has(id)).length, ids.length);
    this.#measure();
    const heads = columns.map(({ share, details, ...head }) => head);
    const common = JSON.stringify([this.#focus, this.rows.final, this.rows.runs, heads, [...this.rows.off]]);
    this.#drawLines(anew || common !== this.#common);
    if (this.#settling === undefined) this.#lines.settle();
    this.#common = common;
    // The focus follows its lead: the line that had it shows another lead now, or is gone.
    const focused = hadFocus ? this.#focusedElement() : null;
    if (focused !== root.activeElement) focused?.focus({ preventScroll: true });
    this.#notes.update(this.#matching.length, this.toolbar.typed, this.isGrowing);
    show(this.#scroll, this.#matching.length || this.rows.heads.length);
    // Only where the saved filters are known to hide some leads is it known that the others meet them.
    if (this.rows.hidden) this.#scroll.classList.add("brief");
    this.toolbar.update(this.#matching.length);
    this.columnsMenu.update();
  }

  /** Sets the height of all lines, and the grid's size for assistive technology. */
  #measure(): void {
    const { heads, more, total, answered } = this.rows;
    const read = this.#matching.length;
    const most = Math.min(total ?? Infinity, read + PAGE);
    const { typed } = this.toolbar;
    this.#length = !more || typed ? read : Math.max(read, most);
    this.#space.style.height = `${this.#length * ROW}px`;
    this.#most = Math.min(HIGHEST, Math.max(this.#most, this.#length));
    if (answered) this.node.style.setProperty("--rows", `${this.#most}`);
    const known = typed ? read : (total ?? read);
    this.#scroll.ariaRowCount = more && total === null ? "-1" : `${known + 1}`;
    this.#scroll.ariaColCount = `${heads.length + 1}`;
    this.#scroll.ariaBusy = `${!answered}`;
  }

  #drawLines(anew: boolean): void {
    const { first, last } = this.#seen();
    // As many at both ends as in the middle, so that scrolling neither makes nor removes any.
    const count = last - first + 2 * AROUND;
    const from = Math.max(0, Math.min(first - AROUND, this.#length - count));
    this.#lines.draw(this.#matching, from, Math.min(this.#length, from + count), anew);
  }

  // The focus, and the details of a cell

  /** The element with the focus, if it is in the grid: a cell, its check box, or the button of a head. */
  #focusedElement(): HTMLElement | null {
    const [at, column] = this.#focus;
    const cell = this.#scroll.querySelector<HTMLElement>(`[data-at="${at}"] > [data-place="${column}"]`);
    return cell?.querySelector<HTMLElement>("button, input") ?? cell;
  }

  #move(at: number, column: number): void {
    const row = Math.min(Math.max(at, HEAD), Math.max(0, this.#matching.length - 1));
    this.#focus = [row, Math.min(Math.max(column, TICK), Math.max(0, this.rows.heads.length - 1))];
    if (row !== HEAD) this.#scrollTo(row * ROW);
    this.#draw();
    const cell = this.#focusedElement();
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.#ask();
  }

  #scrollTo(top: number): void {
    const { scrollTop, clientHeight } = this.#scroll;
    const height = Math.floor(clientHeight / ROW) * ROW;
    if (top < scrollTop) this.#scroll.scrollTop = top;
    else if (top + 2 * ROW > scrollTop + height) this.#scroll.scrollTop = top + 2 * ROW - height;
  }

  /** Returns whether the cell opens. */
  #openDetails(at: number, column: number): boolean {
    const row = this.#matching[at];
    const cell = row && this.rows.opened(row, column);
    if (cell) this.#details.open(textOf(row.cells[0] ?? null), this.rows.heads[column]?.name ?? "", cell);
    return !!cell;
  }

  #closeDetails(): void {
    if (this.#details.shut()) this.#move(...this.#focus);
  }

  // Events

  #listen(): void {
    const [scroll, lines] = [this.#scroll, this.#lines.node];
    on(scroll, "scroll", () => this.#planFollow());
    // The height for which lines are drawn is known after the layout.
    new ResizeObserver(() => this.#follow()).observe(scroll);
    on(scroll, "focusout", () => scroll.classList.remove("sought"));
    on(scroll, "focusin", (event) => {
      this.#focus = placeOf(event) ?? this.#focus;
    });
    // Not to select the text up to there.
    on(lines, "mousedown", (event) => {
      if ((event as MouseEvent).shiftKey && event.target instanceof HTMLInputElement) event.preventDefault();
    });
    on(lines, "click", (event) => {
      const place = placeOf(event);
      if (!place || (event.target as HTMLElement).closest("a")) return;
      this.#focus = place;
      if (event.target instanceof HTMLInputElement) this.#tick(place[0], event.target, event as MouseEvent);
      else this.#openDetails(...place);
    });
    onKey(this.node, (key, event) => this.#press(key, event));
    on(scroll, "keydown", (event) => this.#pressWithCtrl(event as KeyboardEvent));
  }

  #planFollow(): void {
    cancelAnimationFrame(this.#planned);
    this.#planned = requestAnimationFrame(() => this.#follow());
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      this.#lines.settle();
    }, SETTLED_MS);
  }

  /** Draws the lines to which the user has scrolled. */
  #follow(): void {
    // Fixed columns are a separate layer in each line, used only if something scrolls beneath them.
    this.#scroll.classList.toggle("aside", this.#scroll.scrollLeft !== 0);
    this.#drawLines(false);
    this.#ask();
  }

  /** Ticks or unticks a lead; with Shift, also those between it and the last one, as in lists of files and mails. */
  #tick(at: number, { checked }: HTMLInputElement, event: MouseEvent): void {
    const row = this.#matching[at];
    if (!isKept(row)) {
      event.preventDefault();
      return;
    }
    const from = event.shiftKey ? this.#matching.findIndex((each) => each?.id === this.#ticked) : -1;
    const range = from < 0 ? [row] : this.#matching.slice(Math.min(from, at), Math.max(from, at) + 1);
    this.#ticked = row.id;
    this.#setTicks(range, checked);
    this.#draw(false);
    this.#changed();
  }

  #setTicks(rows: (Row | undefined)[], on: boolean): void {
    const ids = idsOf(rows);
    for (const id of ids)
      if (on) this.#ticks.add(id);
      else this.#ticks.delete(id);
    this.#reportTicks(ids, on);
  }

  #press(key: string, event: Event): void {
    if (key === "Escape") {
      this.#closeDetails();
      return;
    }
    if (!placeOf(event)) return;
    const to = this.#moved(key);
    const [at, column] = this.#focus;
    if (to) {
      event.preventDefault();
      this.#move(...to);
    } else if (at !== HEAD && column !== TICK && (key === "Enter" || key === " ")) {
      event.preventDefault();
      if (!this.#openDetails(at, column)) this.#focusedElement()?.querySelector("a")?.click();
    }
  }

  /** Where a key moves the focus to; undefined if it moves nothing. */
  #moved(key: string): Place | undefined {
    const [at, column] = this.#focus;
    const page = Math.max(1, Math.floor(this.#scroll.clientHeight / ROW) - 2);
    const moves: Record<string, Place> = {
      ArrowDown: [at + 1, column],
      ArrowUp: [at - 1, column],
      ArrowRight: [at, this.#beside(column, 1)],
      ArrowLeft: [at, this.#beside(column, -1)],
      PageDown: [at + page, column],
      PageUp: [Math.max(0, at - page), column],
      Home: [at, 0],
      End: [at, this.rows.heads.length - 1],
    };
    return moves[key];
  }

  /** The next shown column in a direction. */
  #beside(column: number, step: number): number {
    const { heads, off } = this.rows;
    let next = column + step;
    while (off.has(heads[next]?.slug ?? "")) next += step;
    return next > heads.length - 1 ? column : next;
  }

  /** Keys with Ctrl belong to the host, except these two. */
  #pressWithCtrl(event: KeyboardEvent): void {
    const { key, ctrlKey } = event;
    if (!ctrlKey || !(key === "Home" || key === "End") || !placeOf(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (key === "Home") this.#move(0, 0);
    else this.#move(this.#matching.length - 1, this.rows.heads.length - 1);
  }
}
