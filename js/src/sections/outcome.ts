import { CommandButton } from "../buttons";
import { clamp } from "../clamp";
import { NEXT_STEPS, type Prose, type SuggestionView, type View } from "../contract";
import { el, fill, keyedList, type Part, same, show, showText, words } from "../dom";
import { length, prose } from "../prose";
import type { Context } from "./context";
import { sentence } from "./sentence";

/** Texts with more characters or blocks than this are folded, also where there is room for them. */
const LONG = 180;
const MANY = 2;

function suggestion({ session, view }: Context): Part<SuggestionView> {
  const press = new CommandButton(session);
  const label = words("off");
  const node = el("li", "", press.node, label, press.outcome);
  return {
    node,
    refresh: press.refresh,
    update(item) {
      // A long one is cut.
      node.title = item.label;
      showText(label, item.button ? "" : item.label);
      press.update(item.button && { spec: item.button, run: view("head").run_id });
    },
  };
}

export type Last = Pick<View, "head" | "result" | "now" | "prose" | "suggestions">;

/** The last line: what happens now, or once the run has ended, the agent's answer and suggestions. */
export function outcomeSection(context: Context): Part<Last> {
  const latest = sentence("p", "latest");
  const text = el("div", "text");
  const clamped = clamp(text, true);
  const cut = el("p", "mute");
  const spoken = el("div", "said", clamped.node, cut);
  const list = keyedList(
    el("ul", "next"),
    () => suggestion(context),
    (item: SuggestionView) => item.label,
  );
  list.node.ariaLabel = NEXT_STEPS;
  const node = el("section", "last", latest.node, spoken, list.node);
  let shown: Prose | null = null;
  return {
    node,
    refresh: () => list.refresh?.(),
    close: () => clamped.close?.(),
    update({ head, result, now: latestNow, prose: answer, suggestions }) {
      const now = !head.done && !latestNow.length && result.note ? [result.note] : latestNow;
      latest.update(now);
      // The line is cut where it is too long.
      latest.node.title = latest.node.textContent ?? "";
      show(latest.node, now.length);
      show(spoken, answer.nodes.length || answer.cut);
      showText(cut, answer.cut);
      if (!same(shown?.nodes, answer.nodes)) fill(text, ...prose(answer.nodes));
      shown = answer;
      const long = length(answer.nodes) > LONG || answer.nodes.length > MANY;
      clamped.update(long);
      // Without tables, a long answer scrolls in their place (height.css); not every browser lets keys do that by itself.
      if (long && !context.view("tables").items.length) spoken.tabIndex = 0;
      else spoken.removeAttribute("tabindex");
      list.update(suggestions);
      show(list.node, suggestions.length);
      // Its place is kept for what may still come.
      show(node, !head.done || now.length || !spoken.hidden || suggestions.length);
    },
  };
}
