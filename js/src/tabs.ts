import { el, keyedList, type Part, setText, showText, uid, words } from "./dom";
import { onKey } from "./keys";

export interface Tab {
  id: string;
  label: string;
  /** Small text after the name. */
  count?: string;
}

export type Tabs = ReturnType<typeof tabs>;

/** A list of tabs by the ARIA practice: Tab reaches one of them, and the arrow keys go through all. */
export function tabs(label: string, controls: string, select: (id: string) => void) {
  const prefix = uid();
  const idOf = (tab: string): string => `${prefix}-${tab}`;
  let selected = "";
  let known: readonly Tab[] = [];
  const one = (): Part<Tab> => {
    const name = words("", "bdi");
    const count = el("small");
    const node = el("button", "tab", name, count, { type: "button", role: "tab" });
    node.setAttribute("aria-controls", controls);
    return {
      node,
      update(tab) {
        const isIn = tab.id === selected;
        const of = { id: idOf(tab.id), title: tab.label, ariaSelected: `${isIn}`, tabIndex: isIn ? 0 : -1 };
        Object.assign(node, of, { onclick: () => select(tab.id) });
        setText(name, tab.label);
        showText(count, tab.count ? ` ${tab.count}` : "");
      },
    };
  };
  const place = el("div", "tablist", { role: "tablist", ariaLabel: label });
  const list = keyedList(place, one, (tab: Tab) => tab.id);
  onKey(list.node, (key, event) => {
    const at = known.findIndex(({ id }) => id === selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: known.length - 1 }[key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + known.length) % known.length;
    const tab = known[next];
    if (!tab) return;
    select(tab.id);
    (list.node.children[next] as HTMLElement | undefined)?.focus();
  });
  return {
    node: list.node,
    /** The id of a tab's element, for the element that it labels. */
    idOf,
    update(items: readonly Tab[], now: string): void {
      [known, selected] = [items, now];
      list.update(items);
    },
  };
}
