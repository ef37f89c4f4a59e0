import { button, turnOff } from "../buttons";
import {
  type ColumnsAnswer,
  LEADS,
  LEADS_FORBIDDEN,
  LEADS_LATE,
  LEADS_LOADING,
  LEADS_NOT_SAVED,
  type Remark,
  type TableView,
  type View,
} from "../contract";
import { el, keyedList, linkPlace, type Part, same, setText, show, showText, uid } from "../dom";
import type { Foot } from "../leads/foot";
import type { LeadGrid } from "../leads/lead_grid";
import { loadLeadsCode } from "../leads/load";
import { ANSWER_MS, type Session } from "../session";
import { type Tabs, tabs } from "../tabs";
import type { Context } from "./context";
import { SortableTable } from "./sortable_table";

type Panel = "leads" | "columns";

const PANELS: readonly { id: Panel; label: string }[] = [
  { id: "leads", label: LEADS },
  { id: "columns", label: "Columns" },
];

/** The parts of the card's body. */
export type Body = Pick<View, "tables" | "head" | "result" | "prose" | "ask">;

/** A remark; what failed leads to it, where `press` is given. */
function remark({ tone }: Remark, press: () => void): Part<Remark> {
  const node = tone === "bad" ? button("", press, "link t-bad") : el("span");
  return {
    node,
    update({ text, details }) {
      setText(node, text);
      node.title = details;
    },
  };
}

const tableIn = (items: readonly TableView[] | undefined, id: string | null | undefined) =>
  items?.find((table) => table.id === id);

/** The tables, one at a time, in a body whose height never changes. It is there before the first table. */
export class TablesSection implements Part<Body> {
  readonly node: HTMLElement;
  readonly #session: Session;
  readonly #columns = new SortableTable();
  readonly #empty = el("p", "empty mute");
  readonly #place = el("div", "place");
  readonly #rest = el("span", "rest");
  readonly #panel = el("div", "panel", this.#place, this.#columns.node, this.#rest, this.#empty);
  readonly #tables: Tabs;
  readonly #panels: Tabs;
  readonly #note = el("span");
  readonly #all = button("Show all", () => this.#showAll(), "link");
  readonly #link = linkPlace("open");
  readonly #reading = el("span", "reading");
  readonly #remarks = keyedList(
    el("span", "remarks"),
    (each: Remark) => remark(each, () => this.#showFailed()),
    ({ tone }) => tone,
  );
  readonly #strip: HTMLElement;
  readonly #unsent = el("p", "strip");

  #body: Body | null = null;
  /** The table and the panel that the user has chosen. */
  #chosen: string | null = null;
  #wanted: Panel | null = null;
  #shown: Panel = "leads";
  #isExpanded = false;
  #leads: LeadGrid | null = null;
  #foot: Foot | null = null;
  readonly #handOver = el("span", "foot");
  #isLoading = false;
  /** Whether a cell that has failed is to be shown once the leads are there. */
  #seeksFailed = false;
  /** Shown instead of the leads until their code is loaded. */
  #instead: string = LEADS_LOADING;
  #late: ReturnType<typeof setTimeout> | undefined;
  /** All columns of a table, once requested by "Show all". */
  readonly #answers = new Map<string, ColumnsAnswer>();

  constructor({ session }: Context) {
    this.#session = session;
    this.#panel.id = uid();
    this.#panel.role = "tabpanel";
    this.#panel.tabIndex = 0;
    this.#tables = tabs("Tables", this.#panel.id, (id) => {
      this.#chosen = id;
      this.refresh();
    });
    this.#panels = tabs("Views", this.#panel.id, (id) => {
      this.#wanted = id as Panel;
      this.refresh();
    });
    const ways = el("span", "ways", this.#reading, this.#all, this.#remarks.node);
    this.#strip = el("div", "strip", this.#note, this.#handOver, this.#link.node, ways);
    const row = el("div", "tabs", this.#tables.node, el("span", "gap"), this.#panels.node);
    const body = el("div", "body", this.#panel);
    this.node = el("section", "tables", row, body, this.#strip, this.#unsent);
  }

  update(next: Body): void {
    const before = this.#body?.tables.items;
    this.#body = next;
    // When the table has changed, its columns are requested again.
    for (const id of this.#answers.keys()) {
      const isSame = same(tableIn(before, id), tableIn(next.tables.items, id));
      if (!isSame && this.#session.presence !== "gone") this.#fetch(id);
    }
    this.refresh();
  }

  refresh(): void {
    if (!this.#body) return;
    const body = this.#body;
    const table = this.#current(body);
    this.#shown = this.#panelOf(body, table);
    this.#readLeads(table);
    this.#drawTabs(body, table);
    this.#drawPanel(body, table);
    this.#drawNote(table);
    this.#drawLink(table);
    this.#drawFoot(table);
    this.#drawWays(body, table);
    showText(this.#unsent, body.tables.hidden);
    // The place is reserved while a table may still come. Then the answer and the questions take it, if there are any.
    const isOver = body.head.done && !table;
    show(this.#tables.node, !isOver);
    show(this.#strip, table);
    show(this.node, !isOver || !(body.prose.nodes.length || body.ask));
  }

  close(): void {
    clearTimeout(this.#late);
    this.#leads?.close();
    this.#foot?.close();
  }

  /** Whether leads may still come. */
  #isGrowing({ done }: View["head"]): boolean {
    return !done && this.#session.follows();
  }

  #isGone(): boolean {
    return this.#session.presence === "gone";
  }

  #current({ tables: { items, main } }: Body): TableView | undefined {
    return tableIn(items, this.#chosen) ?? tableIn(items, main) ?? items[0];
  }

  #panelOf({ head, tables: { leads } }: Body, table: TableView | undefined): Panel {
    const wanted = this.#wanted === "leads" && !leads ? null : this.#wanted;
    if (wanted) return wanted;
    // A saved card has no leads, but columns.
    const isSaved = head.form !== "live" && !this.#session.reads;
    if (leads && !isSaved && (table || this.#isGrowing(head))) return "leads";
    return "columns";
  }

  /** The answer with all columns of a table, if it came. */
  #answer(table: TableView | undefined): ColumnsAnswer | undefined {
    return table && this.#answers.get(table.id);
  }

  #showAll(): void {
    const table = this.#body && this.#current(this.#body);
    if (this.#shown === "leads") this.#expand(!this.#isExpanded);
    else if (table) this.#fetch(table.id);
  }

  #fetch(table: string): void {
    this.#session.columns(table, (answer) => {
      this.#answers.set(table, answer);
      this.refresh();
    });
  }

  /** Shows all leads in the same place, in a higher body. */
  #expand(on: boolean): void {
    this.#isExpanded = on;
    this.#panel.classList.toggle("high", on);
    this.#leads?.expand(on);
    this.refresh();
  }

  /** Shows the cells that failed, one after the other, in all leads. */
  #showFailed(): void {
    if (!this.#body?.tables.leads || this.#isGone()) return;
    this.#wanted = "leads";
    this.#seeksFailed = true;
    this.refresh();
    if (!this.#isExpanded) this.#expand(true);
    this.#seekFailed();
  }

  #seekFailed(): void {
    if (!this.#leads || !this.#seeksFailed) return;
    this.#seeksFailed = false;
    this.#leads.showFailed();
  }

  /** Only visible leads are requested. Loaded leads stay while the card is off the screen. */
  #readLeads(table: TableView | undefined): void {
    // A request to a stopped kernel is repeated with the next one.
    const canRead = this.#session.reads;
    if (!canRead) this.#isLoading = false;
    const visible = this.#shown === "leads" && this.#session.visible ? table : undefined;
    if (visible && !this.#leads && canRead) void this.#load();
    this.#leads?.showTable(visible?.id ?? "");
    if (this.#leads && this.#body) this.#leads.isGrowing = this.#isGrowing(this.#body.head);
    this.#leads?.refresh();
  }

  /** The code that draws leads is as large as the rest, so it is loaded when leads are shown for the first time. */
  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#instead = LEADS_LOADING;
    clearTimeout(this.#late);
    // The kernel has the code ready: if it doesn't answer, a cell keeps it busy.
    this.#late = setTimeout(() => {
      this.#instead = LEADS_LATE;
      this.refresh();
    }, ANSWER_MS);
    try {
      const { Foot, LeadGrid } = await loadLeadsCode(this.#session);
      this.#leads = new LeadGrid(this.#session, () => this.refresh());
      this.#foot = new Foot(this.#session, this.#leads);
      this.#handOver.append(this.#foot.node);
      this.#leads.expand(this.#isExpanded);
      this.#place.append(this.#leads.node);
      this.#seekFailed();
    } catch {
      this.#instead = LEADS_FORBIDDEN;
    }
    clearTimeout(this.#late);
    this.refresh();
  }

  #drawTabs({ tables: { items, leads } }: Body, table: TableView | undefined): void {
    this.#tables.update(
      items.map(({ id, name, leads }) => ({ id, label: name, count: leads })),
      table?.id ?? "",
    );
    this.#panels.update(leads ? PANELS : PANELS.slice(1), this.#shown);
    const label = table ? this.#tables.idOf(table.id) : this.#panels.idOf(this.#shown);
    this.#panel.setAttribute("aria-labelledby", label);
  }

  /** Whether no leads can be shown: there is no table, no kernel that has read any, or the page forbids it. */
  #hasNoLeads(table: TableView | undefined): boolean {
    return !table || (this.#session.reads ? this.#instead === LEADS_FORBIDDEN : !this.#leads?.rows.count);
  }

  #isEmpty(table: TableView | undefined): boolean {
    if (this.#shown === "leads") return this.#hasNoLeads(table) || !this.#leads;
    return !table?.columns.rows.length;
  }

  #drawPanel(body: Body, table: TableView | undefined): void {
    if (table) this.#columns.update(this.#answer(table)?.columns ?? table.columns);
    const shown = this.#shown;
    const isEmpty = this.#isEmpty(table);
    show(this.#place, shown === "leads" && !isEmpty);
    show(this.#columns.node, shown === "columns" && !isEmpty);
    show(this.#rest, shown !== "leads" && !isEmpty);
    const none = {
      leads: this.#session.reads ? this.#instead : LEADS_NOT_SAVED,
      columns: table?.columns_note,
    }[shown];
    const isOver = body.head.done && !table;
    const instead = (table && none) || body.result.note || (isOver ? "No tables." : "");
    showText(this.#empty, isEmpty ? instead : "");
    const isLoading = !!table && this.#session.reads && this.#instead === LEADS_LOADING;
    const isWaiting = shown === "leads" && (table ? isLoading : this.#isGrowing(body.head));
    this.#empty.classList.toggle("waiting", isWaiting);
  }

  /** The note below the panel, with the button that shows all rows. */
  #drawNote(table: TableView | undefined): void {
    const shown = this.#shown;
    const answer = this.#answer(table);
    const { count = "", shortCount = "" } = this.#leads?.rows ?? {};
    const note = {
      leads: this.#isExpanded ? count : shortCount,
      columns: answer ? "" : table?.columns_note,
    }[shown];
    showText(this.#note, note ?? "");
    // The line is cut where it is too long.
    this.#note.title = [...new Set([shown === "leads" ? count : note, table?.facts, table?.funnel])]
      .filter(Boolean)
      .join(" · ");
    const hasMore =
      shown === "leads"
        ? !this.#hasNoLeads(table)
        : shown === "columns" && !answer && (table?.hidden ?? 0) > 0;
    show(this.#all, hasMore);
    setText(this.#all, shown === "leads" && this.#isExpanded ? "Show less" : "Show all");
    turnOff(this.#all, this.#isGone() && shown === "columns", this.#isGone());
  }

  #drawLink(table: TableView | undefined): void {
    this.#link.update(table?.link ?? null);
    this.#link.node.title = table?.link?.label ?? "";
    const open = this.#link.node.firstElementChild;
    if (open) open.ariaLabel = `${table?.link?.label} ${table?.name}`;
  }

  /** Hands over the leads. */
  #drawFoot(table: TableView | undefined): void {
    show(this.#handOver, this.#shown === "leads" && !this.#hasNoLeads(table));
    this.#foot?.update(this.#leads?.rows.line || "");
  }

  /** What failed or fills in the table, and how many of its leads were read. */
  #drawWays({ tables: { items, reading } }: Body, table: TableView | undefined): void {
    this.#remarks.update(table?.remarks ?? []);
    // The kernel reads the leads, so without one, no progress is shown.
    const at = table ? items.indexOf(table) : -1;
    showText(this.#reading, this.#session.presence === "live" ? (reading[at] ?? "") : "");
    this.#reading.title = this.#reading.textContent ?? "";
  }
}
