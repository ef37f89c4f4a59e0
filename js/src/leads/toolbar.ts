/**
 * The tools above leads: chips are conditions for the server, which add up; above all leads, typing searches those that
 * are loaded, and says so.
 */

import { button } from "../buttons";
import {
  LEADS_AT_LEAST,
  LEADS_FILTER,
  LEADS_FILTER_ADD,
  LEADS_FILTER_COLUMN,
  LEADS_FILTER_NAME,
  LEADS_FILTER_OPERATOR,
  LEADS_HAS_EMAIL,
  LEADS_HAS_PHONE,
  LEADS_OPERATORS,
  LEADS_QUALIFIED_DETAILS,
  LEADS_QUALIFIED_HIDES,
  LEADS_QUALIFIED_UNJUDGED,
  LEADS_QUALIFIED_UNJUDGED_DETAILS,
  LEADS_SEARCH,
  LEADS_SEARCHED,
  type LeadFilter,
  type LeadHead,
  QUALIFIED,
} from "../contract";
import { el, fill, on, same, setText, show, showText } from "../dom";
import { filled } from "../format";
import { onKey } from "../keys";
import type { Rows } from "./rows";

const IS_NOT_EMPTY = "is_not_empty";
const AT_LEAST = "greater_than_or_equal";
/** Operators that compare with nothing. */
const WITHOUT_VALUE = ["is_empty", IS_NOT_EMPTY];

function field(placeholder: string, label: string): HTMLInputElement {
  const node = el("input");
  node.type = "text";
  node.placeholder = placeholder;
  node.ariaLabel = label;
  return node;
}

function choice(label: string, options: readonly (readonly [string, string])[] = []): HTMLSelectElement {
  const node = el("select");
  node.ariaLabel = label;
  setOptions(node, options);
  return node;
}

function setOptions(node: HTMLSelectElement, options: readonly (readonly [string, string])[]): void {
  const chosen = node.value;
  fill(
    node,
    ...options.map(([value, name]) => {
      const option = el("option", "", name);
      option.value = value;
      return option;
    }),
  );
  if (options.some(([value]) => value === chosen)) node.value = chosen;
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
  /** How many there are, beside the chips above the first ones. */
  readonly #count = el("span", "mute lcount");
  readonly #hidden = button(
    QUALIFIED,
    () => {
      this.#unfold(false);
      if (this.#isJudged) this.#events.toggleHidden();
    },
    "toggle",
  );
  /** The other chips: those that are offered, and the conditions that were added. */
  readonly #chips = el("span", "lby");
  readonly #more: HTMLButtonElement;
  readonly #column = choice(LEADS_FILTER_COLUMN);
  readonly #operator = choice(LEADS_FILTER_OPERATOR, LEADS_OPERATORS);
  readonly #value = field("", LEADS_FILTER_NAME);
  readonly #editor: HTMLElement;
  readonly #line: HTMLElement;
  /** Whether the form compares a column that a chip has chosen. */
  #isChosen = false;
  #heads: readonly LeadHead[] = [];
  #filters: LeadFilter[] = [];
  /** Whether the table's saved filters are known to hide leads: other filters may leave none of these. */
  #hasHidden = false;
  /** Whether these filters can tell which leads meet the brief. */
  #isJudged = true;

  constructor(events: ToolbarEvents) {
    this.#events = events;
    this.#found.role = "status";
    this.#more = button(LEADS_FILTER_ADD, () => this.#unfold(this.#editor.hidden === true || this.#isChosen));
    const apply = button(LEADS_FILTER, () => this.#add());
    this.#editor = el("span", "lby editor", this.#column, this.#operator, this.#value, apply);
    this.#line = el("span", "lby chips", this.#hidden, this.#chips, this.#more);
    const others = [el("span", "gap"), this.#count, this.#found, this.#search, this.#editor];
    this.node = el("div", "ltools", this.#line, ...others);
    on(this.#search, "input", () => events.search());
    on(this.#operator, "change", () => this.#showValue());
    onKey(this.#editor, (key, event) => {
      if (key === "Enter" && event.target === this.#value) {
        // The focus moves on to the button that opens the form: it must not get this key, too.
        event.preventDefault();
        this.#add();
      } else if (key === "Escape") this.#close();
    });
    on(this.#editor, "focusout", (event) => {
      // Where there is no search, the form lies over the leads.
      const to = (event as FocusEvent).relatedTarget as Node | null;
      if (this.#search.hidden && to && !this.node.contains(to)) this.#unfold(false);
    });
    this.#unfold(false);
  }

  /** The typed words to search for; "" without any. */
  get typed(): string {
    return this.#search.value.trim();
  }

  /** Starts another table. */
  clear(): void {
    this.#search.value = this.#value.value = "";
    this.#filters = [];
    this.#hasHidden = false;
    this.#unfold(false);
    this.#drawChips();
  }

  /** Offers columns to filter by. Typed-in columns come first, as the specification promises filters for them. */
  setColumns(heads: readonly LeadHead[]): void {
    this.#heads = heads;
    const order = [...heads].sort((a, b) => Number(b.filters) - Number(a.filters));
    setOptions(
      this.#column,
      order.map(({ slug, name }) => [slug, name] as const),
    );
    this.#drawChips();
  }

  /** `found` is how many of the loaded rows are shown. Above the first rows, there is nothing to search. */
  update(rows: Rows, found: number, isHiddenShown: boolean, isExpanded: boolean): void {
    const { hidden, judged, all, heads, count, shortCount } = rows;
    show(this.#search, isExpanded || this.typed);
    showText(this.#count, isExpanded ? "" : shortCount);
    this.#count.title = count;
    // Until the columns are known, the shape of chips is shown.
    show(this.#line, heads.length);
    showText(this.#found, this.typed && filled(LEADS_SEARCHED, found, all.length));
    const hides = isHiddenShown ? 0 : hidden;
    const hiding = hides ? filled(LEADS_QUALIFIED_HIDES, hides) : QUALIFIED;
    this.#isJudged = judged;
    setText(this.#hidden, judged ? hiding : LEADS_QUALIFIED_UNJUDGED);
    this.#hidden.title = judged ? LEADS_QUALIFIED_DETAILS : LEADS_QUALIFIED_UNJUDGED_DETAILS;
    this.#hidden.ariaPressed = `${judged && !isHiddenShown}`;
    this.#hasHidden ||= isHiddenShown || !!hidden || !judged;
    show(this.#hidden, this.#hasHidden || hidden === null);
  }

  /** Without a kernel, nothing can be filtered. */
  turnOff(off: boolean): void {
    for (const each of this.node.querySelectorAll("button")) each.ariaDisabled = off ? "true" : null;
  }

  #drawChips(): void {
    const has = (role: LeadHead["role"], label: string): HTMLElement[] => {
      const head = this.#heads.find((each) => each.role === role);
      return head ? [this.#toggle(label, { column: head.slug, operator: IS_NOT_EMPTY, value: "" })] : [];
    };
    const score = this.#heads.find((each) => each.role === "score");
    const offered = [...has("email", LEADS_HAS_EMAIL), ...has("phone", LEADS_HAS_PHONE)];
    if (
      score &&
      !this.#filters.some(({ column, operator }) => column === score.slug && operator === AT_LEAST)
    )
      offered.push(
        button(filled(LEADS_AT_LEAST, score.name), () => this.#unfold(true, score.slug, AT_LEAST)),
      );
    const known = new Set(offered.map(({ dataset }) => dataset.filter));
    const added = this.#filters
      .map((each) => this.#toggle(this.#words(each), each))
      .filter(({ dataset }) => !known.has(dataset.filter));
    fill(this.#chips, ...offered, ...added);
  }

  #toggle(label: string, filter: LeadFilter): HTMLButtonElement {
    const node = button(label, () => this.#switch(filter), "toggle");
    node.dataset.filter = JSON.stringify(filter);
    node.ariaPressed = `${this.#filters.some((each) => same(each, filter))}`;
    return node;
  }

  #words({ column, operator, value }: LeadFilter): string {
    const name = this.#heads.find(({ slug }) => slug === column)?.name ?? column;
    const said = LEADS_OPERATORS.find(([each]) => each === operator)?.[1] ?? operator;
    return `${name} ${said} ${value}`.trim();
  }

  /** Adds a condition, or takes it back. */
  #switch(filter: LeadFilter): void {
    const others = this.#filters.filter((each) => !same(each, filter));
    this.#filters = others.length < this.#filters.length ? others : [...others, filter];
    this.#unfold(false);
    const pressed = (this.node.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
    this.#drawChips();
    this.#focusAgain(pressed);
    this.#events.filter(this.#filters);
  }

  /** The chips are new nodes: the focus goes to the one that says the same. */
  #focusAgain(before: HTMLElement | null): void {
    if (!before?.dataset.filter) return;
    const again = [...this.#chips.children].find(
      (each) => (each as HTMLElement).dataset.filter === before.dataset.filter,
    );
    ((again as HTMLElement | undefined) ?? this.#more).focus({ preventScroll: true });
  }

  #unfold(open: boolean, column = "", operator = ""): void {
    show(this.#editor, open);
    this.#more.ariaExpanded = `${open}`;
    // Any other condition than that of a chip, which was chosen last.
    if (this.#isChosen && open) this.#column.selectedIndex = this.#operator.selectedIndex = 0;
    this.#isChosen = !!column;
    if (column) this.#column.value = column;
    if (operator) this.#operator.value = operator;
    this.#showValue();
    if (open) (column ? this.#value : this.#column).focus({ preventScroll: true });
  }

  #close(): void {
    this.#unfold(false);
    this.#more.focus({ preventScroll: true });
  }

  #showValue(): void {
    show(this.#value, !WITHOUT_VALUE.includes(this.#operator.value));
  }

  #add(): void {
    const [column, operator] = [this.#column.value, this.#operator.value];
    const value = WITHOUT_VALUE.includes(operator) ? "" : this.#value.value.trim();
    // Enter adds it, too.
    if (this.#more.ariaDisabled || !column || !(value || WITHOUT_VALUE.includes(operator))) return;
    const filter = { column, operator, value };
    this.#value.value = "";
    this.#close();
    if (!this.#filters.some((each) => same(each, filter))) this.#switch(filter);
  }
}
