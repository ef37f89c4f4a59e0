import { html, render } from "lit-html";
import { CommandButton, showOutcome, turnOff } from "../buttons";
import { button, el, type Part, show, words } from "../dom";
import { filled } from "../format";
import { elapsed } from "../freshness";
import { commandKey, pending, underWay } from "../page_state";
import type { Session } from "../session";
import * as say from "../words";
import type { Item } from "./order";

const AMOUNTS = ["leads", "qualified", "credits", "price"] as const;

export interface Listed extends Item {
  position: number;
  /** How many characters all briefs begin with in common. They stand above the rows. */
  shared: number;
  isShown: boolean;
  /** The place of the run's card, if it is open. */
  card: HTMLElement | null;
}

/**
 * A run in one line: its name with the button that opens its card, its status, numbers and time, and what can be done. The
 * roles are explicit, because rows laid out as a grid are no longer table rows for assistive technology.
 */
export class RunRow implements Part<Listed> {
  readonly #line = el("tr", "", { role: "row" });
  /** The row below, with the card. */
  readonly #cardRow = el("tr", "card-row", { role: "row" });
  readonly node = el("tbody", "", this.#line, { role: "rowgroup" });
  /** Opens the card. The arrow keys go from one to the next. */
  readonly #press = button("", () => this.#session.command(...this.#toggle), "link brief cut");
  readonly #session: Session;
  readonly #outcome = words("say");
  readonly #action: CommandButton;
  /** The run, and the command that opens or folds its card. */
  #toggle: [run: string, command: "fold" | "open"] = ["", "open"];

  constructor(session: Session) {
    this.#session = session;
    this.#action = new CommandButton(session);
  }

  update(item: Listed): void {
    const session = this.#session;
    const { row, moments, button, shared, isShown, card } = item;
    const { name, prompt, note, token } = row;
    this.#toggle = [token, card ? "fold" : "open"];
    const gone = session.presence === "gone";
    const asked = pending(commandKey(...this.#toggle));
    turnOff(this.#press, !token || gone || (underWay(asked) && asked?.phase === "requested"), gone);
    this.#press.ariaExpanded = token ? `${!!card}` : null;
    // What opens the row says it itself. It does not fold it.
    const opens = button?.command === "open";
    showOutcome(this.#outcome, opens && !card ? undefined : asked);
    const spec = button && opens && card ? { ...button, requested: true } : button;
    this.#action.update(spec ? { spec, run: token, named: name || prompt } : null);
    const [same, rest] = [prompt.slice(0, shared), prompt.slice(shared)];
    // A name says enough; the card that the row opens has the brief.
    const brief = html`<span dir="auto" ?hidden=${!!name}><span class="same">${same}</span><span>${rest}</span></span>`;
    render([name && html`<b dir="auto">${name}</b>`, brief], this.#press);
    // A row has one line; the whole brief and note are there on demand.
    const whole = [name, prompt, note].filter(Boolean).join(" · ");
    const said = note && html`<span class="mute cut" dir="auto">${note}</span>`;
    const cells = AMOUNTS.map((each) => html`<td role="cell" class="num b-${each}">${row[each]}</td>`);
    const [heard_at, , , connection] = moments;
    render(
      html`<td role="cell" class="b-name" title=${whole}>
          <div class="b-line">${this.#press} ${said}</div>
          ${this.#outcome}${this.#action.outcome}
        </td>
        <td role="cell" class="b-status">${this.#status(item)}</td>
        ${cells}
        <td role="cell" class="num mute b-time">${token && elapsed(row, session, { heard_at, connection })}</td>
        <td role="cell" class="b-does">${this.#action.node}</td>`,
      this.#line,
    );
    show(this.#line, isShown);
    this.#open(card);
  }

  #status({ row }: Item) {
    const isKnown = (row.done && row.stage !== "filling") || this.#session.follows();
    // Once a run is no longer watched, its last status may be out of date. A run that was lost earlier says so itself.
    const isPast = !isKnown && row.stage !== "needs_you";
    const status = isPast ? filled(say.WAS, row.status_label.toLowerCase()) : row.status_label;
    return html`<span class="state t-${isKnown ? row.tone : "neutral"}" title=${status}
      ><i aria-hidden="true"></i><b class="cut">${status}</b></span
    >`;
  }

  /** Shows or removes the card's place below the row. It moves only if needed: a text field inside would lose the focus. */
  #open(card: HTMLElement | null): void {
    const row = this.#cardRow;
    if (card && !row.contains(card)) row.replaceChildren(el("td", "", card, { role: "cell", colSpan: 8 }));
    if (!card) row.remove();
    else if (!row.parentNode) this.node.append(row);
  }
}
