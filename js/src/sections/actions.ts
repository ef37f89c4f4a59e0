import type { ActionGroup, Actions, Inline } from "../contract";
import { el, fill, keyedList, type Part, same, say, setText, show, words } from "../dom";
import { plural } from "../format";
import { prose } from "../prose";

function line(): Part<Inline> {
  const text = words();
  let shown: Inline | null = null;
  return {
    node: el("li", "", text),
    update(item) {
      if (!same(shown, item)) fill(text, ...prose(item));
      shown = item;
    },
  };
}

function group(): Part<ActionGroup> {
  const name = words("of");
  const lines = keyedList(el("ul", "acts"), line);
  return {
    node: el("div", "group", name, lines.node),
    update(item) {
      say(name, item.table);
      lines.update(item.lines);
    },
  };
}

/** What the run changed, newest last. */
export function actionsSection(): Part<Actions> {
  const title = el("h4");
  const earlier = el("p", "mute");
  const groups = keyedList(el("div"), group);
  const node = el("section", "sec", title, earlier, groups.node);
  return {
    node,
    update(actions) {
      setText(title, actions.title);
      say(earlier, actions.earlier ? plural(actions.earlier, "earlier change") : "");
      groups.update(actions.groups);
      show(node, actions.groups.length || actions.earlier);
    },
  };
}
