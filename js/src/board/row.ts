import { button, commandButton, sayWhatBecame, turnOff } from "../buttons";
import type { ClockView } from "../contract";
import { el, mark, type Part, say, setText, show, words } from "../dom";
import { count } from "../format";
import { freshness } from "../sections/clock";
import type { Session } from "../session";
import { commandKey, pending, underWay } from "../shared";
import type { Item } from "./order";

export interface Row extends Part<Item> {
  item: Item;
  /** Opens the card; the arrows go from one to the next. */
  readonly press: HTMLButtonElement;
  refresh(): void;
  /** Whether Tab goes to the controls of this row: to those of one row of the list only. */
  reach(on: boolean): void;
  /** Shows the card below the row, or takes it away. */
  open(cardRow: HTMLElement | null): void;
}

/** Explicit, because rows that are laid out as a grid are no table rows for assistive technology any more. */
export function cell(role: string, cls: string, tag: "td" | "th" = "td"): HTMLTableCellElement {
  const node = el(tag, cls);
  node.role = role;
  return node;
}

/** A run without tables has none of them: a word for that in each row would only be noise. */
const known = (value: number | null): string => (value === null ? "" : count(value));

/** One run: its status, its brief with the button that opens its card, its numbers, how old they are, and Cancel. */
export function runRow(session: Session, first: Item): Row {
  const label = el("b");
  const status = el("span", "state", mark(), label);
  const name = words("", "b");
  const prompt = words();
  const note = words("mute note-line");
  const said = words("say");
  const press = button("", () => {
    const command = opened ? "fold" : "open";
    session.command(item.row.token, command);
  });
  press.className = "link brief";
  press.append(name, prompt);
  const [steps, leads, credits, age] = ["steps", "leads", "credits", "age"].map((name) =>
    cell("cell", `b-${name}`),
  );
  const cancel = commandButton(session);
  const requested = el("span", "mute", "Cancel requested");
  const brief = cell("cell", "b-run");
  brief.append(press, note, said, cancel.said);
  const state = cell("cell", "b-status");
  state.append(status);
  const does = cell("cell", "b-does");
  does.append(cancel.node, requested);
  const node = el("tr", "", state, brief, steps, leads, credits, age, does);
  node.role = "row";
  const cardRow = el("tr", "card-row");
  cardRow.role = "row";
  let item = first;
  let opened = false;
  let reachable = false;

  const reach = (on: boolean): void => {
    reachable = on;
    for (const each of node.querySelectorAll("button")) each.tabIndex = on ? 0 : -1;
  };
  const refresh = (): void => {
    const { row, moments } = item;
    const [heard_at, next_at, interval, connection] = moments;
    const clock: ClockView = { now: 0, heard_at, next_at, interval, connection };
    const fresh = freshness(row, session, clock);
    const follows = row.done || session.follows();
    status.className = `state t-${follows ? row.tone : "neutral"}`;
    // A run that is not watched any more is the past, whatever its last status said.
    setText(label, follows ? row.status_label : `Last seen: ${row.status_label}`);
    setText(age as HTMLElement, row.token ? fresh.age : "");
    age?.classList.toggle("t-attention", fresh.warn);
    const gone = session.presence === "gone";
    const asked = pending(commandKey(row.token, opened ? "fold" : "open"));
    turnOff(press, !row.token || gone || (underWay(asked) && asked?.phase === "requested"), gone);
    sayWhatBecame(said, asked);
    cancel.refresh();
  };
  return {
    get item() {
      return item;
    },
    node: node as HTMLElement,
    press,
    refresh,
    reach,
    open(card) {
      opened = !!card;
      press.ariaExpanded = item.row.token ? `${opened}` : null;
      // Not moved without need, which would interrupt typing in it.
      if (card && card.parentElement?.parentElement === cardRow) {
        if (node.nextSibling !== cardRow) node.after(cardRow);
      } else if (card) {
        const whole = cell("cell", "");
        whole.colSpan = 7;
        whole.append(card);
        cardRow.replaceChildren(whole);
        node.insertAdjacentElement("afterend", cardRow);
      } else cardRow.remove();
      refresh();
    },
    update(next) {
      item = next;
      const { row } = item;
      say(name, row.name);
      setText(prompt, row.prompt);
      show(prompt, row.prompt);
      say(note, row.note);
      const most = row.done || row.steps_max === null ? "" : ` of at most ${count(row.steps_max)}`;
      setText(
        steps as HTMLElement,
        row.steps_completed === null ? "" : `${count(row.steps_completed)}${most}`,
      );
      setText(leads as HTMLElement, row.token ? known(row.leads) : "");
      setText(credits as HTMLElement, row.token ? known(row.credits) : "");
      show(requested, row.cancel === "requested");
      const spec = { command: "cancel", label: "Cancel", prompt: "", confirm: "" } as const;
      cancel.update(row.cancel === "available" ? { spec, run: row.token } : null);
      cancel.node.querySelector("button")?.setAttribute("aria-label", `Cancel ${row.name || row.prompt}`);
      reach(reachable);
      refresh();
    },
  };
}
