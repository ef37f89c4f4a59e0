import { html, render } from "lit-html";
import { CommandButton, showOutcome, turnOff } from "../buttons";
import { button, el, type Part, words } from "../dom";
import { filled } from "../format";
import { elapsed } from "../freshness";
import { commandKey, pending, underWay } from "../page_state";
import type { Session } from "../session";
import * as say from "../words";
import type { Item } from "./order";

const AMOUNTS = ["leads", "qualified", "credits", "price"] as const;

/**
 * A run in one line: its name with the button that opens its card, its status, numbers and time, and what can be done. The
 * roles are explicit, because rows laid out as a grid are no longer table rows for assistive technology.
 */
export class RunRow implements Part<Item> {
  readonly node = el("tr", "", { role: "row" });
  item: Item;
  /** Opens the card. The arrow keys go from one to the next. */
  readonly press = button("", () => this.#fold(), "link brief cut");
  readonly #session: Session;
  readonly #outcome = words("say");
  readonly #action: CommandButton;
  /** The row below, with the card. */
  readonly #cardRow = el("tr", "card-row", { role: "row" });
  /** How many characters all briefs begin with in common. They stand above the rows. */
  #shared = 0;
  #isOpen = false;
  #isReachable = false;

  constructor(session: Session, item: Item) {
    [this.#session, this.item] = [session, item];
    this.#action = new CommandButton(session);
  }

  /** `shared`: how many characters all briefs begin with in common. */
  update(item: Item, shared = 0): void {
    [this.item, this.#shared] = [item, shared];
    this.refresh();
  }

  refresh(): void {
    const session = this.#session;
    const { row, moments, button } = this.item;
    const { name, prompt, note, token } = row;
    const gone = session.presence === "gone";
    const asked = pending(commandKey(token, this.#command()));
    turnOff(this.press, !token || gone || (underWay(asked) && asked?.phase === "requested"), gone);
    this.press.ariaExpanded = token ? `${this.#isOpen}` : null;
    // What opens the row says it itself. It does not fold it.
    showOutcome(this.#outcome, this.#opens && !this.#isOpen ? undefined : asked);
    const spec = button && this.#opens && this.#isOpen ? { ...button, requested: true } : button;
    this.#action.update(spec ? { spec, run: token, named: name || prompt } : null);
    const [same, rest] = [prompt.slice(0, this.#shared), prompt.slice(this.#shared)];
    // A name says enough; the card that the row opens has the brief.
    const brief = html`<span dir="auto" ?hidden=${!!name}><span class="same">${same}</span><span>${rest}</span></span>`;
    render([name && html`<b dir="auto">${name}</b>`, brief], this.press);
    // A row has one line; the whole brief and note are there on demand.
    const whole = [name, prompt, note].filter(Boolean).join(" · ");
    const said = note && html`<span class="mute cut" dir="auto">${note}</span>`;
    const cells = AMOUNTS.map((each) => html`<td role="cell" class="b-num b-${each}">${row[each]}</td>`);
    const [heard_at, , , connection] = moments;
    render(
      html`<td role="cell" class="b-name" title=${whole}>
          <div class="b-line">${this.press} ${said}</div>
          ${this.#outcome}${this.#action.outcome}
        </td>
        <td role="cell" class="b-status">${this.#status()}</td>
        ${cells}
        <td role="cell" class="b-num b-time">${token && elapsed(row, session, { heard_at, connection })}</td>
        <td role="cell" class="b-does">${this.#action.node}</td>`,
      this.node,
    );
    this.reach(this.#isReachable);
  }

  #status() {
    const { row } = this.item;
    const isKnown = (row.done && row.stage !== "filling") || this.#session.follows();
    // Once a run is no longer watched, its last status may be out of date. A run that was lost earlier says so itself.
    const isPast = !isKnown && row.stage !== "needs_you";
    const status = isPast ? filled(say.WAS, row.status_label.toLowerCase()) : row.status_label;
    return html`<span class="state t-${isKnown ? row.tone : "neutral"}" title=${status}
      ><i aria-hidden="true"></i><b class="cut">${status}</b></span
    >`;
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
    // Moved only if needed, because a move takes the focus from a text field inside.
    if (card && card.parentElement?.parentElement === row) {
      if (this.node.nextSibling !== row) this.node.after(row);
    } else if (card) {
      row.replaceChildren(el("td", "", card, { role: "cell", colSpan: 8 }));
      this.node.after(row);
    } else row.remove();
    this.refresh();
  }

  /** Whether the button opens the row. */
  get #opens(): boolean {
    return this.item.button?.command === "open";
  }

  #fold(): void {
    this.#session.command(this.item.row.token, this.#command());
  }

  #command(): "fold" | "open" {
    return this.#isOpen ? "fold" : "open";
  }
}
