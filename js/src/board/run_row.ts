import { button, commandButton, showOutcome, stopOf, turnOff } from "../buttons";
import { CANCEL, type ClockView, STOP_FILLING, type Stop } from "../contract";
import { el, mark, type Part, setText, show, showText, words } from "../dom";
import { filled } from "../format";
import { commandKey, pending, underWay } from "../page_state";
import { elapsed } from "../sections/clock";
import type { Session } from "../session";
import type { Item } from "./order";

export interface Row extends Part<Item> {
  item: Item;
  /** Opens the card. The arrow keys go from one to the next. */
  readonly press: HTMLButtonElement;
  refresh(): void;
  /** Whether Tab reaches the controls of this row, which is so for only one row of the list. */
  reach(on: boolean): void;
  /** Shows or removes the card's place below the row. */
  open(place: HTMLElement | null): void;
}

/** Explicit, because rows laid out as a grid are no longer table rows for assistive technology. */
export function cell(role: string, cls: string, tag: "td" | "th" = "td"): HTMLTableCellElement {
  const node = el(tag, cls);
  node.role = role;
  return node;
}

/** A run in one line: its name with the button that opens its card, its status, numbers and time, and its stop. */
export function runRow(session: Session, first: Item, lastKnown: () => string): Row {
  const label = el("b");
  const status = el("span", "state", mark(), label);
  const name = words("", "b");
  const prompt = words();
  const note = words("mute");
  const outcome = words("say");
  const press = button("", () => {
    const command = opened ? "fold" : "open";
    session.command(item.row.token, command);
  });
  press.className = "link brief";
  press.append(name, prompt);
  const number = (name: string): HTMLTableCellElement => cell("cell", `b-num b-${name}`);
  const [leads, qualified, credits, time] = [
    number("leads"),
    number("qualified"),
    number("credits"),
    number("time"),
  ];
  const stop = commandButton(session);
  const brief = cell("cell", "b-name");
  brief.append(el("div", "b-line", press, " ", note), outcome, stop.outcome);
  const state = cell("cell", "b-status");
  state.append(status);
  const does = cell("cell", "b-does");
  does.append(stop.node);
  const node = el("tr", "", brief, state, leads, qualified, credits, time, does);
  node.role = "row";
  const place = el("tr", "card-row");
  place.role = "row";
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
    const clock: ClockView = {
      now: 0,
      heard_at,
      next_at,
      interval,
      connection,
      heard: "",
      next: "",
      due: "",
    };
    const follows = row.done || session.follows();
    status.className = `state t-${follows ? row.tone : "neutral"}`;
    // Once a run is no longer watched, its last status may be out of date. A run that was lost earlier says so itself.
    const isPast = !follows && (row.stage === "waiting" || row.stage === "running");
    const words = isPast ? filled(lastKnown(), row.status_label) : row.status_label;
    setText(label, words);
    state.title = words;
    setText(time, row.token ? elapsed(row, session, clock) : "");
    const gone = session.presence === "gone";
    const asked = pending(commandKey(row.token, opened ? "fold" : "open"));
    turnOff(press, !row.token || gone || (underWay(asked) && asked?.phase === "requested"), gone);
    showOutcome(outcome, asked);
    stop.refresh();
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
      // Moved only if needed, because a move takes the focus from a text field inside.
      if (card && card.parentElement?.parentElement === place) {
        if (node.nextSibling !== place) node.after(place);
      } else if (card) {
        const whole = cell("cell", "");
        whole.colSpan = 7;
        whole.append(card);
        place.replaceChildren(whole);
        node.insertAdjacentElement("afterend", place);
      } else place.remove();
      refresh();
    },
    update(next) {
      item = next;
      const { row } = item;
      showText(name, row.name);
      setText(prompt, row.prompt);
      show(prompt, row.prompt);
      showText(note, row.note);
      setText(leads, row.leads);
      setText(qualified, row.qualified);
      setText(credits, row.credits);
      // A row has one line; the whole brief and note are there on demand.
      brief.title = [row.name, row.prompt, row.note].filter(Boolean).join(" · ");
      // The row's note has the number of cells.
      const one: Stop = row.done
        ? { of: "cells", state: row.cancel, label: STOP_FILLING }
        : { of: "run", state: row.cancel, label: CANCEL };
      stop.update(stopOf(one, row.token, row.name || row.prompt));
      reach(reachable);
      refresh();
    },
  };
}
