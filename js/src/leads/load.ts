import type { Session } from "../session";
import type * as LeadsCode from "./code";

let loaded: typeof LeadsCode | undefined;

/** Uses code that is there already: that of a recording, which has no kernel to send it. */
export function useLeadsCode(code: typeof LeadsCode): void {
  loaded = code;
}

/** Loads the code that draws leads, as the host loads a widget's; fails if the page forbids it. */
export async function loadLeadsCode(session: Session): Promise<typeof LeadsCode> {
  if (loaded) return loaded;
  const code = await session.code();
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
