import type { ActionGroup, Actions, Inline } from "../contract";
import { el, fill, KeyedList, type Part, same, setText, show, words } from "../dom";
import { count } from "../format";
import { prose } from "../prose";
import type { Section } from "./section";

function line(): Part<Inline> {
  const node = el("li");
  node.dir = "auto";
  let shown: Inline | null = null;
  return {
    node,
    update(item) {
      if (same(shown, item)) return;
      shown = item;
      // One wrapper, because the list item itself lays out its mark and its words side by side.
      fill(node, el("span", "", ...prose(item)));
    },
  };
}

function group(): Part<ActionGroup> {
  const name = words("", "span", "of");
  const lines = new KeyedList<Inline>(
    el("ul", "acts"),
    (_, index) => String(index),
    () => line(),
  );
  return {
    node: el("div", "group", name, lines.node),
    update(item) {
      setText(name, item.table);
      show(name, item.table !== "");
      lines.update(item.lines);
    },
  };
}

/** What the run changed, newest last. */
export class ActionsSection implements Section<Actions> {
  private readonly title = el("h4");
  private readonly earlier = el("p", "mute");
  private readonly groups = new KeyedList<ActionGroup>(
    el("div", "groups"),
    (_, index) => String(index),
    () => group(),
  );
  readonly node = el("section", "sec changes", this.title, this.earlier, this.groups.node);

  update(actions: Actions): void {
    setText(this.title, actions.title);
    setText(
      this.earlier,
      `${count(actions.earlier)} earlier ${actions.earlier === 1 ? "change" : "changes"}`,
    );
    show(this.earlier, actions.earlier > 0);
    this.groups.update(actions.groups);
    show(this.node, actions.groups.length > 0 || actions.earlier > 0);
  }
}
