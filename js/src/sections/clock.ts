import type { ClockView, Head } from "../contract";
import { el, type Part, say, setText, show } from "../dom";
import { age, duration } from "../format";
import type { Session } from "../session";
import type { Context } from "./section";

/** After so many seconds it is no longer likely that a cell is all that keeps the kernel from answering. */
const LONG_SILENCE = 120;

/** "12:17" today, "21 Jul, 12:17" on another day; in the reader's time zone. */
export function clockTime(ms: number): string {
  const at = new Date(ms);
  const day =
    at.toDateString() !== new Date().toDateString() && ({ day: "numeric", month: "short" } as const);
  return at.toLocaleString("en-GB", { ...day, hour: "2-digit", minute: "2-digit" });
}

/** When the server was heard last and will be asked next: on the grid of checks, because an unchanged check is silent. */
export function grid(clock: ClockView, now: number): { heard: number | null; next: number | null } {
  const { next_at: first, heard_at: heard, interval, connection } = clock;
  if (first === null || !interval || now < first || connection !== "live") return { heard, next: first };
  const step = interval * 1000;
  const last = first + Math.floor((now - first) / step) * step;
  return { heard: Math.max(heard ?? 0, last), next: last + step };
}

/** What the clock says: how long the run takes or took, and how fresh that is. */
export interface Said {
  before: string;
  elapsed: string;
  after: string;
  age: string;
  warn: boolean;
}

/**
 * The time counts only while kernel and server are heard; else it stands at when the server was last heard. A saved
 * answer (`ended`) does not say when that was.
 */
export function clockWords(head: Head, session: Session): Said {
  const { started_at: start, completed_at, done } = head;
  const { connection, heard_at } = session.clock ?? { connection: "ended", heard_at: null };
  const counts = session.presence === "live" && connection === "live";
  const end = done ? completed_at : counts ? session.now() : connection === "ended" ? null : heard_at;
  const lasted = start !== null && end !== null;
  return {
    before: lasted && !done && counts ? "running for " : "",
    elapsed: lasted ? duration((end - start) / 1000) : "",
    after: lasted && !done && !counts ? " when last seen" : "",
    ...freshness(head, session),
  };
}

/** How old what is shown is, and when it is checked next; `clock` is the session's, or that of one run of a board. */
export function freshness(
  head: Pick<Head, "done" | "settled" | "completed_at">,
  session: Session,
  clock: ClockView | null = session.clock,
): Pick<Said, "age" | "warn"> {
  const { presence } = session;
  const ended = head.completed_at === null ? "" : `ended ${clockTime(head.completed_at)}`;
  if (!clock || (head.done && head.settled) || clock.connection === "ended")
    return { age: head.done ? ended : "", warn: false };
  if (presence === "gone")
    return { age: clock.heard_at === null ? "" : `last heard ${clockTime(clock.heard_at)}`, warn: true };
  if (presence !== "live") {
    const silence = session.heard === null ? null : (Date.now() - session.heard) / 1000;
    const since = silence === null ? `as of ${clockTime(clock.now)}` : `last word ${age(silence)}`;
    const why = silence !== null && silence > LONG_SILENCE ? "kernel is busy or gone" : "kernel is busy";
    return { age: presence === "busy" ? `${since}, ${why}` : since, warn: true };
  }
  const now = session.now();
  const { heard, next } = grid(clock, now);
  const ago = heard === null ? "" : age((now - heard) / 1000);
  const soon = next === null ? "" : next - now < 1000 ? "" : `in ${duration((next - now) / 1000)}`;
  const both = (what: string, then: string): string =>
    [ago && `${what} ${ago}`, then].filter(Boolean).join(", ");
  const then = (what: string): string => (next === null ? "" : soon ? `${what} ${soon}` : "checking…");
  if (clock.connection === "live")
    return { age: both(head.done ? "cells checked" : "updated", then("next check")), warn: false };
  const retry = clock.connection === "stopped" ? "checks have stopped" : then("trying again");
  return { age: both("last heard", retry), warn: true };
}

/** Elapsed time, age and next check: the only part that changes by itself. */
export function clockSection({ session, view }: Context): Part<ClockView> {
  const before = el("span");
  const elapsed = el("b");
  const after = el("span");
  const whole = el("span", "", before, elapsed, after);
  const fresh = el("span");
  const refresh = (): void => {
    const said = clockWords(view("head"), session);
    setText(before, said.before);
    setText(elapsed, said.elapsed);
    setText(after, said.after);
    show(whole, said.elapsed);
    say(fresh, said.age);
    fresh.classList.toggle("t-attention", said.warn);
  };
  return { node: el("span", "clock", whole, fresh), update: refresh, refresh };
}
