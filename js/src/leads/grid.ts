/**
 * The leads of one table: only what is looked at is asked for and drawn. Sorting and filtering by columns is the server's;
 * typing looks through what is loaded, and says so.
 */

import { button } from "../buttons";
import {
  CELL_LOADING,
  CELL_NOT_FOUND,
  CELL_NOT_RUN,
  LEAD_SELECT,
  LEAD_SELECT_HEAD,
  LEADS,
  LEADS_FILTER,
  LEADS_FILTER_CLEAR,
  LEADS_FILTER_COLUMN,
  LEADS_FILTER_NAME,
  LEADS_FILTER_WORDS,
  LEADS_LATE,
  LEADS_LOADING,
  LEADS_NO_MATCH,
  LEADS_NO_MATCH_LOADED,
  LEADS_NONE,
  LEADS_OLD,
  LEADS_SEARCH,
  LEADS_SEARCHED,
  type LeadFilter,
  type LeadHead,
  type LeadSort,
  type LeadsAnswer,
} from "../contract";
import { el, fill, on, say, setText, show, uid, words } from "../dom";
import { filled } from "../format";
import { ANSWER_MS, type Session } from "../session";
import { cellDetails } from "./details";
import style from "./leads.css";
import { type Row, Rows, textOf } from "./rows";

/** Height of a row in pixels; a window of rows is drawn by it. */
const ROW = 29;
/** Rows drawn above and below those that are seen. */
const AROUND = 4;
/** The place of the heads, where rows have theirs from 0 on. */
const HEAD = -1;
/** The place of the check box in a row, where cells have theirs from 0 on. */
const TICK = -1;
const FIRST_PAGE = 50;
const LARGE_PAGE = 200;
/** How often the kernel is told that the leads are still shown. */
const STILL_MS = 30_000;
const MARKS: Record<string, string> = { high: "dot high", medium: "dot medium", low: "dot low" };

export interface Leads {
  readonly node: HTMLElement;
  /** Looks at a table, or at none. */
  look(table: string): void;
  /** After a tick, or when the kernel came or went. */
  refresh(): void;
  /** All rows in a higher body, with what filters them. */
  expand(on: boolean): void;
  /** How many leads were read, in words. */
  count(): string;
  close(): void;
}

/** One drawn line: the lead and the cells that it shows, none while they load. */
interface Line extends Partial<Row> {
  node: HTMLElement;
}

/** The ticked leads; without it the rows have no check boxes. */
export interface Ticks {
  has(id: string): boolean;
  set(id: string, on: boolean): void;
}

export function leadGrid(session: Session, changed: () => void, ticks: Ticks | null = null): Leads {
  const view = uid();
  const head = el("div", "lrow lhead");
  head.role = "row";
  head.ariaRowIndex = "1";
  const lines = el("div", "lines");
  lines.role = "rowgroup";
  const space = el("div", "lspace", lines);
  space.role = "presentation";
  const scroll = el("div", "leads", head, space);
  scroll.role = "grid";
  scroll.tabIndex = -1;
  scroll.ariaLabel = LEADS;
  const empty = el("p", "empty mute");
  if (ticks) {
    scroll.style.setProperty("--ticks", "34px");
    scroll.ariaMultiSelectable = "true";
  }
  const search = el("input");
  search.type = "text";
  search.placeholder = LEADS_SEARCH;
  search.ariaLabel = search.placeholder;
  const found = el("span", "mute");
  found.role = "status";
  const column = el("select");
  column.ariaLabel = LEADS_FILTER_COLUMN;
  const value = el("input");
  value.type = "text";
  value.placeholder = LEADS_FILTER_WORDS;
  value.ariaLabel = LEADS_FILTER_NAME;
  const apply = button(LEADS_FILTER, () => filter());
  const clear = button(LEADS_FILTER_CLEAR, () => {
    value.value = "";
    filter();
  });
  const by = el("span", "lby", column, value, apply, clear);
  const tools = el("div", "ltools", search, found, el("span", "gap"), by);
  const note = el("p", "lnote t-attention");
  const details = cellDetails(() => shut());
  const node = el("div", "lbox", el("style", "", style), tools, note, scroll, empty, details.node);

  const rows = new Rows();
  /** Those of them that are drawn: the ones that have the words that were typed. */
  let matching: (Row | undefined)[] = rows.all;
  /** The table whose leads are shown, and whether they are looked at. */
  let table = "";
  let looks = false;
  let query = 0;
  let sort: LeadSort | null = null;
  let filters: LeadFilter[] = [];
  let size = FIRST_PAGE;
  let asked = { first: -1, last: -1, at: 0 };
  /** When the newest question was asked; the timer draws once more when its answer is late. */
  let since = 0;
  let late: ReturnType<typeof setTimeout> | undefined;
  let focus: [number, number] = [0, 0];
  let expanded = false;
  let noted = "";

  const match = (): void => {
    matching = rows.matching(search.value);
  };
  const isSearched = (): boolean => search.value.trim() !== "";
  const seen = (): { first: number; last: number } => {
    const first = Math.max(0, Math.floor((scroll.scrollTop - ROW) / ROW));
    const height = scroll.clientHeight || 200;
    return { first, last: first + Math.ceil(height / ROW) };
  };
  const ask = (again = false): void => {
    if (!looks) return;
    const { first, last } = isSearched() ? { first: 0, last: rows.all.length - 1 } : seen();
    // What comes next is asked for before it is seen.
    const ahead = rows.more ? last + AROUND * 2 : last;
    if (!again && first >= asked.first && ahead <= asked.last && Date.now() - asked.at < STILL_MS) return;
    asked = { first, last: Math.max(ahead, Math.min(size, FIRST_PAGE) - 1), at: Date.now() };
    session.leads({ view, query, table, first, last: asked.last, size, sort, filters }, take);
  };
  const forget = (): void => {
    if (looks) session.leads({ view, query, table: "", first: 0, last: 0, size, sort, filters }, take);
    looks = false;
  };
  const restart = (): void => {
    query++;
    asked = { first: -1, last: -1, at: 0 };
    scroll.scrollTop = 0;
    rows.restart();
    since = Date.now();
    ask(true);
    // Its answer tells a slow server from a kernel that a cell keeps busy.
    session.hello();
    clearTimeout(late);
    late = setTimeout(() => draw(), ANSWER_MS);
    draw();
  };
  const take = (answer: LeadsAnswer): void => {
    if (answer.query !== query || answer.table !== table) return;
    const isNew = !rows.answered;
    const at = seen().first;
    const [top, focused] = [matching[at], matching[focus[0]]];
    rows.take(answer);
    noted = answer.note;
    match();
    if (!isNew) {
      // What is looked at stays where it is when rows come or go above it; at the top new ones are shown.
      if (scroll.scrollTop > 0) scroll.scrollTop += (placeNow(top, at) - at) * ROW;
      if (focus[0] !== HEAD) focus = [placeNow(focused, focus[0]), focus[1]];
    }
    draw(isNew);
    changed();
    ask();
  };
  /** Where a lead stands now; where it stood, when it is not there any more. */
  const placeNow = (row: Row | undefined, before: number): number => {
    const now = row ? matching.findIndex((each) => each?.id === row.id) : -1;
    return now < 0 ? Math.min(before, Math.max(0, matching.length - 1)) : now;
  };
  const filter = (): void => {
    const text = value.value.trim();
    filters = text && column.value ? [{ column: column.value, operator: "contains", value: text }] : [];
    show(clear, filters.length);
    restart();
  };
  const order = (slug: string): void => {
    const direction = sort?.column !== slug ? "asc" : sort.direction === "asc" ? "desc" : null;
    sort = direction && { column: slug, direction };
    restart();
  };

  const place = (cell: HTMLElement, at: number, column: number): void => {
    cell.dataset.at = `${at}`;
    cell.dataset.place = `${column}`;
    cell.ariaColIndex = `${column + (ticks ? 2 : 1)}`;
  };
  const reach = (at: number, column: number): number => (at === focus[0] && column === focus[1] ? 0 : -1);
  const heading = (lead: LeadHead, at: number): HTMLElement => {
    const press = button(lead.name, () => order(lead.slug), "quiet");
    press.tabIndex = reach(HEAD, at);
    const bar = el("i", "share");
    bar.style.setProperty("--share", `${Math.round((lead.share ?? 0) * 100)}%`);
    const cell = el("div", "lcell", press, bar);
    cell.role = "columnheader";
    place(cell, HEAD, at);
    cell.title = lead.details;
    if (sort?.column === lead.slug) cell.ariaSort = sort.direction === "asc" ? "ascending" : "descending";
    return cell;
  };
  const tickHead = (): HTMLElement => {
    const cell = el("div", "lcell ltick", el("span", "hidden", LEAD_SELECT_HEAD));
    cell.role = "columnheader";
    cell.ariaColIndex = "1";
    return cell;
  };
  const drawHeads = (): void => {
    fill(head, ...(ticks ? [tickHead()] : []), ...rows.heads.map(heading));
    node.style.setProperty("--columns", `${rows.heads.length}`);
    const names = JSON.stringify(rows.heads.map(({ slug, name }) => [slug, name]));
    if (column.dataset.names === names) return;
    column.dataset.names = names;
    const chosen = column.value;
    // Those that were typed in first: the specification promises to filter by them.
    const order = [...rows.heads].sort((a, b) => Number(b.filters) - Number(a.filters));
    column.replaceChildren(
      ...order.map(({ slug, name }) => {
        const option = el("option", "", name);
        option.value = slug;
        return option;
      }),
    );
    if (chosen) column.value = chosen;
  };
  /** The lines that are drawn, by place, with what they show. */
  let drawn = new Map<number, Line>();
  const shows = (line: Line | undefined, row: Row | undefined): boolean =>
    // One that is lit is drawn anew: where it is moved, it would light up once more.
    !!line && line.id === row?.id && line.cells === row?.cells && !line.node.matches(".lit, :has(.lit)");
  /** Draws the lines that are seen; those whose leads are the same stay as they are, with `anew` none of them. */
  const drawLines = (length: number, anew: boolean): void => {
    const { first, last } = seen();
    const from = Math.max(0, first - AROUND);
    const to = Math.min(length, last + AROUND);
    lines.style.transform = `translateY(${from * ROW}px)`;
    const before = anew ? new Map<number, Line>() : drawn;
    if (anew) lines.replaceChildren();
    drawn = new Map();
    for (let at = from; at < to; at++) {
      const known = before.get(at);
      const row = matching[at];
      drawn.set(at, known && shows(known, row) ? known : { ...row, node: line(row, at) });
    }
    for (const [at, one] of before) if (drawn.get(at) !== one) one.node.remove();
    let next = lines.firstChild;
    for (const { node } of drawn.values()) {
      if (node === next) next = next.nextSibling;
      else lines.insertBefore(node, next);
    }
  };
  /** Lines in all. */
  let length = 0;
  /** What all lines depend on besides their leads. */
  const common = (): string =>
    JSON.stringify([focus, rows.heads.map(({ slug, kind, filling }) => [slug, kind, filling])]);
  let commonBefore = "";
  const draw = (anew = true): void => {
    const { activeElement: had } = node.getRootNode() as ShadowRoot;
    drawHeads();
    const read = matching.length;
    const isWhole = !rows.more || isSearched();
    length = isWhole ? read : Math.max(read, Math.min(rows.total ?? read, read + size));
    space.style.height = `${length * ROW}px`;
    scroll.ariaRowCount =
      rows.more && rows.total === null ? "-1" : `${(isSearched() ? read : (rows.total ?? read)) + 1}`;
    scroll.ariaColCount = `${rows.heads.length + (ticks ? 1 : 0)}`;
    scroll.ariaBusy = `${!rows.answered}`;
    const now = common();
    drawLines(length, anew || now !== commonBefore);
    commonBefore = now;
    // What had the focus was drawn anew: a box, a cell or a head.
    if (had && !had.isConnected) target()?.focus({ preventScroll: true });
    const isLate = looks && !rows.answered && session.unread(since);
    const isNone = isSearched() ? LEADS_NO_MATCH_LOADED : filters.length ? LEADS_NO_MATCH : LEADS_NONE;
    setText(empty, rows.answered ? isNone : isLate ? LEADS_LATE : LEADS_LOADING);
    say(note, isLate && read ? LEADS_OLD : noted);
    show(empty, !read);
    show(scroll, read || rows.heads.length);
    say(found, isSearched() ? filled(LEADS_SEARCHED, read, rows.all.length) : "");
    show(tools, expanded);
  };
  /** What has the focus when it is in the grid: a cell, its check box, or the button of a head. */
  const target = (): HTMLElement | null => {
    const cell = scroll.querySelector<HTMLElement>(`[data-at="${focus[0]}"][data-place="${focus[1]}"]`);
    return cell?.querySelector<HTMLElement>("button, input") ?? cell;
  };
  const line = (row: Row | undefined, at: number): HTMLElement => {
    const node = el("div", "lrow");
    node.role = "row";
    node.ariaRowIndex = `${at + 2}`;
    if (row && rows.isLit(row.id)) node.classList.add("lit");
    if (ticks) {
      const box = el("input");
      box.type = "checkbox";
      box.ariaLabel = filled(LEAD_SELECT, textOf(row?.cells[0] ?? null));
      box.checked = !!row && ticks.has(row.id);
      box.tabIndex = reach(at, TICK);
      on(box, "change", () => {
        if (row) ticks.set(row.id, box.checked);
        node.ariaSelected = `${box.checked}`;
      });
      const cell = el("div", "lcell ltick", box);
      cell.role = "gridcell";
      place(cell, at, TICK);
      node.append(cell);
      node.ariaSelected = `${box.checked}`;
    }
    rows.heads.forEach((lead, place) => {
      node.append(cellOf(row, lead, at, place));
    });
    return node;
  };
  const cellOf = (row: Row | undefined, lead: LeadHead, at: number, column: number): HTMLElement => {
    const cell = row?.cells[column] ?? null;
    const text = textOf(cell);
    const node = el("div", "lcell");
    node.role = "gridcell";
    place(node, at, column);
    node.tabIndex = reach(at, column);
    if (row && rows.isLit(row.id, column)) node.classList.add("lit");
    if (!row || (cell === null && lead.filling)) {
      // What is only on its way to the page is at rest: a hundred moving cells would make scrolling slow.
      const wait = el("span", row ? "shimmer" : "shimmer still");
      wait.style.width = `${36 + ((at * 7 + column * 23) % 44)}%`;
      node.append(wait);
      node.ariaLabel = row ? CELL_NOT_RUN : CELL_LOADING;
    } else if (cell !== null && !text && lead.kind !== "input") {
      node.append(el("i", "mute", CELL_NOT_FOUND));
    } else if (text) node.append(words("", "bdi", text));
    if (cell && typeof cell === "object") {
      const mark = MARKS[cell.confidence];
      if (mark && text) node.prepend(el("span", mark));
      node.classList.add("opens");
      node.setAttribute("aria-haspopup", "dialog");
    }
    node.title = text;
    return node;
  };
  const open = (at: number, column: number): void => {
    const row = matching[at];
    const cell = row?.cells[column];
    if (!row || !cell || typeof cell !== "object") return;
    details.open(textOf(row.cells[0] ?? null), rows.heads[column]?.name ?? "", cell);
  };
  const shut = (): void => {
    if (details.shut()) move(focus[0], focus[1]);
  };
  const move = (at: number, column: number): void => {
    const row = Math.min(Math.max(at, HEAD), Math.max(0, matching.length - 1));
    const least = ticks && row !== HEAD ? TICK : 0;
    focus = [row, Math.min(Math.max(column, least), Math.max(0, rows.heads.length - 1))];
    if (row !== HEAD) {
      const top = row * ROW;
      if (top < scroll.scrollTop) scroll.scrollTop = top;
      else if (top + 2 * ROW > scroll.scrollTop + scroll.clientHeight)
        scroll.scrollTop = top + 2 * ROW - scroll.clientHeight;
    }
    draw();
    const cell = target();
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    ask();
  };
  let planned = 0;
  on(scroll, "scroll", () => {
    cancelAnimationFrame(planned);
    planned = requestAnimationFrame(() => {
      drawLines(length, false);
      ask();
    });
  });
  const placeOf = (event: Event): [number, number] | null => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-at]");
    return cell && [Number(cell.dataset.at), Number(cell.dataset.place)];
  };
  on(scroll, "focusin", (event) => {
    focus = placeOf(event) ?? focus;
  });
  on(lines, "click", (event) => {
    const at = placeOf(event);
    if (!at) return;
    focus = at;
    open(...at);
  });
  on(node, "origami-key", (event) => {
    const { key } = (event as CustomEvent<KeyboardEvent>).detail;
    if (key === "Escape") {
      shut();
      return;
    }
    if (key === "Enter" && event.target === value) {
      filter();
      return;
    }
    if (!placeOf(event)) return;
    const [at, column] = focus;
    const page = Math.max(1, Math.floor(scroll.clientHeight / ROW) - 2);
    const moves: Record<string, [number, number]> = {
      ArrowDown: [at + 1, column],
      ArrowUp: [at - 1, column],
      ArrowRight: [at, column + 1],
      ArrowLeft: [at, column - 1],
      PageDown: [at + page, column],
      PageUp: [Math.max(0, at - page), column],
      Home: [at, 0],
      End: [at, rows.heads.length - 1],
    };
    const to = moves[key];
    if (to) {
      event.preventDefault();
      move(...to);
    } else if (at !== HEAD && column !== TICK && (key === "Enter" || key === " ")) {
      event.preventDefault();
      open(at, column);
    }
  });
  // Keys with Ctrl are the host's, but for these two.
  on(scroll, "keydown", (event) => {
    const { key, ctrlKey } = event as KeyboardEvent;
    if (!ctrlKey || !(key === "Home" || key === "End") || !placeOf(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (key === "Home") move(0, 0);
    else move(matching.length - 1, rows.heads.length - 1);
  });
  on(search, "input", () => {
    match();
    scroll.scrollTop = 0;
    draw();
  });
  show(clear, false);
  show(note, false);
  return {
    node,
    look(next) {
      if (!next) forget();
      else if (next === table) {
        // What was read stays while nobody looks.
        if (!looks) {
          looks = true;
          ask(true);
        }
      } else {
        rows.clear();
        [sort, filters, focus, noted] = [null, [], [0, 0], ""];
        search.value = value.value = "";
        show(clear, false);
        match();
        details.shut();
        [table, looks] = [next, true];
        restart();
      }
    },
    refresh() {
      if (session.presence === "live") ask();
    },
    expand(on) {
      expanded = on;
      size = on ? LARGE_PAGE : FIRST_PAGE;
      if (table) restart();
    },
    count: () => rows.count,
    close() {
      cancelAnimationFrame(planned);
      clearTimeout(late);
      forget();
    },
  };
}
