import { commandButton } from "../buttons";
import type { SuggestionView } from "../contract";
import { el, keyedList, type Part, say, show, words } from "../dom";
import type { Context } from "./section";

function suggestion({ session, view }: Context): Part<SuggestionView> {
  const press = commandButton(session);
  const label = words("mute");
  return {
    node: el("li", "", press.node, label, press.said),
    refresh: press.refresh,
    update(item) {
      say(label, item.button ? "" : item.label);
      press.update(item.button && { spec: item.button, run: view("head").run_id });
    },
  };
}

/** Next steps the agent proposes: buttons, or words where only the app can do it. */
export function suggestionsSection(context: Context): Part<SuggestionView[]> {
  const list = keyedList(
    el("ul", "next"),
    () => suggestion(context),
    (item: SuggestionView) => `${item.kind} ${item.label}`,
  );
  const node = el("section", "sec", el("h4", "", "Next steps"), list.node);
  return {
    ...list,
    node,
    update(suggestions) {
      list.update(suggestions);
      show(node, suggestions.length);
    },
  };
}
