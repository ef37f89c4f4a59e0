import { CommandButton, showOutcome, turnOff } from "../buttons";
import { button, type Child, el, mark, type Part, setText, show, showText, words } from "../dom";
import { filled } from "../format";
import { elapsed } from "../freshness";
import { commandKey, pending, underWay } from "../page_state";
import type { Session } from "../session";
import type { Item } from "./order";

const AMOUNTS = ["leads", "qualified", "credits", "price"] as const;

/** Explicit, because rows laid out as a grid are no longer table rows for assistive technology. */
export const cell = (
  role: "cell" | "columnheader",
  cls: string,
  ...given: (Child | Partial<HTMLTableCellElement>)[]
): HTMLTableCellElement => el(role === "cell" ? "td" : "th", cls, { role }, ...given);

const number = (name: string): HTMLTableCellElement => cell("cell", `b-num b-${name}`);

/** A run in one line: its name with the button that opens its card, its status, numbers and time, and what can be done. */
export class RunRow implements Part<Item> {
  readonly node: HTMLElement;
  item: Item;
  /** Opens the card. The arrow keys go from one to the next. */
  readonly press: HTMLButtonElement;
  readonly #session: Session;
  readonly #lastKnown: () => string;
  readonly #label = el("b", "cut");
  readonly #status = el("span", "state", mark(), this.#label);
  readonly #name = words("", "b");
  /** What the briefs of all rows begin with, which stands above them, and the rest. */
  readonly #same = el("span", "same");
  readonly #rest = el("span");
  readonly #prompt = words();
  readonly #note = words("mute cut");
  readonly #outcome = words("say");
  readonly #amounts = AMOUNTS.map((name) => ({ name, node: number(name) }));
  readonly #time = number("time");
  readonly #brief = cell("cell", "b-name");
  readonly #action: CommandButton;
  readonly #does = cell("cell", "b-does");
  /** The row below, with the card. */
  readonly #cardRow = el("tr", "card-row", { role: "row" });
  #isOpen = false;
  #isReachable = false;

  /** `lastKnown` returns the words for a status that may be out of date. */
  constructor(session: Session, item: Item, lastKnown: () => string) {
    [this.#session, this.item, this.#lastKnown] = [session, item, lastKnown];
    const press = (): void => session.command(this.item.row.token, this.#command());
    this.press = button("", press, "link brief cut");
    this.#prompt.append(this.#same, this.#rest);
    this.press.append(this.#name, this.#prompt);
    this.#action = new CommandButton(session);
    const line = el("div", "b-line", this.press, " ", this.#note);
    this.#brief.append(line, this.#outcome, this.#action.outcome);
    this.#does.append(this.#action.node);
    const numbers = [...this.#amounts.map(({ node }) => node), this.#time];
    const state = cell("cell", "b-status", this.#status);
    this.node = el("tr", "", this.#brief, state, ...numbers, this.#does, { role: "row" });
  }

  /** `shared`: how many characters all briefs begin with in common. */
  update(item: Item, shared = 0): void {
    this.item = item;
    const { row } = item;
    showText(this.#name, row.name);
    setText(this.#same, row.prompt.slice(0, shared));
    setText(this.#rest, row.prompt.slice(shared));
    // A name says enough; the card that the row opens has the brief.
    show(this.#prompt, row.prompt && !row.name);
    showText(this.#note, row.note);
    for (const { name, node } of this.#amounts) setText(node, row[name]);
    // A row has one line; the whole brief and note are there on demand.
    this.#brief.title = [row.name, row.prompt, row.note].filter(Boolean).join(" · ");
    this.reach(this.#isReachable);
    this.refresh();
  }

  refresh(): void {
    const session = this.#session;
    const { row, moments, button } = this.item;
    const isOver = row.done && row.stage !== "filling";
    const follows = isOver || session.follows();
    this.#status.className = `state t-${follows ? row.tone : "neutral"}`;
    // Once a run is no longer watched, its last status may be out of date. A run that was lost earlier says so itself.
    const isPast = !follows && row.stage !== "needs_you";
    const status = isPast ? filled(this.#lastKnown(), row.status_label.toLowerCase()) : row.status_label;
    setText(this.#label, status);
    this.#status.title = status;
    const [heard_at, , , connection] = moments;
    setText(this.#time, row.token ? elapsed(row, session, { heard_at, connection }) : "");
    const gone = session.presence === "gone";
    const asked = pending(commandKey(row.token, this.#command()));
    turnOff(this.press, !row.token || gone || (underWay(asked) && asked?.phase === "requested"), gone);
    // What opens the row says it itself. It does not fold it.
    showOutcome(this.#outcome, this.#opens && !this.#isOpen ? undefined : asked);
    const named = row.name || row.prompt;
    const spec = button && this.#opens && this.#isOpen ? { ...button, requested: true } : button;
    this.#action.update(spec ? { spec, run: row.token, named } : null);
  }

  /** Whether Tab reaches the controls of this row, which is so for only one row of the list. */
  reach(on: boolean): void {
    this.#isReachable = on;
    for (const each of this.node.querySelectorAll("button")) each.tabIndex = on ? 0 : -1;
  }

  /** Shows or removes the card's place below the row. */
  open(card: HTMLElement | null): void {
    const row = this.#cardRow;
    this.#isOpen = !!card;
    this.press.ariaExpanded = this.item.row.token ? `${this.#isOpen}` : null;
    // Moved only if needed, because a move takes the focus from a text field inside.
    if (card && card.parentElement?.parentElement === row) {
      if (this.node.nextSibling !== row) this.node.after(row);
    } else if (card) {
      row.replaceChildren(cell("cell", "", card, { colSpan: 8 }));
      this.node.after(row);
    } else row.remove();
    this.refresh();
  }

  /** Whether the button opens the row. */
  get #opens(): boolean {
    return this.item.button?.command === "open";
  }

  #command(): "fold" | "open" {
    return this.#isOpen ? "fold" : "open";
  }
}
