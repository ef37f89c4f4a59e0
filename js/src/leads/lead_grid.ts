/**
 * The leads of one table. Only visible leads are requested and drawn. The server sorts and filters by columns; typing
 * searches the loaded leads, and says so.
 */

import { button } from "../buttons";
import {
  LEAD_SELECT_HEAD,
  LEADS,
  LEADS_AS_OF,
  LEADS_BRIEF,
  LEADS_BRIEF_DETAILS,
  LEADS_BRIEF_HIDES,
  LEADS_DUE,
  LEADS_FILTER,
  LEADS_FILTER_CLEAR,
  LEADS_FILTER_COLUMN,
  LEADS_FILTER_NAME,
  LEADS_FILTER_WORDS,
  LEADS_LATE,
  LEADS_LOADING,
  LEADS_NEXT,
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
import { el, fill, on, setText, show, showText, uid } from "../dom";
import { clockTime, duration, filled } from "../format";
import { ANSWER_MS, type Session } from "../session";
import { cellDetails } from "./details";
import style from "./leads.css";
import { Lines, placed, ROW, TICK, type Ticks } from "./lines";
import { type Row, Rows, textOf } from "./rows";

/** Rows drawn above and below the visible ones. */
const AROUND = 4;
/** The place of the heads; the places of rows start at 0. */
const HEAD = -1;
const FIRST_PAGE = 50;
const LARGE_PAGE = 200;
/** How long after the last scroll the lines settle, in ms. */
const SETTLED_MS = 150;
/** How often to tell the kernel that the leads are still shown, in ms. */
const STILL_MS = 30_000;

export interface Leads {
  readonly node: HTMLElement;
  /** Shows a table, or none. */
  look(table: string): void;
  /** Called after a tick, and when the kernel comes or goes. */
  refresh(): void;
  /** All rows in a higher body, with the filters. */
  expand(on: boolean): void;
  /** In words, how many leads were read. */
  count(): string;
  close(): void;
}

/** `hidden` is whether to begin with the leads shown that the table's saved filters hide. */
export function leadGrid(
  session: Session,
  changed: () => void,
  ticks: Ticks | null = null,
  hidden = false,
): Leads {
  const view = uid();
  const head = el("div", "lrow lhead");
  head.role = "row";
  head.ariaRowIndex = "1";
  head.dataset.at = `${HEAD}`;
  const rows = new Rows();
  let focus: [number, number] = [0, 0];
  const reach = (at: number, column: number): number => (at === focus[0] && column === focus[1] ? 0 : -1);
  const lines = new Lines(rows, ticks, reach);
  const space = el("div", "lspace", lines.node);
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
  const brief = button(
    LEADS_BRIEF,
    () => {
      isHiddenShown = !isHiddenShown;
      restart();
    },
    "toggle",
  );
  brief.title = LEADS_BRIEF_DETAILS;
  const by = el("span", "lby", column, value, apply, clear);
  const tools = el("div", "ltools", search, found, el("span", "gap"), brief, by);
  const note = el("p", "lnote t-attention");
  const details = cellDetails(() => shut());
  const node = el("div", "lbox", el("style", "", style), tools, note, scroll, empty, details.node);

  /** The drawn ones: those that have the typed words. */
  let matching: (Row | undefined)[] = rows.all;
  /** The table whose leads are shown, and whether they are visible. */
  let table = "";
  let looks = false;
  let query = 0;
  let sort: LeadSort | null = null;
  let filters: LeadFilter[] = [];
  let isHiddenShown = hidden;
  let size = FIRST_PAGE;
  let asked = { first: -1, last: -1, at: 0 };
  /** When the newest question was asked. The timer redraws if the answer is late. */
  let since = 0;
  let late: ReturnType<typeof setTimeout> | undefined;
  let expanded = false;
  /** Why no leads come, or none any more; null while all is well. */
  let noted: Pick<LeadsAnswer, "note" | "next_at" | "read_at"> | null = null;
  let counting: ReturnType<typeof setTimeout> | undefined;

  const match = (): void => {
    matching = rows.matching(search.value);
  };
  const isSearched = (): boolean => search.value.trim() !== "";
  const seen = (): { first: number; last: number } => {
    const first = Math.max(0, Math.floor((scroll.scrollTop - ROW) / ROW));
    const height = scroll.clientHeight || 200;
    return { first, last: first + Math.ceil(height / ROW) };
  };
  const question = () => ({
    view,
    query,
    table,
    first: 0,
    last: 0,
    size,
    sort,
    filters,
    include_hidden: isHiddenShown,
  });
  const ask = (again = false): void => {
    if (!looks) return;
    const { first, last } = isSearched() ? { first: 0, last: rows.all.length - 1 } : seen();
    // The next rows are requested before they are visible.
    const ahead = rows.more ? last + AROUND * 2 : last;
    if (!again && first >= asked.first && ahead <= asked.last && Date.now() - asked.at < STILL_MS) return;
    // Whole pages, as the kernel reads them: a message for each scrolled line would keep the whole page busy.
    const start = Math.floor(first / size) * size;
    asked = { first: start, last: (Math.floor(Math.max(ahead, 0) / size) + 1) * size - 1, at: Date.now() };
    session.leads({ ...question(), first: start, last: asked.last }, take);
  };
  const forget = (): void => {
    if (looks) session.leads({ ...question(), table: "" }, take);
    looks = false;
  };
  const restart = (): void => {
    query++;
    asked = { first: -1, last: -1, at: 0 };
    scroll.scrollTop = 0;
    rows.restart();
    since = Date.now();
    ask(true);
    // The answer distinguishes a slow server from a kernel that is busy with a cell.
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
    noted = answer.note ? answer : null;
    match();
    if (!isNew) {
      // Visible rows stay in place when rows above them come or go. At the top, new rows are shown.
      if (scroll.scrollTop > 0) scroll.scrollTop += (placeNow(top, at) - at) * ROW;
      if (focus[0] !== HEAD) focus = [placeNow(focused, focus[0]), focus[1]];
    }
    draw(isNew);
    changed();
    ask();
  };
  /** The place of a lead, or its last place if it is gone. */
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

  const heading = (lead: LeadHead, at: number): HTMLElement => {
    const press = button(lead.name, () => order(lead.slug), "quiet");
    const cell = el("div", "lcell", press, el("i", "share"));
    cell.role = "columnheader";
    placed(cell, at, ticks);
    return cell;
  };
  const drawHead = (cell: HTMLElement, lead: LeadHead, at: number): void => {
    const [press, bar] = cell.children as unknown as [HTMLElement, HTMLElement];
    press.tabIndex = reach(HEAD, at);
    bar.style.setProperty("--share", `${Math.round((lead.share ?? 0) * 100)}%`);
    cell.title = lead.details;
    cell.ariaSort = sort?.column !== lead.slug ? null : sort.direction === "asc" ? "ascending" : "descending";
  };
  const tickHead = (): HTMLElement => {
    const cell = el("div", "lcell ltick", el("span", "hidden", LEAD_SELECT_HEAD));
    cell.role = "columnheader";
    cell.ariaColIndex = "1";
    return cell;
  };
  let headCells: HTMLElement[] = [];
  const drawHeads = (): void => {
    const names = JSON.stringify(rows.heads.map(({ slug, name }) => [slug, name]));
    if (column.dataset.names !== names) {
      column.dataset.names = names;
      headCells = rows.heads.map(heading);
      fill(head, ...(ticks ? [tickHead()] : []), ...headCells);
      node.style.setProperty("--columns", `${rows.heads.length}`);
      const chosen = column.value;
      // Typed-in columns come first, as the specification promises filters for them.
      const order = [...rows.heads].sort((a, b) => Number(b.filters) - Number(a.filters));
      column.replaceChildren(
        ...order.map(({ slug, name }) => {
          const option = el("option", "", name);
          option.value = slug;
          return option;
        }),
      );
      if (chosen) column.value = chosen;
    }
    headCells.forEach((cell, at) => {
      drawHead(cell, rows.heads[at] as LeadHead, at);
    });
  };
  const drawLines = (length: number, anew: boolean): void => {
    const { first, last } = seen();
    // As many at both ends as in the middle, so that scrolling neither makes nor removes any.
    const many = last - first + 2 * AROUND;
    const from = Math.max(0, Math.min(first - AROUND, length - many));
    lines.draw(matching, from, Math.min(length, from + many), anew);
  };
  /** Lines in all. */
  let length = 0;
  /** The values that all lines depend on, besides their leads. */
  const common = (): string =>
    JSON.stringify([focus, rows.heads.map(({ slug, kind, filling }) => [slug, kind, filling])]);
  let commonBefore = "";
  const tell = (): void => {
    const isLate = looks && !rows.answered && session.unread(since);
    clearTimeout(counting);
    if (isLate || !noted) {
      showText(note, isLate && matching.length ? LEADS_OLD : "");
      return;
    }
    const { note: why, next_at: next, read_at: read } = noted;
    const left = next === null ? null : (next - session.now()) / 1000;
    const until = left === null ? "" : left < 1 ? LEADS_DUE : filled(LEADS_NEXT, duration(left));
    const asOf = read === null || !rows.all.length ? "" : filled(LEADS_AS_OF, clockTime(read));
    showText(note, [why, until, asOf].filter(Boolean).join(" "));
    if (looks && left !== null && left >= 1) counting = setTimeout(tell, 1000);
  };
  const draw = (anew = true): void => {
    const root = node.getRootNode() as ShadowRoot;
    const hadFocus = scroll.contains(root.activeElement);
    drawHeads();
    const read = matching.length;
    const isWhole = !rows.more || isSearched();
    length = isWhole ? read : Math.max(read, Math.min(rows.total ?? Number.POSITIVE_INFINITY, read + size));
    space.style.height = `${length * ROW}px`;
    scroll.ariaRowCount =
      rows.more && rows.total === null ? "-1" : `${(isSearched() ? read : (rows.total ?? read)) + 1}`;
    scroll.ariaColCount = `${rows.heads.length + (ticks ? 1 : 0)}`;
    scroll.ariaBusy = `${!rows.answered}`;
    const now = common();
    drawLines(length, anew || now !== commonBefore);
    if (settling === undefined) lines.settle();
    commonBefore = now;
    // The focus follows its lead: the line that had it shows another lead now, or is gone.
    const focused = hadFocus ? target() : null;
    if (focused !== root.activeElement) focused?.focus({ preventScroll: true });
    const isLate = looks && !rows.answered && session.unread(since);
    const isNone = isSearched() ? LEADS_NO_MATCH_LOADED : filters.length ? LEADS_NO_MATCH : LEADS_NONE;
    setText(empty, rows.answered && isWhole ? isNone : isLate ? LEADS_LATE : LEADS_LOADING);
    tell();
    // What the note says is not "no leads".
    show(empty, !read && (!noted || isLate));
    show(scroll, read || rows.heads.length);
    showText(found, isSearched() ? filled(LEADS_SEARCHED, read, rows.all.length) : "");
    setText(brief, rows.hidden ? filled(LEADS_BRIEF_HIDES, rows.hidden) : LEADS_BRIEF);
    brief.ariaPressed = `${!isHiddenShown}`;
    show(brief, isHiddenShown || rows.hidden !== 0);
    show(tools, expanded);
  };
  /** The element with the focus, if it is in the grid: a cell, its check box, or the button of a head. */
  const target = (): HTMLElement | null => {
    const cell = scroll.querySelector<HTMLElement>(`[data-at="${focus[0]}"] > [data-place="${focus[1]}"]`);
    return cell?.querySelector<HTMLElement>("button, input") ?? cell;
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
  let settling: ReturnType<typeof setTimeout> | undefined;
  const settle = (): void => {
    settling = undefined;
    lines.settle();
  };
  const follow = (): void => {
    // Fixed columns are a separate layer in each line, used only if something scrolls beneath them.
    scroll.classList.toggle("aside", scroll.scrollLeft !== 0);
    drawLines(length, false);
    ask();
  };
  on(scroll, "scroll", () => {
    cancelAnimationFrame(planned);
    planned = requestAnimationFrame(follow);
    clearTimeout(settling);
    settling = setTimeout(settle, SETTLED_MS);
  });
  const placeOf = (event: Event): [number, number] | null => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-place]");
    return cell && [Number(cell.parentElement?.dataset.at), Number(cell.dataset.place)];
  };
  on(scroll, "focusin", (event) => {
    focus = placeOf(event) ?? focus;
  });
  on(lines.node, "change", (event) => {
    const [at] = placeOf(event) ?? [HEAD];
    const box = event.target as HTMLInputElement;
    const line = box.closest<HTMLElement>(".lrow");
    const row = matching[at];
    if (!row || !line) return;
    ticks?.set(row.id, box.checked);
    line.ariaSelected = `${box.checked}`;
  });
  on(lines.node, "click", (event) => {
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
  // Keys with Ctrl belong to the host, except these two.
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
        // Loaded leads stay while the grid is hidden.
        if (!looks) {
          looks = true;
          ask(true);
        }
      } else {
        rows.clear();
        isHiddenShown = hidden;
        [sort, filters, focus, noted] = [null, [], [0, 0], null];
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
      clearTimeout(settling);
      clearTimeout(late);
      clearTimeout(counting);
      forget();
    },
  };
}
