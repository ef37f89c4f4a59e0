import type { Session } from "../session";
import type * as LeadsCode from "./code";

/** Loads the code that draws leads, as the host loads a widget's; fails if the page forbids it. */
export async function loadLeadsCode(session: Session): Promise<typeof LeadsCode> {
  const code = await session.code();
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
