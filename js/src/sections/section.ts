import type { View } from "../contract";
import type { Session } from "../session";

/** What every section may use. */
export interface Context {
  session: Session;
  /** The newest value of a section's trait. */
  view<K extends keyof View>(name: K): View[K];
}

/** One part of the card: it owns a node and changes it in place. */
export interface Section<T> {
  readonly node: HTMLElement;
  update(value: T): void;
  /** After a click, an answer, or when the kernel came or went. */
  refresh?(): void;
  close?(): void;
}
