import type { Clock, Head } from "../contract";
import { el, fill, same, setText, show } from "../dom";
import { age, duration } from "../format";
import type { Context, Section } from "./section";

/** "12:17" today, "21 Jul, 12:17" on another day; in the reader's time zone. */
export function clockTime(ms: number, now = Date.now()): string {
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** When the server was heard last and will be asked next: on the grid of checks, because an unchanged check is silent. */
export function grid(clock: Clock, now: number): { heard: number | null; next: number | null } {
  const { next_at: first, heard_at: heard } = clock;
  const step = (clock.interval ?? 0) * 1000;
  if (first === null) return { heard, next: null };
  if (now < first || step <= 0 || clock.connection !== "live") return { heard, next: first };
  const passed = Math.floor((now - first) / step);
  return { heard: Math.max(heard ?? 0, first + passed * step), next: first + (passed + 1) * step };
}

const soon = (ms: number): string => (ms < 1000 ? "now" : `in ${duration(ms / 1000)}`);

/** What the clock says; `elapsed` with a number to stress, `age` with its weight. */
export interface Words {
  before: string;
  elapsed: string;
  after: string;
  age: string;
  warn: boolean;
}

export function clockWords(head: Head, clock: Clock | null, session: Context["session"]): Words {
  const said: Words = { before: "", elapsed: "", after: "", age: "", warn: false };
  const now = session.asOf();
  const gone = session.presence === "gone";
  if (head.started_at !== null) {
    const end = head.done ? head.completed_at : now;
    if (end !== null) said.elapsed = duration((end - head.started_at) / 1000);
    if (!head.done && said.elapsed)
      [said.before, said.after] = gone ? ["", " when last seen"] : ["running for ", ""];
  }
  const done = head.done && head.completed_at !== null;
  const ended = done ? `ended ${clockTime(head.completed_at as number)}` : "";
  if (!clock || (head.done && head.settled)) return { ...said, age: ended };
  const heard = clock.heard_at;
  if (session.presence !== "live") {
    const since = session.heard === null ? null : Date.now() - session.heard;
    said.warn = true;
    if (gone) said.age = heard === null ? "" : `last heard ${clockTime(heard)}`;
    else if (session.presence === "busy" && since !== null)
      said.age = `kernel is busy: no word for ${duration(since / 1000)}`;
    else if (session.presence === "busy") said.age = `as of ${clockTime(clock.now)}, kernel is busy`;
    else said.age = `as of ${clockTime(clock.now)}`;
    return said;
  }
  const at = grid(clock, now);
  const ago = at.heard === null ? "" : age((now - at.heard) / 1000);
  const next = at.next === null ? "" : soon(at.next - now);
  if (clock.connection === "live") {
    const what = head.done ? "cells checked" : "updated";
    said.age = [ago && `${what} ${ago}`, next && `next check ${next}`].filter(Boolean).join(", ");
  } else {
    said.warn = clock.connection !== "ended";
    const then = clock.connection === "reconnecting" ? next && `trying again ${next}` : "checks have stopped";
    said.age =
      clock.connection === "ended" ? ended : [ago && `last heard ${ago}`, then].filter(Boolean).join(", ");
  }
  return said;
}

/** Elapsed time, age and next check: the only part that changes by itself. */
export class ClockSection implements Section<Clock> {
  private readonly elapsed = el("span");
  private readonly age = el("span");
  readonly node = el("span", "clock", this.elapsed, this.age);
  private said: Words | null = null;

  constructor(private readonly context: Context) {}

  update(): void {
    this.refresh();
  }

  refresh(): void {
    const said = clockWords(this.context.view("head"), this.context.session.clock, this.context.session);
    if (same(said, this.said)) return;
    this.said = said;
    fill(this.elapsed, said.before, said.elapsed && el("b", "", said.elapsed), said.after);
    show(this.elapsed, said.elapsed !== "");
    setText(this.age, said.age);
    this.age.classList.toggle("t-attention", said.warn);
    show(this.age, said.age !== "");
  }
}
