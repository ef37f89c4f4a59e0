import type { BoardView } from "../src/contract";
import type { Model } from "../src/model";

type Callback = (...args: never[]) => void;

/** The traits that hold a view. */
const traits = ({ head, clock, rows, moments, row_buttons }: BoardView): Record<string, unknown> =>
  structuredClone({ head, clock, rows: { items: rows, moments, buttons: row_buttons } });

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

  /** The page or, with several traits, the kernel sets traits; equal ones cause no event, as in the hosts. */
  set(part: Record<string, unknown> | string, value?: unknown): void {
    const traits = typeof part === "string" ? { [part]: value } : part;
    const changed = Object.keys(traits).filter(
      (name) => JSON.stringify(traits[name]) !== JSON.stringify(this.state[name]),
    );
    this.state = { ...this.state, ...structuredClone(traits) };
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
