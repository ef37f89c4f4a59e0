import { button, el, fill, keyedList, on, type Part, same, setText, show, showText, uid, words } from "./dom";
import { filled } from "./format";
import { moved, onKey } from "./keys";
import { menu } from "./menu";
import * as say from "./words";

export interface Tab {
  id: string;
  label: string;
  /** Small text after the name. */
  count?: string;
}

/** What stands in the same line, and gives way before a tab does. */
export interface Beside {
  node: HTMLElement;
  /** Pixels that are saved while it is folded, else 0. */
  folded: number;
  fold(on: boolean): void;
}

/**
 * A list of tabs by the ARIA practice: Tab reaches one of them, and the arrow keys go through all. Those that have no
 * room are behind a button that counts them.
 */
export class Tabs {
  beside: Beside | undefined;
  readonly #list = el("div", "tablist", { role: "tablist" });
  readonly #tabs = keyedList(this.#list, () => this.#tab(), "id");
  readonly #rest = menu("", "quiet drop", () => this.#drawRest());
  readonly node = el("div", "tabs row", this.#list, this.#rest.press, this.#rest.panel);
  readonly #panel: HTMLElement;
  readonly #select: (id: string) => void;
  readonly #prefix = uid();
  #selected = "";
  #known: readonly Tab[] = [];

  /** @param panel - Shows what the tab in front stands for. */
  constructor(label: string, panel: HTMLElement, select: (id: string) => void) {
    [this.#panel, this.#select] = [panel, select];
    this.#list.ariaLabel = label;
    Object.assign(panel, { id: uid(), role: "tabpanel" });
    new ResizeObserver(() => this.#makeRoom()).observe(this.node);
    onKey(this.#list, (key, event) => {
      const { length } = this.#known;
      const at = this.#known.findIndex(({ id }) => id === this.#selected);
      const to = moved(key, at, length - 1, "ArrowLeft", "ArrowRight");
      if (to === undefined) return;
      event.preventDefault();
      this.#choose((to + length) % length);
    });
  }

  update(tabs: readonly Tab[], selected: string): void {
    if (same([tabs, selected], [this.#known, this.#selected])) return;
    [this.#known, this.#selected] = [tabs, selected];
    this.#tabs.update(tabs);
    this.#panel.setAttribute("aria-labelledby", `${this.#prefix}-${selected}`);
    this.#makeRoom();
  }

  #tab(): Part<Tab> {
    const name = words("cut", "bdi");
    const count = el("small");
    const node = el("button", "tab", name, count, { type: "button", role: "tab" });
    node.setAttribute("aria-controls", this.#panel.id);
    return {
      node,
      update: (tab) => {
        const isIn = tab.id === this.#selected;
        const of = { id: `${this.#prefix}-${tab.id}`, title: tab.label, tabIndex: isIn ? 0 : -1 };
        Object.assign(node, of, { ariaSelected: `${isIn}`, onclick: () => this.#select(tab.id) });
        setText(name, tab.label);
        showText(count, tab.count ? ` ${tab.count}` : "");
      },
    };
  }

  get #nodes(): HTMLElement[] {
    return [...this.#list.children] as HTMLElement[];
  }

  #choose(at: number): void {
    this.#select(this.#known[at]?.id ?? "");
    this.#nodes[at]?.focus();
  }

  /** Hides the last tabs that have no room. The one in front stays. */
  #makeRoom(): void {
    const [list, nodes, beside] = [this.#list, this.#nodes, this.beside];
    for (const each of nodes) show(each, true);
    show(this.#rest.press, false);
    if (beside) {
      // Where they have a line of their own, nothing is won.
      const isBeside = beside.node.offsetTop < this.node.offsetTop + this.node.offsetHeight;
      const folds = isBeside && list.scrollWidth > this.node.clientWidth - beside.folded;
      // In the next frame: what an observer is told of must not change meanwhile. It is told of the new room.
      if (folds !== !!beside.folded) requestAnimationFrame(() => beside.fold(folds));
    }
    let hidden = 0;
    for (const each of nodes.reverse()) {
      if (list.scrollWidth <= list.clientWidth + 1) break;
      if (each.ariaSelected === "true") continue;
      hidden++;
      show(each, false);
      show(this.#rest.press, true);
      setText(this.#rest.press, filled(say.MORE_TABS, hidden));
    }
    if (!hidden) this.#rest.shut();
  }

  #drawRest(): void {
    const nodes = this.#nodes;
    const hidden = this.#known.flatMap(({ label, count }, at) => {
      if (!nodes[at]?.hidden) return [];
      const press = button("", () => this.#choose(at), "item");
      press.append(words("", "bdi", label), el("small", "", count));
      on(press, "click", () => this.#rest.shut());
      return [press];
    });
    fill(this.#rest.panel, ...hidden);
  }
}
