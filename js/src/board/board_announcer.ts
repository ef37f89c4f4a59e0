import type { BoardHead, BoardRow, Stage, Tone } from "../contract";
import { type Notify, voice } from "../notify";

/** The stages that need the user. */
const URGENT: readonly Stage[] = ["needs_you", "failed"];

/** Announces changes of a board to assistive technology, and notifies when a run needs the user or all have ended. */
export function boardAnnouncer({ notify }: Notify) {
  const { node, say } = voice();
  /** At the last announcement: how many runs needed the user, how many had failed, and whether all had ended. */
  let before: number[] | null = null;
  /** The runs that needed the user or had failed then. */
  let known = new Set<string>();
  return {
    node,
    update({ counts, settled, announcement, sums }: BoardHead, rows: readonly BoardRow[]): void {
      say(announcement);
      const now = URGENT.map((stage) => counts.find((each) => each.stage === stage)?.count ?? 0);
      now.push(Number(settled));
      const waiting = rows.filter(({ stage }) => URGENT.includes(stage)).map(({ token }) => token);
      const more = before && now.map((count, at) => count > (before?.[at] ?? 0));
      if (more?.includes(true)) {
        const runs = settled ? rows.map(({ token }) => token) : waiting.filter((run) => !known.has(run));
        const [needUser, failed] = more;
        const tone: Tone = failed ? "bad" : needUser ? "attention" : "neutral";
        notify({ title: announcement, body: settled ? sums : "", tone, runs });
      }
      known = new Set(waiting);
      before = now;
    },
  };
}
