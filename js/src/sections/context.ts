import type { View } from "../contract";
import type { Session } from "../session";

/** Context for all sections. */
export interface Context {
  session: Session;
  /** The newest value of a section's trait. */
  view<K extends keyof View>(name: K): View[K];
}
