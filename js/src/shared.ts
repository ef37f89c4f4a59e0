/**
 * What all cards of a page share. Each widget model loads its own copy of this module, so "one timer per page"
 * and "one click for all views" need a place on the page itself.
 */

import type { AckMessage, CommandName } from "./contract";

/** Where a command stands. `accepted` lasts until the state says more, or some seconds at most. */
export interface Pending {
  id: string;
  at: number;
  phase: "requested" | "accepted" | "failed";
  title: string;
  remedy: string;
}

interface Shared {
  ticks: Set<() => void>;
  timer: ReturnType<typeof setInterval> | undefined;
  commands: Map<string, Pending>;
  watchers: Set<() => void>;
}

const KEY = Symbol.for("origami-widgets/page/1");
const page = globalThis as { [KEY]?: Shared };
page[KEY] ??= { ticks: new Set(), timer: undefined, commands: new Map(), watchers: new Set() };
const shared: Shared = page[KEY];

/** Calls `tick` about once a second as long as it is on; the one timer of the page stops when nobody listens. */
export function ticking(tick: () => void, on: boolean): void {
  if (on) shared.ticks.add(tick);
  else shared.ticks.delete(tick);
  if (shared.ticks.size && shared.timer === undefined)
    shared.timer = setInterval(() => {
      for (const each of [...shared.ticks]) each();
    }, 1000);
  if (!shared.ticks.size && shared.timer !== undefined) {
    clearInterval(shared.timer);
    shared.timer = undefined;
  }
}

/** How long an accepted command keeps its button off when no change of state follows. */
const ACCEPTED_MS = 10_000;

export const commandKey = (run: string, name: CommandName, prompt = ""): string => `${run}|${name}|${prompt}`;

export function pending(key: string): Pending | undefined {
  const found = shared.commands.get(key);
  if (found?.phase === "accepted" && Date.now() - found.at > ACCEPTED_MS) {
    shared.commands.delete(key);
    return undefined;
  }
  return found;
}

export const anyPending = (): boolean =>
  [...shared.commands.keys()].some(
    (key) => pending(key)?.phase === "requested" || pending(key)?.phase === "accepted",
  );

/** Notes a click. False when the same command is on its way already: then nothing may be sent. */
export function request(key: string, id: string): boolean {
  const before = pending(key);
  if (before && before.phase !== "failed") return false;
  shared.commands.set(key, { id, at: Date.now(), phase: "requested", title: "", remedy: "" });
  changed();
  return true;
}

/** Takes back a click that could not be sent. */
export function withdraw(key: string): void {
  if (shared.commands.delete(key)) changed();
}

export function acknowledge(message: AckMessage): void {
  for (const [key, command] of shared.commands) {
    if (command.id !== message.id) continue;
    if (message.ok && key.includes("|check_now|")) shared.commands.delete(key);
    else
      Object.assign(command, {
        at: Date.now(),
        phase: message.ok ? "accepted" : "failed",
        title: message.title,
        remedy: message.remedy,
      });
    changed();
  }
}

export function watching(watcher: () => void, on: boolean): void {
  if (on) shared.watchers.add(watcher);
  else shared.watchers.delete(watcher);
}

function changed(): void {
  for (const each of [...shared.watchers]) each();
}

/** For tests: how much is held on the page. */
export const held = (): { ticks: number; timer: boolean; watchers: number } => ({
  ticks: shared.ticks.size,
  timer: shared.timer !== undefined,
  watchers: shared.watchers.size,
});
