import type { Notice } from "../contract";
import { el, keyedList, type Part } from "../dom";
import { noKernelNotice, noticePart } from "../notice";
import type { Context } from "./context";

/** Notices that say that the kernel repeats a request. */
const ASKED = ["cancel_requested", "stopping"];

/** What the state means and what to do. A stopped kernel comes first. */
export function noticesSection(context: Context): Part<Notice[]> {
  const gone = noKernelNotice("this run");
  const { session, view } = context;
  // Without a kernel nothing is asked for any more, as the note above says.
  const isShown = (key: string): boolean =>
    session.presence !== "gone" || view("head").form !== "live" || !ASKED.includes(key);
  const list = keyedList(
    el("div"),
    () => noticePart(session, () => view("head").run_id, isShown),
    (value: Notice) => value.key,
  );
  const refresh = (): void => {
    const head = view("head");
    // A recording can't be attached to.
    const line = session.reads ? "" : head.line;
    gone.update(session.presence === "gone" ? { ...head, line } : null);
    list.refresh?.();
  };
  return {
    node: el("div", "notices", gone.node, list.node),
    refresh,
    close: () => gone.close?.(),
    update(notices) {
      list.update(notices);
      refresh();
    },
  };
}
