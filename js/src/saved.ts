/**
 * Cards and boards in a saved notebook: their last view, drawn without a kernel. Users can sort, unfold and copy;
 * everything that would send is off.
 */

import { mount as mountBoard } from "./board/board";
import { mount as mountCard } from "./card";
import { type BoardView, type SAVED_TYPES, SAVED_VERSION, type SavedView, type View } from "./contract";
import type { Model } from "./model";

/** The model of a widget whose kernel is gone: it has the final state, and its messages go nowhere. */
const savedModel = (traits: Record<string, unknown>): Model => ({
  comm_live: false,
  get: (name) => traits[name],
  set() {},
  on() {},
  off() {},
  send() {
    throw new Error("A saved card has no kernel.");
  },
});

/** The traits of a board. No card is open in it, as a card is a separate widget. */
function boardTraitsOf({ head, clock, rows, moments }: BoardView): Record<string, unknown> {
  return { head: { ...head, open: "" }, clock, card: "", rows: { items: rows, moments, buttons: {} } };
}

type Draw = (view: never, host: HTMLElement) => () => void;

const DRAW: Record<(typeof SAVED_TYPES)[number], Draw> = {
  "application/vnd.origami.run+json": (view: View, host) => mountCard(savedModel({ ...view }), host),
  "application/vnd.origami.board+json": (view: BoardView, host) =>
    mountBoard(savedModel(boardTraitsOf(view)), host),
};

/**
 * Draws the data of a media type; returns its clean-up.
 *
 * @throws if the data is from another version, incomplete, or not a view. Then nothing was drawn.
 */
export function drawSaved(type: string, data: unknown, host: HTMLElement): () => void {
  const { version, view } = (data ?? {}) as Partial<SavedView>;
  if (version !== SAVED_VERSION) throw new Error(`Saved by version ${version}, this is ${SAVED_VERSION}.`);
  const place = document.createElement("div");
  const end = DRAW[type as keyof typeof DRAW](JSON.parse(`${view}`) as never, place);
  host.append(place);
  return () => {
    end();
    place.remove();
  };
}
