import { BOARD_SLOTS, type BoardView } from "../src/contract";
import type { Model } from "../src/session";

type Callback = (...args: never[]) => void;

/** The traits that hold a view. */
function traits(view: BoardView): Record<string, unknown> {
  const made: Record<string, unknown> = { head: view.head, clock: view.clock };
  for (let slot = 0; slot < BOARD_SLOTS; slot++) {
    made[`row_${slot}`] = view.rows[slot] ?? null;
    made[`time_${slot}`] = view.moments[slot] ?? null;
  }
  return structuredClone(made);
}

let boards = 0;

/** Stands in for a host's model of a board: keeps state, calls back, and remembers what was sent. */
export class BoardModel implements Model {
  sent: Record<string, unknown>[] = [];
  comm_live = true;
  widget_manager: unknown;
  readonly callbacks = new Map<string, Set<Callback>>();
  private state: Record<string, unknown>;

  constructor(readonly view: BoardView) {
    this.state = { key: `board${++boards}`, seq: 0, card: "", ...traits(view) };
  }

  get(name: string): unknown {
    return this.state[name];
  }

  /** The kernel sends traits; equal ones cause no event, as in the hosts. */
  set(part: Record<string, unknown>): void {
    const changed = Object.keys(part).filter(
      (name) => JSON.stringify(part[name]) !== JSON.stringify(this.state[name]),
    );
    this.state = { ...this.state, ...structuredClone(part) };
    for (const name of changed) this.emit(`change:${name}`);
  }

  /** The kernel sends a changed view. */
  change(change: (view: BoardView) => void): void {
    change(this.view);
    this.set(traits(this.view));
  }

  on(name: string, callback: Callback): void {
    if (!this.callbacks.has(name)) this.callbacks.set(name, new Set());
    this.callbacks.get(name)?.add(callback);
  }

  off(name?: string | null, callback?: Callback | null): void {
    if (name && callback) this.callbacks.get(name)?.delete(callback);
  }

  send(content: unknown): void {
    if (!this.comm_live) throw new Error("The comm is closed.");
    this.sent.push(content as Record<string, unknown>);
  }

  emit(name: string, ...args: unknown[]): void {
    for (const callback of [...(this.callbacks.get(name) ?? [])]) callback(...(args as never[]));
  }

  /** How many callbacks are registered. */
  get listeners(): number {
    return [...this.callbacks.values()].reduce((sum, set) => sum + set.size, 0);
  }

  commands(): Record<string, unknown>[] {
    return this.sent.filter((message) => message.kind === "command");
  }

  acknowledge(ok = true, title = "", remedy = ""): void {
    const id = this.commands().at(-1)?.id;
    this.emit("msg:custom", { kind: "ack", id, ok, title, remedy }, []);
  }
}
