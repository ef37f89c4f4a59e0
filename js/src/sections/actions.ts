import type { ActionGroup, Actions, Inline } from "../contract";
import { el, fill, keyedList, type Part, same, say, setText, show, words } from "../dom";
import { plural } from "../format";
import { prose } from "../prose";
import type { Context } from "./section";

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
  const name = words("of", "b");
  const lines = keyedList(el("ul", "acts"), line);
  return {
    node: el("div", "group", name, lines.node),
    update(item) {
      say(name, item.table);
      lines.update(item.lines);
    },
  };
}

/** More lines than this are folded when the card of a run that has ended appears: its tables tell the result. */
const MANY = 8;

/** What the run changed, newest last. */
export function actionsSection({ view }: Context): Part<Actions> {
  const title = el("h4");
  const earlier = el("p", "mute");
  const groups = keyedList(el("div"), group);
  const details = el("details", "", el("summary", "", title), earlier, groups.node);
  const node = el("section", "sec", details);
  let first = true;
  return {
    node,
    update(actions) {
      const lines = actions.groups.reduce((sum, each) => sum + each.lines.length, 0);
      if (first) details.open = lines <= MANY || !view("head").done;
      first = false;
      setText(title, actions.title);
      say(earlier, actions.earlier ? plural(actions.earlier, "earlier change") : "");
      groups.update(actions.groups);
      show(node, actions.groups.length || actions.earlier);
    },
  };
}
