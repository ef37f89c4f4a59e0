/**
 * Cards and boards in a saved notebook: their last view, drawn without a kernel. Users can sort, unfold and copy;
 * everything that would send is off.
 */

import { mount as mountBoard } from "./board/board";
import { mount as mountCard } from "./card";
import {
  type BoardView,
  type LeadsAnswer,
  type LeadsMessage,
  type SAVED_TYPES,
  SAVED_VERSION,
  type SavedView,
  type View,
} from "./contract";
import type { Model } from "./model";

/**
 * Most entries of one list of a view, and of all its lists together. Python's largest views have a tenth and a half of
 * them; a view that was tampered with must not keep the page busy.
 */
export const MOST_IN_LIST = 1000;
const MOST_ENTRIES = 6000;

/** The value with its lists cut, the later ones first. */
function bounded(value: unknown, left = { entries: MOST_ENTRIES }): unknown {
  if (Array.isArray(value)) {
    const kept = value.slice(0, Math.min(MOST_IN_LIST, left.entries));
    left.entries -= kept.length;
    return kept.map((each) => bounded(each, left));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, bounded(part, left)]));
}

/** What a recording answers to the question for leads. */
export type Answer = (message: LeadsMessage) => LeadsAnswer;

/** The model of a widget whose kernel is gone: it has the final state, and its messages go nowhere. */
class SavedModel implements Model {
  readonly comm_live = false;
  readonly recorded: boolean;
  readonly #traits: Record<string, unknown>;
  readonly #answer: Answer | undefined;
  readonly #callbacks = new Set<(answer: LeadsAnswer) => void>();

  constructor(traits: Record<string, unknown>, answer?: Answer) {
    this.#traits = traits;
    this.#answer = answer;
    this.recorded = !!answer;
  }

  get(name: string): unknown {
    return this.#traits[name];
  }

  set(): void {}

  on(name: string, call: (answer: LeadsAnswer) => void): void {
    if (name === "msg:custom") this.#callbacks.add(call);
  }

  off(_name: string, call: (answer: LeadsAnswer) => void): void {
    this.#callbacks.delete(call);
  }

  /** Only a recording answers, and only which leads there are. */
  send(message: { kind: string }): void {
    if (!this.#answer) throw new Error("A saved card has no kernel.");
    if (message.kind !== "leads") return;
    const answer = this.#answer(message as LeadsMessage);
    setTimeout(() => {
      for (const call of this.#callbacks) call(answer);
    });
  }
}

/** The traits of a board. No card is open in it, as a card is a separate widget. */
function boardTraitsOf({ head, clock, rows, moments }: BoardView): Record<string, unknown> {
  return { head: { ...head, open: "" }, clock, card: "", rows: { items: rows, moments, buttons: {} } };
}

type Draw = (view: never, host: HTMLElement, answer?: Answer) => () => void;

const DRAW: Record<(typeof SAVED_TYPES)[number], Draw> = {
  "application/vnd.origami.run+json": (view: View, host, answer) =>
    mountCard(new SavedModel({ ...view }, answer), host),
  "application/vnd.origami.board+json": (view: BoardView, host) =>
    mountBoard(new SavedModel(boardTraitsOf(view)), host),
};

/**
 * Draws the data of a media type; returns its clean-up.
 *
 * @param answer - What answers which leads there are, in a recording.
 * @throws if the data is from another version, incomplete, or not a view. Then nothing was drawn.
 */
export function drawSaved(type: string, data: unknown, host: HTMLElement, answer?: Answer): () => void {
  const { version, view } = (data ?? {}) as Partial<SavedView>;
  if (version !== SAVED_VERSION) throw new Error(`Saved by version ${version}, this is ${SAVED_VERSION}.`);
  const saved = bounded(JSON.parse(`${view}`));
  const place = document.createElement("div");
  const end = DRAW[type as keyof typeof DRAW](saved as never, place, answer);
  host.append(place);
  return () => {
    end();
    place.remove();
  };
}
