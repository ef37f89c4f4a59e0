/** The tools above leads: chips are conditions for the server, which add up; typing searches the leads that are loaded. */

import type { LeadFilter, LeadHead } from "../contract";
import {
  button,
  el,
  keyedList,
  on,
  type Part,
  same,
  setOptions,
  setText,
  show,
  showText,
  textField,
} from "../dom";
import { filled } from "../format";
import { onKey } from "../keys";
import { menu } from "../menu";
import * as say from "../words";
import type { LeadRequests } from "./requests";
import type { Rows } from "./rows";

const IS_NOT_EMPTY = "is_not_empty";
/** Operators that compare with nothing. */
const WITHOUT_VALUE = ["is_empty", IS_NOT_EMPTY];
/** Fewer leads are found faster by looking at them. */
const SEARCHED_FROM = 50;

/** A condition, and what it is called. */
interface Chip {
  label: string;
  filter: LeadFilter;
}

/** Called when the user searches, wants other leads, or shows or hides those that the table's saved filters hide. */
export interface ToolbarEvents {
  search(): void;
  restart(): void;
  toggleHidden(): void;
}

export class Toolbar {
  readonly #rows: Rows;
  readonly #requests: LeadRequests;
  readonly #events: ToolbarEvents;
  readonly #search = textField(say.LEADS_SEARCH, say.LEADS_SEARCH);
  readonly #found = el("span", "mute", { role: "status" });
  readonly #qualified = button(say.QUALIFIED, () => this.#events.toggleHidden(), "chip qualified");
  readonly #qualifiedCount = el("small");
  readonly #leftOut = button("", () => this.#toggleLeftOut(), "chip");
  /** The other chips: those that are offered, and the conditions that were added. */
  readonly #chips = keyedList(el("span", "chips row"), () => this.#chip(), "label");
  readonly #run = el("select", "chip", { ariaLabel: "Run" });
  readonly #more = menu(say.LEADS_FILTER_ADD, "chip", () => {
    this.#value.value = "";
    this.#showValue();
  });
  readonly #column = el("select", "", { ariaLabel: say.LEADS_FILTER_COLUMN });
  readonly #operator = el("select", "", { ariaLabel: say.LEADS_FILTER_OPERATOR });
  readonly #value = textField(say.LEADS_FILTER_NAME);
  readonly #says = [this.#found, this.#search, this.#qualified, this.#leftOut];
  readonly #filters = [this.#run, this.#chips.node, this.#more.press, this.#more.panel];
  readonly node = el("div", "ltools row", ...this.#says, ...this.#filters);
  /** Whether the table's saved filters are known to hide leads: other filters may leave none of these. */
  #hasHidden = false;
  isOffered = false;
  folded = 0;
  /** The names of the runs, where there are several. */
  #runs: string[] = [];

  constructor(rows: Rows, requests: LeadRequests, events: ToolbarEvents) {
    [this.#rows, this.#requests, this.#events] = [rows, requests, events];
    this.#qualified.append(" ", this.#qualifiedCount);
    setOptions(this.#operator, say.LEADS_OPERATORS);
    const apply = button(say.LEADS_FILTER, () => this.#add(), "go");
    this.#more.panel.append(this.#column, this.#operator, this.#value, apply);
    this.#more.panel.classList.add("form");
    on(this.#run, "change", () => this.#chooseRun());
    on(this.#search, "input", () => events.search());
    on(this.#operator, "change", () => this.#showValue());
    onKey(this.#more.panel, (key, event) => {
      if (key !== "Enter" || event.target !== this.#value) return;
      event.preventDefault();
      this.#add();
    });
  }

  /** The typed words to search for; "" without any. */
  get typed(): string {
    return this.#search.value.trim();
  }

  /** Moves the other chips into the panel of + Filter, which counts those that are on, or back before it. */
  fold(on: boolean): void {
    const { node: chips } = this.#chips;
    // Moved under the focus, a chip would lose it.
    if (on === !!this.folded || this.node.querySelector(".chips :focus")) return;
    this.folded = on ? chips.offsetWidth + this.#run.offsetWidth : 0;
    if (this.folded) this.#more.panel.prepend(this.#run, chips);
    else this.#more.press.before(this.#run, chips);
    this.#drawChips();
  }

  /** Starts another table. */
  clear(): void {
    this.#search.value = this.#value.value = "";
    this.#runs = [];
    this.#hasHidden = false;
    this.#more.shut();
  }

  /** `found` is how many of the loaded rows are shown. */
  update(found: number): void {
    const { hidden, leftOut, judged, all, heads, runs, total: read } = this.#rows;
    const { include_hidden: isHiddenShown, include_left_out, filters } = this.#requests.which;
    // As everywhere, the number of leads is that before the user's list.
    const total = read === null ? null : read + (include_left_out ? 0 : leftOut);
    show(this.#search, this.typed || (total ?? all.length) >= SEARCHED_FROM);
    // Nothing is offered for a table without leads.
    this.isOffered = heads.length > 0 && !!(all.length || filters.length || this.typed || leftOut);
    show(this.node, this.isOffered);
    showText(this.#found, this.typed && filled(say.LEADS_SEARCHED, found, all.length));
    this.#hasHidden ||= isHiddenShown || !!hidden || !judged;
    const isCounted = judged && !filters.length && total !== null && hidden !== null;
    setText(this.#qualifiedCount, isCounted ? `${isHiddenShown ? total - hidden : total}` : "");
    this.#qualified.title = judged ? say.LEADS_QUALIFIED_DETAILS : say.LEADS_QUALIFIED_UNJUDGED_DETAILS;
    this.#qualified.ariaPressed = `${judged && !isHiddenShown}`;
    this.#qualified.ariaDisabled = judged ? null : "true";
    show(this.#qualified, this.#hasHidden || hidden === null);
    setText(this.#leftOut, `${say.LEADS_LEFT_OUT} ${leftOut}`);
    this.#leftOut.ariaPressed = `${include_left_out}`;
    show(this.#leftOut, leftOut || include_left_out);
    const names = Object.keys(runs);
    // With one chosen, the others stay to choose from.
    if (names.length > this.#runs.length) this.#runs = names;
    // Typed-in columns come first, as the specification promises filters for them.
    const order = [...heads].sort((a, b) => Number(b.filters) - Number(a.filters));
    setOptions(
      this.#column,
      order.map(({ slug, name }) => [slug, name]),
    );
    this.#drawChips();
  }

  /** Without a kernel, nothing can be filtered. */
  turnOff(off: boolean): void {
    for (const each of this.node.querySelectorAll("button"))
      each.ariaDisabled = off || (each === this.#qualified && !this.#rows.judged) ? "true" : null;
    if (off) this.#more.shut();
  }

  #toggleLeftOut(): void {
    const { which } = this.#requests;
    which.include_left_out = !which.include_left_out;
    this.#events.restart();
  }

  #drawChips(): void {
    const { filters } = this.#requests.which;
    const has = (role: LeadHead["role"], label: string): Chip[] => {
      const head = this.#rows.heads.find((each) => each.role === role);
      return head ? [{ label, filter: { column: head.slug, operator: IS_NOT_EMPTY, value: "" } }] : [];
    };
    const offered = [...has("email", say.LEADS_HAS_EMAIL), ...has("phone", say.LEADS_HAS_PHONE)];
    const added = filters
      .filter((each) => !this.#isRun(each) && !offered.some(({ filter }) => same(filter, each)))
      .map((filter) => ({ label: this.#words(filter), filter }));
    this.#chips.update([...offered, ...added]);
    setOptions(this.#run, [["", "All runs"], ...this.#runs.map((name) => [name, name] as const)]);
    this.#run.value = filters.find(this.#isRun)?.value ?? "";
    show(this.#run, this.#runColumn && this.#runs.length > 1);
    const count = this.folded ? filters.length : 0;
    setText(this.#more.press, `${say.LEADS_FILTER_ADD} ${count || ""}`.trim());
    this.#more.press.classList.toggle("on", count > 0);
  }

  get #runColumn(): string | undefined {
    return this.#rows.heads.find(({ kind }) => kind === "run")?.slug;
  }

  readonly #isRun = ({ column, operator }: LeadFilter): boolean =>
    column === this.#runColumn && operator === "equals";

  /** The runs of a batch are chosen from a list. */
  #chooseRun(): void {
    const { value } = this.#run;
    const chosen = value ? [{ column: this.#runColumn ?? "", operator: "equals", value }] : [];
    this.#apply([...this.#requests.which.filters.filter((each) => !this.#isRun(each)), ...chosen]);
  }

  #chip(): Part<Chip> {
    let shown: Chip;
    const press = (): void => {
      this.#switch(shown.filter);
      if (!node.isConnected) this.#more.press.focus({ preventScroll: true });
    };
    const node = button("", press, "chip");
    return {
      node,
      update: (chip) => {
        shown = chip;
        setText(node, chip.label);
        node.ariaPressed = `${this.#requests.which.filters.some((each) => same(each, chip.filter))}`;
      },
    };
  }

  #words({ column, operator, value }: LeadFilter): string {
    const name = this.#rows.heads.find(({ slug }) => slug === column)?.name ?? column;
    const said = say.LEADS_OPERATORS.find(([each]) => each === operator)?.[1] ?? operator;
    return `${name} ${said} ${value}`.trim();
  }

  /** Adds a condition, or takes it back. */
  #switch(filter: LeadFilter): void {
    const { filters } = this.#requests.which;
    const others = filters.filter((each) => !same(each, filter));
    this.#apply(others.length < filters.length ? others : [...others, filter]);
  }

  #apply(filters: LeadFilter[]): void {
    this.#requests.which.filters = filters;
    this.#events.restart();
  }

  #showValue(): void {
    show(this.#value, !WITHOUT_VALUE.includes(this.#operator.value));
  }

  #add(): void {
    const [column, operator] = [this.#column.value, this.#operator.value];
    const value = WITHOUT_VALUE.includes(operator) ? "" : this.#value.value.trim();
    // Enter adds it, too.
    if (this.#more.press.ariaDisabled || !column || !(value || WITHOUT_VALUE.includes(operator))) return;
    const filter = { column, operator, value };
    this.#more.shut();
    this.#more.press.focus({ preventScroll: true });
    if (!this.#requests.which.filters.some((each) => same(each, filter))) this.#switch(filter);
    // Where the chips have too little room, they scroll.
    this.#chips.node.lastElementChild?.scrollIntoView({ block: "nearest" });
  }
}
