/**
 * The card's connection to the kernel: how fresh its state is, and whether the kernel listens.
 *
 * An unchanged check sends nothing, so some silence is normal. The kernel is asked only after a silence of more than
 * two checks.
 */

import type {
  AckMessage,
  ClockMessage,
  ClockView,
  CodeAnswer,
  CodeMessage,
  CommandMessage,
  CommandName,
  DownloadAnswer,
  DownloadMessage,
  HelloMessage,
  LeadsAnswer,
  LeadsMessage,
  SelectMessage,
  View,
} from "./contract";
import { hello, type Model } from "./model";
import { NO_KERNEL } from "./page_settings";
import { acknowledge, commandKey, leave, request, withdraw } from "./page_state";

/**
 * `old`: restored, and the kernel has not sent anything yet. `busy`: the kernel does not answer. `gone`: the host says
 * that it is gone.
 */
export type Presence = "live" | "old" | "busy" | "gone";

/** Context for all sections of a card. */
export interface Context {
  session: Session;
  /** The newest value of a section's trait. */
  view<K extends keyof View>(name: K): View[K];
}

export const ANSWER_MS = 3000;
/** A first state older than this may have been restored from a page reload or a saved notebook. */
const FIRST_STATE_MS = 10_000;
const DISCONNECTED = `.jupyter-widgets-disconnected, .${NO_KERNEL}`;

type Question = CodeMessage | DownloadMessage | LeadsMessage;
type Answer = CodeAnswer | DownloadAnswer | LeadsAnswer;

/** A question and its answers have the same key: tables and grids are asked about one by one. */
function keyOf(message: Question | Answer): string {
  return `${message.kind} ${"grid" in message ? message.grid : ""}`;
}

export class Session {
  presence: Presence = "live";
  clock: ClockView | null;
  /**
   * The kernel's clock minus the browser's, in ms. Known only from events, as the first state may be as old as a saved
   * notebook.
   */
  offset = 0;
  /** Browser time of the kernel's last message. */
  heard: number | null = null;
  #asked: number | null = null;
  /** Whether a message could not be sent. The kernel then counts as gone until it sends something. */
  #unreachable = false;

  /** Whether the view is on the screen. Off the screen, it requests nothing. */
  visible = false;
  /** Whether the host has said that the connection changed, but not how. */
  uncertain = false;
  /** Browser time of the last answer to a message. A running cell may keep the kernel from reading messages. */
  #answered = 0;
  readonly #sent = new Set<string>();
  /** What uses the answers to each question. */
  readonly #uses = new Map<string, (answer: never) => void>();
  readonly #model: Model;
  readonly #el: HTMLElement;
  readonly #changed: () => void;

  constructor(model: Model, el: HTMLElement, changed: () => void) {
    this.#model = model;
    this.#el = el;
    this.#changed = changed;
    this.clock = (model.get("clock") as ClockView | null) ?? null;
    const now = Date.now();
    if (this.clock && Math.abs(now - this.clock.now) <= FIRST_STATE_MS) this.heard = now;
    else this.presence = "old";
    model.on("msg:custom", this.#receive);
    model.on("comm_live_update", this.#lineChanged);
  }

  /** Whether the run is still watched. If not, the last known state of an unfinished run may be out of date. */
  follows(): boolean {
    return this.presence !== "gone" && this.clock?.connection !== "stopped";
  }

  /** Whether leads can be read, which the kernel does. */
  get reads(): boolean {
    return this.presence !== "gone";
  }

  /** The kernel's clock now, in ms. */
  now(): number {
    return Date.now() + this.offset;
  }

  /** Called when the kernel has sent a trait or a message. */
  kernelSpoke(clock?: ClockView | null): void {
    const now = Date.now();
    if (clock) {
      this.clock = clock;
      this.offset = clock.now - now;
    }
    this.heard = now;
    this.#asked = null;
    this.#unreachable = false;
    this.uncertain = false;
    this.#inspect();
    if (this.presence !== "gone") this.#become("live");
  }

  /** Asks for the newest clock, unless an answer is already awaited. */
  hello(): void {
    this.#inspect();
    if (this.#asked !== null || this.presence === "gone") return;
    this.#asked = Date.now();
    if (!this.#post(hello(this.#model, null))) this.#asked = null;
  }

  /** Called once a second while anything can still change. */
  tick(): void {
    this.#inspect();
    const now = Date.now();
    const interval = this.clock?.interval ?? Infinity;
    // While a cell blocks the kernel, it answers nothing but still sends changes: only a long silence means something.
    const silent = this.uncertain || this.heard === null || now - this.heard > interval * 2000 + 5000;
    if (!silent || this.presence === "gone") return;
    if (this.#asked === null) this.hello();
    else if (now - this.#asked >= ANSWER_MS) this.#become("busy");
  }

  /** Sends a click once. */
  command(run: string, name: CommandName, prompt = "", answers: string[] = []): void {
    const key = commandKey(run, name, prompt);
    // Unique for each click. `randomUUID` exists only if the page came over https or from this machine.
    const id = [...crypto.getRandomValues(new Uint32Array(4))].join("-");
    if (!request(key, id)) return;
    this.#sent.add(key);
    if (!this.#post({ kind: "command", id, name, run_id: run, prompt, answers }))
      this.#sent.forEach(withdraw);
  }

  /** Asks for code, a file of leads or the leads that a grid shows; `use` gets all answers. */
  ask<Q extends Question>(message: Q, use: (answer: Extract<Answer, { kind: Q["kind"] }>) => void): void {
    this.#uses.set(keyOf(message), use);
    this.#post(message);
  }

  /** Whether a cell keeps the kernel from reading: it has read nothing for longer than a question takes. */
  unread(since: number): boolean {
    return this.presence !== "gone" && this.#answered < since && Date.now() - since >= ANSWER_MS;
  }

  /** Reports to the kernel which leads are ticked. */
  select(ids: string[], on: boolean): void {
    this.#post({ kind: "select", ids, on });
  }

  close(): void {
    this.#sent.forEach(leave);
    this.#model.off("msg:custom", this.#receive);
    this.#model.off("comm_live_update", this.#lineChanged);
  }

  readonly #receive = (message: AckMessage | ClockMessage | Answer | undefined): void => {
    if (!message) return;
    if (message.kind !== "leads") this.#answered = Date.now();
    if (message.kind === "clock") this.kernelSpoke(message.clock);
    else if (message.kind === "ack") {
      this.kernelSpoke();
      acknowledge(message);
    } else {
      // An answer changes nothing else on the card.
      const key = keyOf(message);
      const use = this.#uses.get(key);
      if (!use) return;
      // All views get the file; only the one that has asked saves it, once.
      if (message.kind === "download") this.#uses.delete(key);
      this.kernelSpoke();
      use(message as never);
      return;
    }
    this.#changed();
  };

  /**
   * JupyterLab (4.6) reports a restarted kernel by this event alone, before the comm refuses to send. So the
   * next tick asks: it fails at once when the comm is closed.
   */
  readonly #lineChanged = (): void => {
    this.uncertain = true;
    this.#asked = null;
    this.#inspect();
    this.#changed();
  };

  readonly #inspect = (): void => {
    if (this.#unreachable || this.#model.comm_live === false || this.#el.closest(DISCONNECTED))
      this.#become("gone");
    else if (this.presence === "gone") this.#become("old");
  };

  #become(presence: Presence): void {
    if (this.presence === presence) return;
    this.presence = presence;
    if (presence === "gone") {
      this.#asked = null;
      this.uncertain = false;
      this.#sent.forEach(withdraw);
    }
    this.#changed();
  }

  /** Returns whether it was sent. */
  #post(message: CommandMessage | HelloMessage | Question | SelectMessage): boolean {
    if (this.presence === "gone") return false;
    try {
      this.#model.send(message);
      return true;
    } catch {
      this.#unreachable = true;
      this.#become("gone");
      return false;
    }
  }
}
