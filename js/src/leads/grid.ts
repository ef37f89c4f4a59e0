/**
 * The leads of one table: only what is looked at is asked for and drawn. Sorting and filtering by columns is the server's;
 * typing looks through what is loaded, and says so.
 */

import { button } from "../buttons";
import type { LeadCell, LeadFilter, LeadHead, LeadSort, LeadsAnswer } from "../contract";
import { anchor, el, fill, on, say, setText, show, uid, words } from "../dom";
import type { Session } from "../session";
import style from "./leads.css";

/** Height of a row in pixels; a window of rows is drawn by it. */
const ROW = 29;
/** Rows drawn above and below those that are seen. */
const AROUND = 8;
/** The place of the heads, where rows have theirs from 0 on. */
const HEAD = -1;
const FIRST_PAGE = 50;
const LARGE_PAGE = 200;
/** How often the kernel is told that the leads are still shown. */
const STILL_MS = 30_000;
const MARKS: Record<string, string> = { high: "dot high", medium: "dot medium", low: "dot low" };

interface Row {
  id: string;
  cells: LeadCell[];
}

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

const textOf = (cell: LeadCell): string => (cell === null ? "" : typeof cell === "string" ? cell : cell.text);

const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** The ticked leads; without it the rows have no check boxes. */
export interface Ticks {
  has(id: string): boolean;
  set(id: string, on: boolean): void;
}

export function leadGrid(session: Session, changed: () => void, ticks: Ticks | null = null): Leads {
  const view = uid();
  const head = el("div", "lrow lhead");
  head.role = "row";
  const lines = el("div", "lines");
  lines.role = "rowgroup";
  const space = el("div", "lspace", lines);
  space.role = "presentation";
  const scroll = el("div", "leads", head, space);
  scroll.role = "grid";
  scroll.tabIndex = -1;
  scroll.ariaLabel = "Leads";
  const empty = el("p", "empty mute");
  const open = el("div", "parts");
  open.role = "dialog";
  if (ticks) scroll.style.setProperty("--ticks", "34px");
  const search = el("input");
  search.type = "text";
  search.placeholder = "Search loaded leads";
  search.ariaLabel = search.placeholder;
  const found = el("span", "mute");
  found.role = "status";
  const column = el("select");
  column.ariaLabel = "Filter by column";
  const value = el("input");
  value.type = "text";
  value.placeholder = "contains…";
  value.ariaLabel = "Words that the column contains";
  const apply = button("Filter", () => filter());
  const clear = button("Clear", () => {
    value.value = "";
    filter();
  });
  const tools = el("div", "ltools", search, found, el("span", "gap"), column, value, apply, clear);
  const note = el("p", "lnote t-attention");
  const node = el("div", "lbox", el("style", "", style), tools, note, scroll, empty, open);

  /** The table whose leads are shown, and whether they are looked at. */
  let table = "";
  let looks = false;
  let query = 0;
  let rows: (Row | undefined)[] = [];
  let heads: LeadHead[] = [];
  let more = false;
  let total: number | null = null;
  let said = "";
  let sort: LeadSort | null = null;
  let filters: LeadFilter[] = [];
  let size = FIRST_PAGE;
  let asked = { first: -1, last: -1, at: 0 };
  let lit = new Map<string, number>();
  let focus: [number, number] = [0, 0];
  let expanded = false;
  let wanted = "";
  let answered = false;

  /** The rows that have the words that were typed. */
  const shown = (): (Row | undefined)[] => {
    if (!wanted) return rows;
    return rows.filter((row) => row && folded(row.cells.map(textOf).join(" ")).includes(wanted));
  };
  const seen = (): { first: number; last: number } => {
    const first = Math.max(0, Math.floor((scroll.scrollTop - ROW) / ROW));
    const height = scroll.clientHeight || 200;
    return { first, last: first + Math.ceil(height / ROW) };
  };
  const ask = (again = false): void => {
    if (!looks) return;
    const { first, last } = wanted ? { first: 0, last: rows.length - 1 } : seen();
    // What comes next is asked for before it is seen.
    const ahead = more ? last + AROUND * 2 : last;
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
    answered = false;
    ask(true);
    draw();
  };
  const take = (answer: LeadsAnswer): void => {
    if (answer.query !== query || answer.table !== table) return;
    const known = new Map(rows.flatMap((row) => (row ? [[row.id, row] as const] : [])));
    const before = rows.length;
    if (!answered) rows = [];
    answered = true;
    answer.rows.forEach(([id, cells], index) => {
      const old = known.get(id);
      rows[answer.start + index] = { id, cells: cells ?? old?.cells ?? [] };
      if (cells && !old && before) lit.set(id, Date.now());
    });
    const now = Date.now();
    for (const [row, at, cell] of answer.changes) {
      const changed = rows[answer.start + row];
      if (!changed) continue;
      changed.cells = [...changed.cells.slice(0, at), cell, ...changed.cells.slice(at + 1)];
      lit.set(`${changed.id} ${at}`, now);
    }
    lit = new Map([...lit].filter(([, at]) => now - at < 2000));
    if (!answer.more) rows.length = answer.start + answer.rows.length;
    ({ heads, more, total } = answer);
    said = answer.count;
    say(note, answer.note);
    draw();
    changed();
    ask();
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
    press.tabIndex = focus[0] === HEAD && focus[1] === at ? 0 : -1;
    const bar = el("i", "share");
    bar.style.setProperty("--share", `${Math.round((lead.share ?? 0) * 100)}%`);
    const cell = el("div", "lcell", press, bar);
    cell.role = "columnheader";
    cell.dataset.at = `${HEAD}`;
    cell.dataset.place = `${at}`;
    cell.title = lead.details;
    cell.ariaColIndex = `${at + 1}`;
    if (sort?.column === lead.slug) cell.ariaSort = sort.direction === "asc" ? "ascending" : "descending";
    return cell;
  };
  const draw = (): void => {
    const { activeElement: had } = node.getRootNode() as ShadowRoot;
    const all = shown();
    const ended = !more || !!wanted;
    fill(head, ...(ticks ? [el("div", "lcell ltick")] : []), ...heads.map(heading));
    const names = JSON.stringify(heads.map(({ slug, name }) => [slug, name]));
    if (column.dataset.names !== names) {
      column.dataset.names = names;
      const chosen = column.value;
      // Those that were typed in first: the specification promises to filter by them.
      const order = [...heads].sort((a, b) => Number(b.filters) - Number(a.filters));
      column.replaceChildren(
        ...order.map(({ slug, name }) => {
          const option = el("option", "", name);
          option.value = slug;
          return option;
        }),
      );
      if (chosen) column.value = chosen;
    }
    node.style.setProperty("--columns", `${heads.length}`);
    const length = ended
      ? all.length
      : Math.max(all.length, Math.min(total ?? all.length, all.length + size));
    space.style.height = `${length * ROW}px`;
    scroll.ariaRowCount = `${(total ?? all.length) + 1}`;
    scroll.ariaColCount = `${heads.length}`;
    const { first, last } = seen();
    const from = Math.max(0, first - AROUND);
    const to = Math.min(length, last + AROUND);
    lines.style.transform = `translateY(${from * ROW}px)`;
    const drawn: HTMLElement[] = [];
    for (let at = from; at < to; at++) drawn.push(line(all[at], at));
    fill(lines, ...drawn);
    // What had the focus was drawn anew: a box, a cell or a head.
    if (had && !had.isConnected) {
      const { tick } = (had as HTMLElement).dataset;
      const next = tick ? lines.querySelector<HTMLElement>(`[data-tick="${tick}"]`) : target();
      next?.focus({ preventScroll: true });
    }
    setText(
      empty,
      answered ? (filters.length || wanted ? "No leads match." : "No leads yet.") : "Loading leads…",
    );
    show(empty, !all.length);
    show(scroll, all.length || heads.length);
    say(found, wanted ? `${all.length} of ${rows.length} loaded leads` : "");
    show(tools, expanded);
  };
  /** What has the focus when it is in the grid: a cell, or the button of a head. */
  const target = (): HTMLElement | null => {
    const cell = scroll.querySelector<HTMLElement>(`[data-at="${focus[0]}"][data-place="${focus[1]}"]`);
    return focus[0] === HEAD ? (cell?.querySelector("button") ?? null) : cell;
  };
  const line = (row: Row | undefined, at: number): HTMLElement => {
    const node = el("div", "lrow");
    node.role = "row";
    node.ariaRowIndex = `${at + 2}`;
    if (row && lit.has(row.id)) node.classList.add("lit");
    if (ticks) {
      const box = el("input");
      box.type = "checkbox";
      box.dataset.tick = `${at}`;
      box.ariaLabel = `Select ${textOf(row?.cells[0] ?? null)}`;
      box.checked = !!row && ticks.has(row.id);
      on(box, "change", () => row && ticks.set(row.id, box.checked));
      node.append(el("div", "lcell ltick", box));
    }
    heads.forEach((lead, place) => {
      node.append(cellOf(row, lead, at, place));
    });
    return node;
  };
  const cellOf = (row: Row | undefined, lead: LeadHead, at: number, place: number): HTMLElement => {
    const cell = row?.cells[place] ?? null;
    const text = textOf(cell);
    const node = el("div", "lcell");
    node.role = "gridcell";
    node.ariaColIndex = `${place + 1}`;
    node.tabIndex = at === focus[0] && place === focus[1] ? 0 : -1;
    if (row && lit.has(`${row.id} ${place}`)) node.classList.add("lit");
    if (!row || (cell === null && lead.filling)) {
      const wait = el("span", "shimmer");
      wait.style.width = `${36 + ((at * 7 + place * 23) % 44)}%`;
      node.append(wait);
      node.ariaLabel = row ? `${lead.name}: not run yet` : "loading";
    } else if (cell !== null && !text && lead.kind !== "input") {
      node.append(el("i", "mute", "not found"));
    } else if (text) node.append(words("", "bdi", text));
    if (cell && typeof cell === "object") {
      const mark = MARKS[cell.confidence];
      if (mark && text) node.prepend(el("span", mark));
      node.classList.add("opens");
      node.setAttribute("aria-haspopup", "dialog");
    }
    node.title = text;
    node.dataset.at = `${at}`;
    node.dataset.place = `${place}`;
    return node;
  };
  const details = (at: number, place: number): void => {
    const row = shown()[at];
    const cell = row?.cells[place];
    if (!row || !cell || typeof cell !== "object") return;
    const close = button("Close", () => shut(true), "quiet");
    const title = el(
      "b",
      "",
      words("", "bdi", textOf(row.cells[0] ?? null)),
      ` · ${heads[place]?.name ?? ""}`,
    );
    const list = cell.parts.map(([label, text, href]) =>
      el(
        "div",
        "part",
        el("dt", "", label),
        el("dd", "", href ? anchor(href, "", words("", "bdi", text)) : words("", "bdi", text)),
      ),
    );
    const value = el("p", "", cell.text ? words("", "bdi", cell.text) : el("i", "mute", "not found"));
    const says = cell.confidence && el("span", "mute", ` · ${cell.confidence} confidence`);
    value.append(says || "");
    fill(open, el("div", "ptop", title, el("span", "gap"), close), value, el("dl", "", ...list));
    open.ariaLabel = `${heads[place]?.name ?? ""}: details`;
    show(open, true);
    close.focus();
  };
  const shut = (back = false): void => {
    if (open.hidden) return;
    show(open, false);
    if (back) move(focus[0], focus[1]);
  };
  const move = (at: number, place: number): void => {
    const last = Math.max(0, shown().length - 1);
    focus = [Math.min(Math.max(at, HEAD), last), Math.min(Math.max(place, 0), Math.max(0, heads.length - 1))];
    const top = focus[0] * ROW;
    if (top < scroll.scrollTop) scroll.scrollTop = Math.max(0, top);
    else if (top + 2 * ROW > scroll.scrollTop + scroll.clientHeight)
      scroll.scrollTop = top + 2 * ROW - scroll.clientHeight;
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
      draw();
      ask();
    });
  });
  const place = (event: Event): [number, number] | null => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-at]");
    return cell && [Number(cell.dataset.at), Number(cell.dataset.place)];
  };
  on(scroll, "focusin", (event) => {
    focus = place(event) ?? focus;
  });
  on(lines, "click", (event) => {
    const at = place(event);
    if (!at) return;
    focus = at;
    details(...at);
  });
  on(node, "origami-key", (event) => {
    const { key } = (event as CustomEvent<KeyboardEvent>).detail;
    if (key === "Escape") {
      shut(true);
      return;
    }
    if (key === "Enter" && event.target === value) {
      filter();
      return;
    }
    if (!place(event)) return;
    const [at, column] = focus;
    const rowsSeen = Math.max(1, Math.floor(scroll.clientHeight / ROW) - 2);
    const moves: Record<string, [number, number]> = {
      ArrowDown: [at + 1, column],
      ArrowUp: [at - 1, column],
      ArrowRight: [at, column + 1],
      ArrowLeft: [at, column - 1],
      PageDown: [at + rowsSeen, column],
      PageUp: [at - rowsSeen, column],
      Home: [at, 0],
      End: [at, heads.length - 1],
    };
    const to = moves[key];
    if (to) {
      event.preventDefault();
      move(...to);
    } else if (at !== HEAD && (key === "Enter" || key === " ")) {
      event.preventDefault();
      details(at, column);
    }
  });
  on(search, "input", () => {
    wanted = folded(search.value.trim());
    scroll.scrollTop = 0;
    draw();
  });
  show(open, false);
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
        [rows, heads, sort, filters, focus, said] = [[], [], null, [], [0, 0], ""];
        [more, total] = [false, null];
        wanted = search.value = value.value = "";
        shut();
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
    count: () => said,
    close() {
      cancelAnimationFrame(planned);
      forget();
    },
  };
}
