import type { ActionGroup, Activity, Inline } from "../contract";
import { el, fill, keyedList, type Part, same, showText, words } from "../dom";
import { prose } from "../prose";

/** A sentence from Python, with its bold parts. */
export function sentence(tag: "li" | "p", cls = ""): Part<Inline> {
  const text = words();
  let shown: Inline | null = null;
  return {
    node: el(tag, cls, text),
    update(item) {
      if (!same(shown, item)) fill(text, ...prose(item));
      shown = item;
    },
  };
}

function group(): Part<ActionGroup> {
  const name = words("of", "b");
  const lines = keyedList(el("ul", "acts"), () => sentence("li"));
  return {
    node: el("div", "group", name, lines.node),
    update(item) {
      showText(name, item.table);
      lines.update(item.lines);
    },
  };
}

/** The run's changes, newest first. */
export function activityPart(): Part<Activity> {
  const groups = keyedList(el("div"), group);
  const earlier = el("p", "mute");
  return {
    node: el("div", "activity", groups.node, earlier),
    update(activity) {
      groups.update(activity.groups);
      showText(earlier, activity.earlier);
    },
  };
}
