/** The view as it lies in the model: one trait per section, and one for each table. */

import { TABLE_SLOTS, type TableView, type View } from "./contract";
import type { Model } from "./session";

/** The traits in which the tables travel, one by one, so that one that fills doesn't send the others. */
export const SLOTS = Array.from({ length: TABLE_SLOTS }, (_, index) => `table_${index}`);

/** A section of the view, put together again. */
export function section<K extends keyof View>(model: Model, name: K): View[K] {
  const value = model.get(name) as View[K];
  if (name !== "tables") return value;
  return {
    ...value,
    items: SLOTS.map((slot) => model.get(slot) as TableView | null).filter(Boolean),
  } as View[K];
}

/** The traits of a view, as the kernel spreads it. */
export function spread(view: Partial<View>): Record<string, unknown> {
  const { tables, ...traits } = view;
  if (!tables) return traits;
  const { items, ...others } = tables;
  const slots = SLOTS.map((slot, index) => [slot, items[index] ?? null]);
  return { ...traits, tables: others, ...Object.fromEntries(slots) };
}
