import widget from "../src/board/board";
import type { BoardHead, BoardRow, BoardView, Button, CheckTimes } from "../src/contract";
import { readBoard } from "../tools/fixtures.mjs";
import { BoardModel } from "./board-model";
import { type Placed, placed, shown } from "./draw";

/** One of the boards that all renderers are tested with, as the kernel would send it at `now`. */
export function board(name: string, now = Date.now()): BoardView {
  const view = readBoard(name);
  const shift = now - view.clock.now;
  const move = (at: number | null): number | null => (at === null ? null : at + shift);
  Object.assign(view.clock, { now, heard_at: move(view.clock.heard_at), next_at: move(view.clock.next_at) });
  for (const row of view.rows)
    Object.assign(row, { started_at: move(row.started_at), completed_at: move(row.completed_at) });
  view.moments = view.moments.map(([heard, next, interval, connection]) => [
    move(heard),
    move(next),
    interval,
    connection,
  ]);
  return view;
}

/** One view of a board. */
export interface Shown extends Placed {
  model: BoardModel;
  /** The rows that can be seen, in their order. */
  rows(): HTMLElement[];
  /** The buttons that open them. */
  briefs(): HTMLButtonElement[];
}

export function drawBoard(from: BoardView | BoardModel): Shown {
  const model = from instanceof BoardModel ? from : new BoardModel(from);
  const view = placed(widget, model);
  const rows = (): HTMLElement[] =>
    view.all("tbody > tr").filter((row) => !row.hidden && !row.matches(".card-row"));
  const briefs = (): HTMLButtonElement[] =>
    rows().map((row) => row.querySelector<HTMLButtonElement>(".brief") as HTMLButtonElement);
  return { model, ...view, rows, briefs };
}

const ROW: BoardRow = {
  position: 0,
  token: "agent/run",
  prompt: "Find bakeries",
  name: "",
  status_label: "Running",
  tone: "running",
  stage: "running",
  done: false,
  settled: false,
  leads: "",
  qualified: "",
  credits: "",
  price: "",
  keys: [null, null, null, null],
  started_at: null,
  completed_at: null,
  button: "cancel",
  note: "",
};

let runs = 0;

/** The buttons of rows, as the kernel sends them. */
export const ROW_BUTTONS = board("batch").row_buttons;

/** A row of a run that no other test clicks on; commands are held on the page by run. */
export const row = (change: Partial<BoardRow> = {}): BoardRow => ({
  ...ROW,
  token: `agent/run-${++runs}`,
  ...change,
});

/** What a row says of these numbers, and the keys to sort by. */
export const numbers = (
  leads: number | null,
  qualified: number | null = null,
  credits: number | null = null,
  price: number | null = null,
): Pick<BoardRow, "leads" | "qualified" | "credits" | "price" | "keys"> => ({
  leads: `${leads ?? ""}`,
  qualified: `${qualified ?? ""}`,
  credits: `${credits ?? ""}`,
  price: `${price ?? ""}`,
  keys: [leads, qualified, credits, price],
});

/** A board of these rows. */
export function boardOf(
  rows: BoardRow[],
  head: Partial<BoardHead> = {},
  times: CheckTimes[] = [],
): BoardView {
  const now = Date.now();
  const stages = [...new Set(rows.map(({ stage }) => stage))];
  return {
    head: {
      form: "live",
      as_of: "",
      title: `${rows.length} runs`,
      counts: stages.map((stage) => ({
        stage,
        label: stage,
        count: rows.filter((each) => each.stage === stage).length,
      })),
      sums: "",
      hidden: "",
      nothing: "",
      announcement: "",
      settled: rows.every(({ settled }) => settled),
      origin: "",
      notices: [],
      buttons: [],
      has_leads: false,
      leads_line: "",
      open: "",
      again_words: "To see these runs again",
      again_line: "ow.RunBoard()",
      gone: "The runs continue on the server. To see them again, in any kernel:",
      ...head,
    },
    clock: {
      now,
      heard_at: now,
      next_at: now + 15_000,
      interval: 15,
      connection: "live",
      heard: "updated {}",
      next: "next check in {}",
      due: "checking…",
    },
    rows: rows.map((each, position) => ({ ...each, position })),
    moments: rows.map((_, at) => times[at] ?? [now - 1000 * at, now + 15_000, 15, "live"]),
    row_buttons: ROW_BUTTONS,
  };
}

/** What was planned is drawn. */
export const drawn = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

export const change = async (on: Shown, how: Parameters<BoardModel["change"]>[0]): Promise<void> => {
  on.model.change(how);
  await drawn();
};

export const texts = (on: Shown): string[] => on.briefs().map(shown);
export const type = (on: Shown, words: string): void => {
  const field = on.one<HTMLInputElement>("input");
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
export const pick = (on: Shown, stage: string): void => {
  const select = on.one<HTMLSelectElement>("select");
  select.value = stage;
  select.dispatchEvent(new Event("change", { bubbles: true }));
};
export const named = (...names: string[]): BoardRow[] => names.map((prompt) => row({ prompt }));
export const ALL: Button = {
  command: "cancel_all",
  label: "Cancel all",
  confirm: "Cancel 2 runs?",
  yes: "Yes, cancel them",
};
