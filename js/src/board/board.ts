import { button } from "../buttons";
import {
  BOARD_SLOTS,
  type BoardHead,
  type BoardRow,
  type CheckTimes,
  type ClockView,
  STOP_HEAD,
  type Stage,
  type Tone,
} from "../contract";
import { el, on, setText, show, showText } from "../dom";
import { guardKeys } from "../keys";
import { focused, Lifecycle } from "../lifecycle";
import { notifyToggle } from "../notify";
import { lastAndNextCheck } from "../sections/clock";
import { type Model, Session } from "../session";
import style from "./board.css";
import { boardHead } from "./board_head";
import { type Bar, type Filter, filterBar } from "./filter_bar";
import { openedCard } from "./opened_card";
import { DOWN, type Item, type Key, matches, sorted } from "./order";
import { cell, type Row, runRow } from "./run_row";

const SLOTS = Array.from({ length: BOARD_SLOTS }, (_, slot) => slot);
/** The stages that need the user. */
const URGENT: readonly Stage[] = ["needs_you", "failed"];
const COLUMNS: [Exclude<Key, "start">, string][] = [
  ["name", "Name"],
  ["status", "Status"],
  ["leads", "Leads"],
  ["qualified", "Qualified"],
  ["credits", "Credits"],
  ["time", "Time"],
];

/** Draws one view of the board and returns its clean-up. */
export function mount(model: Model, host: HTMLElement): () => void {
  const session = new Session(model, host, () => lifecycle.refresh());
  /** The board is as old as its oldest row that is still watched. */
  const oldest = (clock: ClockView | null): ClockView | null => {
    const followed = items().filter(({ row, moments }) => row.token && !row.settled && moments[3] === "live");
    // Without a kernel, nothing has been heard since it last sent its clock, or since the board was saved.
    const until = (session.presence === "gone" && clock?.now) || session.now();
    const heard = followed.flatMap(({ moments: [heard_at, next_at, interval] }) =>
      clock ? (lastAndNextCheck({ ...clock, heard_at, next_at, interval }, until).heard ?? []) : [],
    );
    return clock && heard.length ? { ...clock, heard_at: Math.min(...heard), next_at: null } : clock;
  };
  const board = `${model.get("key")}`;
  const notify = notifyToggle(board);
  const head = boardHead(session, board, oldest, notify);
  const filter: Filter = { words: "", stage: "" };
  const bar: Bar = filterBar(filter, () => arrange());
  const card = openedCard(model);
  const noMatch = el("p", "mute nothing");
  const nothing = el("p", "mute nothing");
  const hidden = el("p", "mute nothing");
  const voice = el("div", "hidden");
  voice.role = "status";
  const body = el("tbody");
  const headings = new Map<Key, HTMLElement>();
  const columns = el("tr");
  const rows = new Map<string, Row>();
  let key: Key = "start";
  let down = false;
  let current: Row | null = null;
  let order: Row[] = [];
  let announced = "";
  /** At the last announcement: how many runs needed the user, how many had failed, and whether all had ended. */
  let before: number[] | null = null;
  /** The runs that needed the user or had failed then. */
  let known = new Set<string>();

  for (const [name, label] of COLUMNS) {
    const heading = cell(
      "columnheader",
      `${name === "name" || name === "status" ? "" : "b-num "}b-${name}`,
      "th",
    );
    heading.append(
      button(
        label,
        () => {
          // The second press turns the order round, the third one goes back to the order of start.
          const isTurned = name === key && down !== DOWN.has(name);
          down = isTurned ? false : name === key ? !down : DOWN.has(name);
          key = isTurned ? "start" : name;
          arrange();
        },
        "quiet",
      ),
    );
    headings.set(name, heading);
    columns.append(heading);
  }
  const last = cell("columnheader", "b-does", "th");
  last.append(el("span", "hidden", STOP_HEAD));
  columns.append(last);
  columns.role = "row";
  const thead = el("thead", "", columns);
  thead.role = body.role = "rowgroup";
  const table = el("table", "runs", thead, body);
  table.role = "table";
  table.ariaLabel = "Runs";
  const root = el(
    "section",
    "origami-card origami-board",
    head.node,
    bar.node,
    table,
    noMatch,
    nothing,
    hidden,
    voice,
  );
  root.dir = "ltr";
  root.tabIndex = -1;
  root.ariaLabel = "Origami runs";

  const headNow = (): BoardHead => model.get("head") as BoardHead;
  const items = (): Item[] =>
    SLOTS.flatMap((slot) => {
      const row = model.get(`row_${slot}`) as BoardRow | null;
      return row ? [{ row, moments: model.get(`time_${slot}`) as CheckTimes }] : [];
    });

  /** Tab reaches one row of the list, and the arrow keys go on from there. */
  const choose = (row: Row | null): void => {
    current = row;
    for (const each of order) each.reach(each === row);
  };
  /** Sorts the rows and hides those that do not match the filter. */
  const arrange = (): void => {
    const had = focused(root);
    const all = [...rows.values()];
    const place = new Map(all.map((row) => [row.item, row]));
    const next = sorted([...place.keys()], key, down).map((item) => place.get(item) as Row);
    if (next.length !== order.length || next.some((row, at) => row !== order[at])) {
      body.append(...next.map(({ node }) => node));
      order = next;
    }
    const { open, none_match } = headNow();
    let shown = 0;
    for (const row of order) {
      const fits = matches(row.item, filter.words, filter.stage);
      show(row.node, fits);
      if (fits) shown++;
      row.open(open && fits && row.item.row.token === open ? card.node : null);
    }
    for (const [name, heading] of headings)
      heading.ariaSort = name === key ? (down ? "descending" : "ascending") : null;
    showText(noMatch, order.length && !shown ? none_match : "");
    show(table, order.length);
    show(bar.node, order.length);
    bar.count(shown, order.length);
    if (!current || current.node.hidden || !order.includes(current))
      choose(order.find(({ node }) => !node.hidden) ?? null);
    // A moved row has lost its focus.
    if (had?.isConnected && focused(root) !== had) had.focus();
  };
  const update = (): void => {
    const now = headNow();
    head.update(now);
    bar.update(now);
    card.update({ card: `${model.get("card") ?? ""}`, token: now.open });
    showText(hidden, now.hidden);
    showText(nothing, now.nothing);
    const left = new Set(rows.keys());
    for (const item of items()) {
      const name = `${item.row.position}`;
      left.delete(name);
      let row = rows.get(name);
      if (!row) {
        row = runRow(session, item, () => headNow().last_known);
        rows.set(name, row);
      }
      row.update(item);
    }
    for (const name of left) {
      rows.get(name)?.open(null);
      rows.get(name)?.node.remove();
      rows.delete(name);
    }
    arrange();
    announce(now);
  };
  const announce = ({ counts, settled, title, announcement }: BoardHead): void => {
    // What the board shows when it appears is read with the board.
    if (before && announced !== announcement && announcement) setText(voice, announcement);
    announced = announcement;
    const now = [
      ...URGENT.map((stage) => counts.find((each) => each.stage === stage)?.count ?? 0),
      Number(settled),
    ];
    const all = items().map(({ row }) => row);
    const waiting = all.filter(({ stage }) => URGENT.includes(stage)).map(({ token }) => token);
    if (before && now.some((count, at) => count > (before?.[at] ?? 0))) {
      const runs = settled ? all.map(({ token }) => token) : waiting.filter((run) => !known.has(run));
      const more = (stage: Stage): boolean =>
        (now[URGENT.indexOf(stage)] ?? 0) > (before?.[URGENT.indexOf(stage)] ?? 0);
      const tone: Tone = more("failed") ? "bad" : more("needs_you") ? "attention" : "neutral";
      notify.notify({ title, body: announcement, tone, runs });
    }
    known = new Set(waiting);
    before = now;
  };
  const redraw = (): void => {
    head.refresh?.();
    for (const row of rows.values()) row.refresh();
  };
  const lifecycle = new Lifecycle(root, session, redraw, () => !headNow().settled);

  let planned = false;
  /** The traits of a message come one by one, but are drawn together. */
  const plan = (): void => {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      if (!root.isConnected) return;
      const had = focused(root);
      session.kernelSpoke(model.get("clock") as never);
      update();
      lifecycle.refresh();
      if (had && !had.checkVisibility()) root.focus();
    });
  };
  const traits = ["head", "clock", "card", ...SLOTS.flatMap((slot) => [`row_${slot}`, `time_${slot}`])];
  for (const trait of traits) model.on(`change:${trait}`, plan);

  const moves: Record<string, (at: number, last: number) => number> = {
    ArrowDown: (at, last) => Math.min(at + 1, last),
    ArrowUp: (at) => Math.max(at - 1, 0),
    Home: () => 0,
    End: (_, last) => last,
  };
  const arrows = (event: Event): void => {
    const { key: pressed, ctrlKey, metaKey, altKey, shiftKey } = event as KeyboardEvent;
    const target = event.composedPath()[0];
    const move = moves[pressed];
    const visible = order.filter(({ node }) => !node.hidden);
    const at = visible.findIndex(({ press }) => press === target);
    if (!move || at < 0 || ctrlKey || metaKey || altKey || shiftKey) return;
    event.preventDefault();
    const to = visible[move(at, visible.length - 1)] ?? null;
    choose(to);
    to?.press.focus();
  };
  const undo = [
    on(window, "keydown", arrows, true),
    // A click also makes the row the current one.
    on(body, "focusin", (event) => {
      const row = order.find(({ node }) => node.contains(event.target as Node));
      if (row) choose(row);
    }),
    guardKeys(root, () => {}),
  ];
  update();
  lifecycle.start(host, style);
  return () => {
    lifecycle.stop();
    for (const trait of traits) model.off(`change:${trait}`, plan);
    for (const each of undo) each();
    card.close?.();
    head.close?.();
  };
}
