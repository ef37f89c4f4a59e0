import { html, render } from "lit-html";
import { commandButtons, copyLine } from "../buttons";
import type { BoardHead, BoardRow, BoardRows, CheckTimes, ClockView, Stage, Tone } from "../contract";
import { el, on, type Part, setOptions, setText, show, showText, textField } from "../dom";
import { freshness } from "../freshness";
import { Lifecycle } from "../lifecycle";
import type { Model } from "../model";
import { goneNotice, noticeList } from "../notice";
import { type Notify, notifyToggle, voice } from "../notify";
import type { Session } from "../session";
import { widget } from "../snapshot";
import { Tabs } from "../tabs";
import * as say from "../words";
import style from "./board.css";
import type { Filter, Item } from "./order";
import { RunList } from "./run_list";

/** Fewer runs are found faster by looking at them. */
const FILTERED_FROM = 15;

/** The stages that need the user. */
const URGENT: readonly Stage[] = ["needs_you", "failed"];

/** Announces changes of a board to assistive technology, and notifies when a run needs the user or all have ended. */
function boardAnnouncer({ notify }: Notify) {
  const { node, say } = voice();
  /** The runs that needed the user or had failed at the last announcement, and whether all had ended. */
  let known: Set<string> | null = null;
  let wasSettled = false;
  return {
    node,
    update({ settled, announcement, sums }: BoardHead, rows: readonly BoardRow[]): void {
      say(announcement);
      const waiting = rows.filter(({ stage }) => URGENT.includes(stage));
      const fresh = waiting.filter(({ token }) => known && !known.has(token));
      if (known && (fresh.length || (settled && !wasSettled))) {
        const isFailed = fresh.some(({ stage }) => stage === "failed");
        const tone: Tone = isFailed ? "bad" : fresh.length ? "attention" : "neutral";
        notify({ title: announcement, body: settled ? sums : "", tone });
      }
      known = new Set(waiting.map(({ token }) => token));
      wasSettled = settled;
    },
  };
}

/**
 * The totals of all runs, their age, and the buttons for all runs.
 *
 * @param board - Distinguishes its clicks from those of other boards.
 * @param oldest - The clock of the run that was heard longest ago.
 */
function boardHeader(
  session: Session,
  board: string,
  oldest: (clock: ClockView | null) => ClockView | null,
  notify: Notify,
): Part<BoardHead> {
  const node = el("div");
  const buttons = commandButtons(el("div", "does", notify.node), session, () => board);
  const notices = noticeList(session, () => board);
  const update = (head: BoardHead): void => {
    const { settled, sums, title, origin } = head;
    const times = { done: settled, settled, started_at: null, completed_at: null };
    const [age, warn] = freshness(times, session, oldest(session.clock));
    const gone = session.presence === "gone" ? [goneNotice(head, head.again_line)] : [];
    notices.update([...gone, ...head.notices]);
    notify.update(!settled && session.follows());
    buttons.update(head.buttons);
    const counted = head.counts.map(({ label }) => label).join(", ");
    render(
      html`<header class="board-head row">
          <div>
            <b>${title}</b><span class="counts">${counted && `: ${counted}`}</span>
            ${origin && html`<span class="origin" dir="auto">${origin}</span>`}
            ${age && html`<span class="mute ${warn ? "t-attention" : ""}">${age}</span>`}
          </div>
          ${buttons.node}${notify.refusal}${sums && html`<div class="mute cut sums" title=${sums}>${sums}</div>`}
        </header>
        ${notices.node}`,
      node,
    );
  };
  return { node, update };
}

/** The fields that filter rows by words and by stage. */
function filterBar(changed: () => void) {
  const field = textField("Filter runs by words of their briefs, status or id", "Filter runs");
  const stages = el("select", "", { ariaLabel: "Show runs by status" });
  const counted = el("span", "mute", { role: "status" });
  const node = el("div", "bar-line row", field, stages, counted);
  on(field, "input", changed);
  on(stages, "change", changed);
  return {
    node,
    update({ counts, title }: BoardHead): Filter {
      setOptions(stages, [
        ["", `All ${title}`],
        ...counts.map(({ stage, label }) => [stage, label] as const),
      ]);
      return { words: field.value, stage: stages.value as Stage | "" };
    },
    /** Sets how many of the rows are shown. */
    count(shown: number, all: number): void {
      setText(counted, shown === all ? "" : `${shown} of ${all} shown`);
    },
  };
}

const REFERENCE = "IPY_MODEL_";

interface Manager {
  get_model(id: string): Promise<unknown>;
  create_view(model: unknown, options: object): Promise<{ el: HTMLElement; remove(): void }>;
}

/**
 * The place of the card of a run, or of the leads of all runs: a separate widget that the host draws. Its value is its
 * reference, and the line that shows the same in a cell of its own.
 */
export function openedWidget(model: Model): Part<{ card: string; code: string }> {
  const line = copyLine("", "the line that shows this");
  const instead = el("p", "mute", "This page can't draw it here. In a cell of its own: ", line.node);
  const container = el("div");
  let shown = "";
  let view: { remove(): void } | null = null;

  const draw = async (card: string): Promise<void> => {
    const manager = model.widget_manager as Manager | undefined;
    const child = await manager?.get_model(card.slice(REFERENCE.length));
    if (!manager || !child) throw new Error("The host has no such widget.");
    const drawn = await manager.create_view(child, {});
    // It was folded, or another one was opened, while it was being made.
    if (card !== shown) drawn.remove();
    else {
      view = drawn;
      container.append(drawn.el);
    }
  };
  const clear = (): void => {
    view?.remove();
    view = null;
    container.replaceChildren();
  };
  return {
    node: el("div", "opened", container, instead),
    update({ card, code }) {
      // The two have separate traits, so the line may come after the reference.
      line.update(code);
      if (card === shown) return;
      shown = card;
      clear();
      show(instead, false);
      if (card)
        draw(card).catch(() => {
          if (card === shown) show(instead, true);
        });
    },
    close() {
      shown = "";
      clear();
    },
  };
}

/** Many runs at once: totals, a filter, and one row for each run. */
class Board {
  readonly #model: Model;
  readonly #lifecycle: Lifecycle;
  readonly #head: ReturnType<typeof boardHeader>;
  readonly #bar = filterBar(() => this.#draw());
  readonly #list: RunList;
  readonly #card: ReturnType<typeof openedWidget>;
  readonly #leads: ReturnType<typeof openedWidget>;
  readonly #announcer: ReturnType<typeof boardAnnouncer>;
  /** What the tab in front shows: the runs, or the leads of all. */
  readonly #panel = el("div", "runs-panel");
  readonly #tabs = new Tabs("Runs and their leads", this.#panel, (tab) => this.#select(tab));
  readonly #nothing = el("p", "mute nothing");
  readonly #hidden = el("p", "mute nothing");

  constructor(model: Model, host: HTMLElement) {
    this.#model = model;
    this.#lifecycle = new Lifecycle(model, host, "Origami runs", " origami-board");
    const { root, session } = this.#lifecycle;
    const key = `${model.get("key")}`;
    const notify = notifyToggle(key, session);
    this.#head = boardHeader(session, key, (clock) => this.#oldest(clock), notify);
    this.#announcer = boardAnnouncer(notify);
    this.#card = openedWidget(model);
    this.#leads = openedWidget(model);
    this.#leads.node.className = "all-leads";
    this.#list = new RunList(session, () => this.#draw());
    this.#panel.append(
      this.#list.same,
      this.#bar.node,
      this.#list.node,
      this.#leads.node,
      this.#list.noMatch,
    );
    const tools = el("div", "tools row", this.#tabs.node);
    root.append(this.#head.node, tools, this.#panel, this.#nothing, this.#hidden, this.#announcer.node);
    this.#draw();
    this.#lifecycle.start({
      style,
      traits: ["head", "clock", "card", "grid", "rows"],
      draw: () => this.#draw(),
      isOpen: () => !this.#headNow().settled,
    });
  }

  readonly close = (): void => {
    this.#lifecycle.stop();
    this.#card.close?.();
    this.#leads.close?.();
  };

  #headNow(): BoardHead {
    return this.#model.get("head") as BoardHead;
  }

  #items(): Item[] {
    const { items, moments, buttons } = this.#model.get("rows") as BoardRows;
    return items.map((row, at) => ({
      row,
      moments: moments[at] as CheckTimes,
      button: buttons[row.button],
    }));
  }

  /** The board is as old as its oldest row that is still watched. */
  #oldest(clock: ClockView | null): ClockView | null {
    if (!clock) return null;
    const followed = this.#items().filter(
      ({ row, moments }) => row.token && !row.settled && moments[3] === "live",
    );
    const heard = followed.flatMap(({ moments: [heard_at] }) => heard_at ?? []);
    return heard.length ? { ...clock, heard_at: Math.min(...heard), next_at: null } : clock;
  }

  #draw(): void {
    const head = this.#headNow();
    const items = this.#items();
    this.#head.update(head);
    this.#card.update({ card: this.#reference("card"), code: `ow.attach("${head.open}")` });
    this.#leads.update({ card: this.#reference("grid"), code: head.leads_line });
    this.#drawTabs(head, items.length);
    showText(this.#hidden, head.hidden);
    showText(this.#nothing, head.nothing);
    const shown = this.#list.update(items, this.#bar.update(head), head, this.#card.node);
    show(this.#bar.node, items.length >= FILTERED_FROM);
    this.#bar.count(shown, items.length);
    this.#announcer.update(
      head,
      items.map(({ row }) => row),
    );
  }

  /** With the leads in front, the runs are one click away, and come back where they were. */
  #drawTabs(head: BoardHead, runs: number): void {
    const isLeads = !!this.#reference("grid");
    const items = [
      { id: "runs", label: say.RUNS, count: `${runs}` },
      { id: "leads", label: say.ALL_LEADS },
    ];
    this.#tabs.update(items, isLeads ? "leads" : "runs");
    show(this.#tabs.node.parentElement as HTMLElement, head.has_leads);
    show(this.#leads.node, isLeads);
    this.#panel.classList.toggle("leads-only", isLeads);
  }

  #select(tab: string): void {
    const name = tab === "leads" ? "show_leads" : "hide_leads";
    if ((tab === "leads") !== !!this.#reference("grid"))
      this.#lifecycle.session.command(`${this.#model.get("key")}`, name);
  }

  #reference(trait: string): string {
    return `${this.#model.get(trait) ?? ""}`;
  }
}

/** Draws one view of the board and returns its clean-up. */
export const mount = (model: Model, host: HTMLElement): (() => void) => new Board(model, host).close;

export default widget(mount);
