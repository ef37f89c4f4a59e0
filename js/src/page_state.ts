/**
 * State that all cards of a page share. Each widget model loads its own copy of this module, so "one timer per page"
 * and "one click for all views" need an object of the page itself.
 */

import type { AckMessage, CommandName } from "./contract";

/** The state of a command. `accepted` lasts until the run's state changes, or some seconds at most. */
export interface Pending {
  id: string;
  at: number;
  phase: "requested" | "accepted" | "failed";
  words: string;
}

/** A card's snapshot, by media type; `number` is the kernel's count of snapshots. */
interface Snapshot {
  number: number;
  data: Record<string, string>;
}

const fresh = () => ({
  ticks: new Set<() => void>(),
  timer: undefined as ReturnType<typeof setInterval> | undefined,
  commands: new Map<string, Pending>(),
  held: new Map<string, Snapshot>(),
  guarded: new WeakSet<object>(),
});

const KEY = Symbol.for("origami/page/7");
const page = globalThis as { [KEY]?: ReturnType<typeof fresh> };
page[KEY] ??= fresh();
const shared = page[KEY];
const { ticks, commands } = shared;
/** The newest snapshot of each card, by key, and the documents that are saved with snapshots. */
export const { held: snapshots, guarded } = shared;

/** Event of the document when a command was sent or answered. */
export const COMMANDS = "origami-commands";
const changed = (): void => void document.dispatchEvent(new Event(COMMANDS));

const tickAll = (): void => {
  for (const each of [...ticks]) each();
};

/** Calls `tick` about once a second while it is on. The page's only timer stops without listeners. */
export function ticking(tick: () => void, on: boolean): void {
  if (on) ticks.add(tick);
  else ticks.delete(tick);
  if (ticks.size) shared.timer ??= setInterval(tickAll, 1000);
  else {
    clearInterval(shared.timer);
    shared.timer = undefined;
  }
}

/** How long an accepted command keeps its button off when no change of state follows. */
const ACCEPTED_MS = 10_000;

export const commandKey = (run: string, name: CommandName, prompt = ""): string => `${run}|${name}|${prompt}`;

export function pending(key: string): Pending | undefined {
  const found = commands.get(key);
  if (found?.phase !== "accepted" || Date.now() - found.at < ACCEPTED_MS) return found;
  commands.delete(key);
  return undefined;
}

/** Whether the command is under way, so that it must not be sent again. */
export const underWay = (state: Pending | undefined): boolean => !!state && state.phase !== "failed";

export const anyUnderWay = (): boolean => [...commands.keys()].some((key) => underWay(pending(key)));

/** Notes a click. False if the same command is already under way, so that nothing may be sent. */
export function request(key: string, id: string): boolean {
  if (underWay(pending(key))) return false;
  commands.set(key, { id, at: Date.now(), phase: "requested", words: "" });
  changed();
  return true;
}

/** Takes back a click that will not be answered, because there is no kernel. */
export function withdraw(key: string): void {
  if (commands.get(key)?.phase === "requested") commands.delete(key);
  changed();
}

/** The view that sent the command is closed and may not receive the answer, so another may send again after a while. */
export function leave(key: string): void {
  const command = commands.get(key);
  if (command?.phase === "requested") Object.assign(command, { at: Date.now(), phase: "accepted" });
}

export function acknowledge({ id, ok, title, remedy }: AckMessage): void {
  for (const [key, command] of commands) {
    if (command.id !== id) continue;
    const words = [title, remedy]
      .filter(Boolean)
      .join(". ")
      .replace(/([.!?]). /g, "$1 ");
    // A finished check may be requested again at once, and a card may be opened and folded repeatedly.
    if (ok && /\|(check_now|open|fold|show_leads|hide_leads)\|/.test(key)) commands.delete(key);
    else Object.assign(command, { at: Date.now(), phase: ok ? "accepted" : "failed", words });
  }
  changed();
}

/** For tests: the number of listeners and timers of the page. */
export const activity = (): number => ticks.size + (shared.timer === undefined ? 0 : 1);
