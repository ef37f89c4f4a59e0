/** How old a view is, how long its run takes, and when the server is asked next. Only passing time is counted here. */

import type { ClockView, Head } from "./contract";
import { age, clockTime, duration, filled } from "./format";
import type { Session } from "./session";

/** Seconds from which on the age of a view is said. */
const OLD = 30;

type Times = Pick<Head, "done" | "settled" | "started_at" | "completed_at"> & { status?: string };

/**
 * How long the run takes or took. The time counts only while kernel and server are heard; otherwise it stops at the
 * moment when the server was last heard. A saved answer (`ended`) does not have that moment.
 */
export function elapsed(
  head: Times,
  session: Session,
  clock: Pick<ClockView, "connection" | "heard_at">,
): string {
  const { started_at: start, completed_at, done } = head;
  const { connection, heard_at } = clock;
  const counts = session.presence === "live" && connection === "live";
  const end = done ? completed_at : counts ? session.now() : connection === "ended" ? null : heard_at;
  return start === null || end === null ? "" : duration((end - start) / 1000);
}

/**
 * The age of the view, with the next try, and whether it may no longer be true. `clock` is the session's, or that of a run
 * on a board.
 */
export function freshness(
  { done, settled, completed_at, status }: Times,
  session: Session,
  clock = session.clock,
): [age: string, warn: boolean] {
  const { presence } = session;
  if (!clock || (done && settled) || clock.connection === "ended") {
    const did = status === "needs_input" ? "asked" : "ended";
    return [done && completed_at !== null ? `${did} ${clockTime(completed_at)}` : "", false];
  }
  if (presence === "gone")
    return [clock.heard_at === null ? "" : `last update ${clockTime(clock.heard_at)}`, true];
  if (presence !== "live") {
    const silence = session.heard === null ? null : (Date.now() - session.heard) / 1000;
    const since = silence === null ? `as of ${clockTime(clock.now)}` : `last update ${age(silence)}`;
    return [presence === "busy" ? `${since}, kernel busy` : since, true];
  }
  const now = session.now();
  const warn = clock.connection !== "live";
  // Only what was heard counts, and it is said once it matters.
  const since = clock.heard_at === null ? 0 : (now - clock.heard_at) / 1000;
  const isSaid = clock.heard_at !== null && clock.heard && (warn || since >= OLD);
  const left = clock.next_at === null ? 0 : (clock.next_at - now) / 1000;
  const next = left < 1 ? clock.due : filled(clock.next, duration(left));
  const isTried = warn && clock.next_at !== null && clock.next;
  return [[isSaid && filled(clock.heard, age(since)), isTried && next].filter(Boolean).join(" · "), warn];
}
