import { commandButton, copyLine, goneTitle } from "../buttons";
import type { Notice } from "../contract";
import { el, keyedList, linkPlace, type Part, say, setText, show, words } from "../dom";
import type { Context } from "./section";

function notice({ session, view }: Context): Part<Notice> {
  const title = words("", "b");
  const text = words("mute");
  const code = words("", "code");
  const link = linkPlace("act", "button");
  const press = commandButton(session);
  const node = el(
    "div",
    "",
    el("div", "", title, text, code, press.said),
    el("div", "does", press.node, link.node),
  );
  return {
    node,
    refresh: press.refresh,
    update(value) {
      node.className = `note t-${value.tone}`;
      setText(title, value.title);
      say(text, value.text);
      say(code, value.code);
      link.update(value.link);
      press.update(value.button && { spec: value.button, run: view("head").run_id });
    },
  };
}

/** What the state means and what to do; a stopped kernel comes first. */
export function noticesSection(context: Context): Part<Notice[]> {
  const title = el("b");
  const why = el("span", "mute");
  const line = copyLine("", "the line that attaches this run");
  const gone = el("div", "note t-attention", el("div", "", title, why, line.node));
  const list = keyedList(
    el("div"),
    () => notice(context),
    (value) => value.key,
  );
  const refresh = (): void => {
    const isGone = context.session.presence === "gone";
    show(gone, isGone);
    if (isGone) {
      const head = context.view("head");
      setText(title, goneTitle(head));
      setText(why, head.gone);
      line.update(head.lines[0]?.code ?? "");
    }
    list.refresh?.();
  };
  return {
    node: el("div", "", gone, list.node),
    refresh,
    close: () => line.close?.(),
    update(notices) {
      list.update(notices);
      refresh();
    },
  };
}
