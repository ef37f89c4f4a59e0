import { CommandButton } from "../buttons";
import type { Notice } from "../contract";
import { el, keyedList, linkPlace, type Part, setText, show, showText, words } from "../dom";
import { noKernelNotice } from "../no_kernel_notice";
import type { Context } from "./context";

/** Notices that say that the kernel repeats a request. */
const ASKED = ["cancel_requested", "stopping"];

function notice({ session, view }: Context): Part<Notice> {
  const title = words("", "b");
  const text = words("mute");
  const code = words("", "code");
  const link = linkPlace("act", "button");
  const press = new CommandButton(session);
  const node = el(
    "div",
    "",
    el("div", "", title, text, code, press.outcome),
    el("div", "does", press.node, link.node),
  );
  let key = "";
  const refresh = (): void => {
    // Without a kernel nothing is asked for any more, as the note above says.
    show(node, session.presence !== "gone" || view("head").form !== "live" || !ASKED.includes(key));
    press.refresh();
  };
  return {
    node,
    refresh,
    update(value) {
      key = value.key;
      node.className = `note t-${value.tone}`;
      setText(title, value.title);
      showText(text, value.text);
      showText(code, value.code);
      link.update(value.link);
      press.update(value.button && { spec: value.button, run: view("head").run_id });
      refresh();
    },
  };
}

/** What the state means and what to do. A stopped kernel comes first. */
export function noticesSection(context: Context): Part<Notice[]> {
  const gone = noKernelNotice("this run");
  const list = keyedList(
    el("div"),
    () => notice(context),
    (value) => value.key,
  );
  const refresh = (): void => {
    const head = context.view("head");
    gone.update(context.session.presence === "gone" ? { ...head, line: head.lines[0]?.code ?? "" } : null);
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
