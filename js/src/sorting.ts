/** The one rule of order of the page's own lists, and what clicks on their heads do. Leads are sorted by the server. */

/** As the server has it. */
export interface Order<K> {
  column: K;
  direction: "asc" | "desc";
}

/** The order after a click on a head: it begins as `down` says, and each further click turns it round. */
export const orderAfter = <K>(now: Order<K> | null, column: K, down: boolean): Order<K> => ({
  column,
  direction: (now?.column === column ? now.direction === "asc" : down) ? "desc" : "asc",
});

/** The order by a head, for assistive technology and for its arrow. */
export const ariaSortOf = <K>(now: Order<K> | null, column: K): string | null =>
  now?.column === column ? `${now.direction}ending` : null;

/** As people sort names: without regard to case and accents, and "Region 9" before "Region 10". */
const { compare } = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

export type SortValue = string | number | null;

/** What a text is sorted by: its size if it is a number, and null without any. */
export function sizeOf(text: string): SortValue {
  const size = Number(text.replace(/[,%]/g, ""));
  return text === "" ? null : Number.isNaN(size) ? text : size;
}

/** Numbers by their size, all else as words. What is missing comes last in both directions. */
export function inOrder(one: SortValue, other: SortValue, { direction }: Order<unknown>): number {
  if (one === other) return 0;
  if (one === null) return 1;
  if (other === null) return -1;
  const isNumber = typeof one === "number" && typeof other === "number";
  return (direction === "desc" ? -1 : 1) * (isNumber ? one - other : compare(`${one}`, `${other}`));
}
