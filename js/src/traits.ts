/** The view in the model: one trait for each section, and one for each table. */

import { TABLE_SLOTS, type TableView, type View } from "./contract";
import type { Model } from "./session";

/** The traits of the tables, one for each, so that a change in one doesn't send the others. */
export const TABLE_TRAITS = Array.from({ length: TABLE_SLOTS }, (_, index) => `table_${index}`);

/** Returns a section of the view, put together from its traits. */
export function readSection<K extends keyof View>(model: Model, name: K): View[K] {
  const value = model.get(name) as View[K];
  if (name !== "tables") return value;
  return {
    ...value,
    items: TABLE_TRAITS.map((trait) => model.get(trait) as TableView | null).filter(Boolean),
  } as View[K];
}

/** Returns the traits of a view, as the kernel sends them. */
export function traitsOf(view: Partial<View>): Record<string, unknown> {
  const { tables, ...traits } = view;
  if (!tables) return traits;
  const { items, ...others } = tables;
  const each = TABLE_TRAITS.map((trait, index) => [trait, items[index] ?? null]);
  return { ...traits, tables: others, ...Object.fromEntries(each) };
}
