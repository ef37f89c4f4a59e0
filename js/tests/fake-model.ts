import type { View } from "../src/contract";
import type { Model } from "../src/model";

type Callback = (...args: never[]) => void;

/** Stands in for a host's model of a view: keeps its traits, calls back, and remembers what was sent. */
export class FakeModel<Traits extends object = View> implements Model {
  sent: Record<string, unknown>[] = [];
  comm_live = true;
  failing = false;
  /** The host's own manager. */
  widget_manager: unknown;
  /** Traits beside the view. */
  own: Record<string, unknown> = {};
  readonly callbacks = new Map<string, Set<Callback>>();
  private state: Record<string, unknown>;

  constructor(traits: Traits) {
    this.state = { ...traits } as Record<string, unknown>;
  }

  get(name: string): unknown {
    return name in this.own ? this.own[name] : this.state[name];
  }

  /** The page or, with several sections, the kernel sets sections; equal ones cause no event, as in the hosts. */
  set(part: Partial<Traits> | string, value?: unknown): void {
    const traits: Record<string, unknown> = structuredClone(
      typeof part === "string" ? { [part]: value } : part,
    );
    const changed = Object.keys(traits).filter(
      (name) => JSON.stringify(traits[name]) !== JSON.stringify(this.state[name]),
    );
    this.state = { ...this.state, ...traits };
    // What views plan for the end of the message is drawn before the test goes on.
    const planned: (() => void)[] = [];
    const { queueMicrotask } = globalThis;
    globalThis.queueMicrotask = (each) => void planned.push(each);
    for (const name of changed) this.emit(`change:${name}`);
    globalThis.queueMicrotask = queueMicrotask;
    for (const each of planned) each();
  }

  on(name: string, callback: Callback): void {
    if (!this.callbacks.has(name)) this.callbacks.set(name, new Set());
    this.callbacks.get(name)?.add(callback);
  }

  off(name?: string | null, callback?: Callback | null): void {
    if (name && callback) this.callbacks.get(name)?.delete(callback);
  }

  send(content: unknown): void {
    if (this.failing) throw new Error("The comm is closed.");
    this.sent.push(content as Record<string, unknown>);
  }

  emit(name: string, ...args: unknown[]): void {
    for (const callback of [...(this.callbacks.get(name) ?? [])]) callback(...(args as never[]));
  }

  /** The kernel stops, and the host says so. */
  stop(): void {
    this.comm_live = false;
    this.emit("comm_live_update");
  }

  /** The kernel answers the newest click. */
  acknowledge(ok = true, title = "", remedy = ""): void {
    const id = this.commands().at(-1)?.id;
    this.emit("msg:custom", { kind: "ack", id, ok, title, remedy }, []);
  }

  /** How many callbacks are registered. */
  get listeners(): number {
    return [...this.callbacks.values()].reduce((sum, set) => sum + set.size, 0);
  }

  commands(): Record<string, unknown>[] {
    return this.sent.filter((message) => message.kind === "command");
  }
}
