import type { View } from "../contract";
import type { Session } from "../session";

/** What every section may use. */
export interface Context {
  session: Session;
  /** The newest value of a section's trait. */
  view<K extends keyof View>(name: K): View[K];
}
