import type { View } from "../src/contract";
import { namesIn, readView } from "../tools/fixtures.mjs";

/** The names of the views that all renderers are tested with. */
export const NAMES = namesIn("views");

/** One of them, as the kernel would send it at `now`. */
export function sample(name: string, now = Date.now()): View {
  const view = readView(name);
  const shift = now - view.clock.now;
  const move = (at: number | null): number | null => (at === null ? null : at + shift);
  Object.assign(view.head, {
    started_at: move(view.head.started_at),
    completed_at: move(view.head.completed_at),
  });
  Object.assign(view.clock, { now, heard_at: move(view.clock.heard_at), next_at: move(view.clock.next_at) });
  return view;
}
