/** The tools above leads: typing searches the loaded ones, and says so; the server filters by a column. */

import { button } from "../buttons";
import {
  LEADS_BRIEF,
  LEADS_BRIEF_DETAILS,
  LEADS_BRIEF_HIDES,
  LEADS_FILTER,
  LEADS_FILTER_CLEAR,
  LEADS_FILTER_COLUMN,
  LEADS_FILTER_NAME,
  LEADS_FILTER_WORDS,
  LEADS_SEARCH,
  LEADS_SEARCHED,
  type LeadFilter,
  type LeadHead,
} from "../contract";
import { el, on, setText, show, showText } from "../dom";
import { filled } from "../format";
import type { Rows } from "./rows";

function field(placeholder: string, label: string): HTMLInputElement {
  const node = el("input");
  node.type = "text";
  node.placeholder = placeholder;
  node.ariaLabel = label;
  return node;
}

/** Called when the user searches, filters, or shows or hides the leads that the table's saved filters hide. */
export interface ToolbarEvents {
  search(): void;
  filter(filters: LeadFilter[]): void;
  toggleHidden(): void;
}

export class Toolbar {
  readonly node: HTMLElement;
  readonly #events: ToolbarEvents;
  readonly #search = field(LEADS_SEARCH, LEADS_SEARCH);
  readonly #found = el("span", "mute");
  readonly #column = el("select");
  readonly #value = field(LEADS_FILTER_WORDS, LEADS_FILTER_NAME);
  readonly #clear = button(LEADS_FILTER_CLEAR, () => {
    this.#value.value = "";
    this.#filter();
  });
  readonly #hidden = button(LEADS_BRIEF, () => this.#events.toggleHidden(), "toggle");

  constructor(events: ToolbarEvents) {
    this.#events = events;
    this.#found.role = "status";
    this.#column.ariaLabel = LEADS_FILTER_COLUMN;
    this.#hidden.title = LEADS_BRIEF_DETAILS;
    const apply = button(LEADS_FILTER, () => this.#filter());
    const by = el("span", "lby", this.#column, this.#value, apply, this.#clear);
    const gap = el("span", "gap");
    this.node = el("div", "ltools", this.#search, this.#found, gap, this.#hidden, by);
    on(this.#search, "input", () => events.search());
    show(this.#clear, false);
  }

  /** The typed words to search for; "" without any. */
  get typed(): string {
    return this.#search.value.trim();
  }

  /** Enter in a field: that of the filter applies it. */
  enter(target: EventTarget | null): boolean {
    if (target !== this.#value) return false;
    this.#filter();
    return true;
  }

  /** Starts another table. */
  clear(): void {
    this.#search.value = this.#value.value = "";
    show(this.#clear, false);
  }

  /** Offers columns to filter by. Typed-in columns come first, as the specification promises filters for them. */
  setColumns(heads: readonly LeadHead[]): void {
    const chosen = this.#column.value;
    const order = [...heads].sort((a, b) => Number(b.filters) - Number(a.filters));
    this.#column.replaceChildren(
      ...order.map(({ slug, name }) => {
        const option = el("option", "", name);
        option.value = slug;
        return option;
      }),
    );
    if (chosen) this.#column.value = chosen;
  }

  /** `found` is how many of the loaded rows are shown. */
  update({ hidden, all }: Rows, found: number, isHiddenShown: boolean): void {
    showText(this.#found, this.typed && filled(LEADS_SEARCHED, found, all.length));
    setText(this.#hidden, hidden ? filled(LEADS_BRIEF_HIDES, hidden) : LEADS_BRIEF);
    this.#hidden.ariaPressed = `${!isHiddenShown}`;
    show(this.#hidden, isHiddenShown || hidden !== 0);
  }

  #filter(): void {
    const text = this.#value.value.trim();
    const column = this.#column.value;
    const filters: LeadFilter[] = text && column ? [{ column, operator: "contains", value: text }] : [];
    show(this.#clear, filters.length);
    this.#events.filter(filters);
  }
}
