import { html, render } from "lit-html";
import type { CodeAnswer, Grid, TableView } from "../contract";
import { button, el, fill, same, setText, show, showText } from "../dom";
import { filled } from "../format";
import type * as LeadsCode from "../leads/code";
import type { ColumnsMenu } from "../leads/columns";
import type { Foot } from "../leads/foot";
import type { LeadGrid } from "../leads/lead_grid";
import { prose } from "../prose";
import { ANSWER_MS, type Context, type Session } from "../session";
import { ariaSortOf, inOrder, type Order, orderAfter, sizeOf } from "../sorting";
import { Tabs } from "../tabs";
import { sortHead } from "../templates";
import * as say from "../words";

/** The tab of the agent's questions. */
const ASK = ":ask";

/** Loads the code that draws leads, as the host loads a widget's; fails if the page forbids it. */
async function loadLeadsCode(session: Session): Promise<typeof LeadsCode> {
  const { code } = await new Promise<CodeAnswer>((take) => session.ask({ kind: "code" }, take));
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

const CLASSES: Record<string, string> = { r: "num", m: "mute num", x: "t-bad num" };

/** A small table that can be sorted by its numbers. Its words and their order come from Python. */
function sortableTable() {
  const node = el("table", "grid");
  /** The column that it is sorted by; null: in Python's order. */
  let order: Order<number> | null = null;
  const update = ({ heads, form, rows }: Grid): void => {
    const classes = [...form].map((each) => CLASSES[each] ?? "");
    const heading = (label: string, column: number) => {
      const sort = (): void => {
        order = orderAfter(order, column, true);
        update({ heads, form, rows });
      };
      const cls = classes[column] ?? "";
      return form[column] === "r"
        ? sortHead(cls, label, ariaSortOf(order, column), sort)
        : html`<th scope="col" class=${cls}>${label}</th>`;
    };
    const cell = (text: string, column: number) =>
      column
        ? html`<td class=${classes[column]}><bdi dir="auto">${text}</bdi></td>`
        : html`<th scope="row" class=${classes[0]} title=${text}><bdi dir="auto">${text}</bdi></th>`;
    const by = order;
    const key = (row: string[]) => sizeOf(row[by?.column ?? 0] ?? "");
    const sorted = by ? [...rows].sort((a, b) => inOrder(key(a), key(b), by)) : rows;
    const lines = sorted.map((row) => html`<tr>${row.map(cell)}</tr>`);
    render(html`<thead><tr>${heads.map(heading)}</tr></thead><tbody>${lines}</tbody>`, node);
  };
  return { node, update };
}

/** The tables, one at a time: their leads or, of a saved card, their columns. Questions are the first tab. */
export class TablesSection {
  readonly #session: Session;
  readonly #view: Context["view"];
  readonly #ask: { node: HTMLElement; foot: HTMLElement };
  readonly #columns = sortableTable();
  readonly #place = el("div", "place");
  /** The agent's text. Without a table, it is all there is, and stands here. */
  readonly text = el("div", "text");
  readonly #panel = el("div", "panel");
  readonly #tabs = new Tabs("Tables", this.#panel, (id) => {
    this.#chosen = id;
    this.refresh();
  });
  readonly #tools = el("div", "tools row", this.#tabs.node);
  readonly node = el("section", "tables", this.#tools, this.#panel);
  readonly #count = el("span", "mute cut", { role: "status" });
  readonly #all = button("", () => this.#expand(), "link");
  /** What the foot has of the leads: download, and all of them. */
  readonly foot = el("span", "ways row", this.#all, this.#count);
  /** The tab that the user, or a new question, has chosen. */
  #chosen: string | null = null;
  /** Whether the questions are in front. */
  isAsking = false;
  #asked = "";
  /** Whether leads were there: from then on, the body has its height. */
  #hadLeads = false;
  #leads: LeadGrid | null = null;
  #foot: Foot | null = null;
  #isLoading = false;
  /** Whether a cell that has failed is to be shown once the leads are there. */
  #seeksFailed = false;
  /** Shown instead of the leads until their code is loaded. */
  #instead: string = say.LEADS_LOADING;
  #late: ReturnType<typeof setTimeout> | undefined;
  #prose: unknown;

  /** @param ask - The form of the agent's questions, and what sends the answers. */
  constructor({ session, view }: Context, ask: { node: HTMLElement; foot: HTMLElement }) {
    [this.#session, this.#view, this.#ask] = [session, view, ask];
  }

  refresh(): void {
    const [ask, { nodes }] = [this.#view("ask"), this.#view("prose")];
    const asked = ask ? `${ask.run_id} ${JSON.stringify(ask.questions)}` : "";
    // A question comes to the front, unless the user types or has ticked leads.
    const field = (this.node.getRootNode() as ShadowRoot).activeElement?.matches("input");
    const isBusy = field || this.#leads?.ticked.length;
    if (asked && asked !== this.#asked && !isBusy) this.#chosen = ASK;
    if (!asked && this.#chosen === ASK) this.#chosen = null;
    this.#asked = asked;
    if (!same(this.#prose, nodes)) fill(this.text, ...prose(nodes));
    this.#prose = nodes;
    const table = this.#current();
    const isAsking = !!ask && (this.#chosen === ASK || !table);
    const hasCount = !!table?.leads && table.leads !== "0";
    // Before the first leads, nothing is drawn that isn't there.
    this.#hadLeads = hasCount || (this.#hadLeads && !!table);
    const isShown = !!table && (this.#hadLeads || this.#view("head").done);
    this.#readLeads(isAsking ? undefined : table);
    this.#drawTabs(table, isAsking);
    this.#drawPanel(table, isAsking, isShown);
    this.#drawFoot(table, isShown && !isAsking);
    this.isAsking = isAsking;
    show(this.#ask.foot, isAsking);
  }

  close(): void {
    clearTimeout(this.#late);
    this.#leads?.close();
  }

  /** Shows the cells that failed, one after the other. */
  readonly showFailed = (): void => {
    if (!this.#view("tables").leads || this.#session.presence === "gone") return;
    if (this.#chosen === ASK) this.#chosen = null;
    this.#seeksFailed = true;
    this.refresh();
  };

  #current(): TableView | undefined {
    const { items, main } = this.#view("tables");
    const tableOf = (id: string | null) => items.find((table) => table.id === id);
    return tableOf(this.#chosen) ?? tableOf(main) ?? items[0];
  }

  /** Shows all leads in the same place, in a higher body. */
  #expand(): void {
    this.#panel.classList.toggle("high");
    this.refresh();
  }

  /** Only visible leads are requested. Loaded leads stay while the card is off the screen. */
  #readLeads(table: TableView | undefined): void {
    // A request to a stopped kernel is repeated with the next one.
    const canRead = this.#session.reads;
    if (!canRead) this.#isLoading = false;
    const visible = this.#view("tables").leads && this.#session.visible ? table : undefined;
    if (visible && !this.#leads && canRead) void this.#load();
    if (!this.#leads) return;
    this.#leads.showTable(visible?.id ?? "");
    this.#leads.isGrowing = !this.#view("head").done && this.#session.follows();
    this.#leads.refresh();
    if (this.#seeksFailed) this.#leads.showFailed();
    this.#seeksFailed = false;
  }

  /** The menu of the columns of leads, while there is one. */
  readonly columnsMenu = (): ColumnsMenu | undefined =>
    this.#leads?.columnsMenu.press.hidden ? undefined : this.#leads?.columnsMenu;

  /** The code that draws leads is as large as the rest, so it is loaded when leads are shown for the first time. */
  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#instead = say.LEADS_LOADING;
    clearTimeout(this.#late);
    // The kernel has the code ready: if it doesn't answer, a cell keeps it busy.
    this.#late = setTimeout(() => {
      this.#instead = say.LEADS_LATE;
      this.refresh();
    }, ANSWER_MS);
    try {
      const { Foot, LeadGrid } = await loadLeadsCode(this.#session);
      const leads = new LeadGrid(this.#session, () => this.refresh());
      this.#leads = leads;
      this.#foot = new Foot(this.#session, leads);
      this.foot.prepend(this.#foot.node);
      this.#tools.append(leads.toolbar.node, leads.columnsMenu.press, leads.columnsMenu.panel);
      this.#tabs.beside = leads.toolbar;
      this.#place.append(leads.node);
    } catch {
      this.#instead = say.LEADS_FORBIDDEN;
    }
    clearTimeout(this.#late);
    this.refresh();
  }

  #drawTabs(table: TableView | undefined, isAsking: boolean): void {
    const [{ items }, ask] = [this.#view("tables"), this.#view("ask")];
    const question = ask ? [{ id: ASK, label: say.ASK_TAB, count: `${ask.questions.length}` }] : [];
    const tabs = items.map(({ id, name, leads }) => ({ id, label: name, count: leads }));
    this.#tabs.update([...question, ...tabs], isAsking ? ASK : (table?.id ?? ""));
    // One question, or one table that isn't there yet, needs no tabs.
    show(this.#tools, items.length > 0 && (this.#hadLeads || this.#view("head").done));
  }

  #drawPanel(table: TableView | undefined, isAsking: boolean, isShown: boolean): void {
    const { leads } = this.#view("tables");
    const canShow =
      leads && (this.#session.reads ? this.#instead !== say.LEADS_FORBIDDEN : !!this.#leads?.rows.count);
    const hasLeads = canShow && !!this.#leads;
    const hasColumns = !canShow && !!table?.columns.rows.length;
    if (table) this.#columns.update(table.columns);
    show(this.#place, isShown && hasLeads && !isAsking);
    if (this.#leads) {
      show(this.#leads.toolbar.node, hasLeads && !isAsking && this.#leads.toolbar.isOffered);
      if (isAsking || !hasLeads) show(this.#leads.columnsMenu.press, false);
      else this.#leads.columnsMenu.update();
      this.#leads.columnsMenu.costs = costsOf(table);
    }
    const none = this.#session.reads ? this.#instead : say.LEADS_NOT_SAVED;
    const instead =
      table && isShown && !hasLeads && !isAsking ? (leads ? none : table.columns_note || "") : "";
    const isAnswer = !table && this.#view("prose").nodes.length > 0;
    const columns = isShown && hasColumns && !isAsking ? this.#columns.node : "";
    const empty = instead && html`<p class="empty mute">${instead}</p>`;
    render(
      [isAnswer ? this.text : "", isAsking ? this.#ask.node : "", this.#place, columns, empty],
      this.#panel,
    );
    show(this.node, isShown || isAsking || isAnswer);
    this.#panel.classList.toggle("framed", isShown && !isAsking && !hasColumns && canShow);
  }

  #drawFoot(table: TableView | undefined, isShown: boolean): void {
    const rows = this.#leads?.rows;
    const isThere = isShown && !!rows?.all.length && rows.heads.length > 0;
    const filters = this.#leads?.requests.which.filters ?? [];
    const read = rows && rows.total !== null && !rows.more ? rows.all.length : (rows?.total ?? "");
    // While nothing is hidden, the same number as in the tab, which may be newer than what was read.
    const all = rows?.hidden === 0 && !filters.length && table?.leads ? table.leads : read;
    setText(this.#all, this.#panel.matches(".high") ? say.SHOW_LESS : filled(say.SHOW_ALL, all).trim());
    this.#foot?.update();
    showText(this.#count, isThere && filters.length ? rows.count : "");
    this.#count.title = this.#count.textContent;
    show(this.foot, isThere);
  }
}

/** What each column of a table cost, by its name. */
function costsOf(table: TableView | undefined): Map<string, string> {
  const at = table?.columns.heads.indexOf("Credits") ?? -1;
  return new Map(at < 0 ? [] : table?.columns.rows.map((row) => [row[0] ?? "", row[at] ?? ""]));
}
