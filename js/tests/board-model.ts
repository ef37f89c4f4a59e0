import type { BoardView } from "../src/contract";
import { FakeModel } from "./fake-model";

/** The traits that hold a view. */
const traits = ({ head, clock, rows, moments, row_buttons }: BoardView): Record<string, unknown> =>
  structuredClone({ head, clock, rows: { items: rows, moments, buttons: row_buttons } });

let boards = 0;

/** Stands in for a host's model of a board. */
export class BoardModel extends FakeModel<Record<string, unknown>> {
  constructor(readonly view: BoardView) {
    super({ key: `board${++boards}`, seq: 0, card: "", ...traits(view) });
  }

  /** The kernel sends a changed view. */
  change(change: (view: BoardView) => void): void {
    change(this.view);
    this.set(traits(this.view));
  }
}
