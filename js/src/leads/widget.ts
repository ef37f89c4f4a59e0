import { button, copyLine } from "../buttons";
import type { ClockView, LeadGridHead } from "../contract";
import { el, setText, showText, uid, words } from "../dom";
import { filled } from "../format";
import { guardKeys } from "../keys";
import { Lifecycle } from "../lifecycle";
import type { Model } from "../model";
import { Session } from "../session";
import { type Tabs, tabs } from "../tabs";
import { LEADS_FAILED, LEADS_FAILED_ONE } from "../words";
import { Foot } from "./foot";
import { LeadGrid } from "./lead_grid";
import { Ticks } from "./ticks";
import style from "./widget.css";

/** A grid of leads in a cell of its own, with tabs for its tables and a line below. */
class LeadGridWidget {
  readonly #model: Model;
  readonly #session: Session;
  readonly #lifecycle: Lifecycle;
  readonly #unguard: () => void;
  readonly #title = words("prompt");
  /** What is said without a kernel, and the line that shows the same leads again. */
  readonly #gone = el("span", "mute");
  readonly #again = copyLine("", "the line that shows these leads again");
  readonly #leads: LeadGrid;
  readonly #count = el("span", "mute");
  readonly #foot: Foot;
  /** Leads to the cells that failed. */
  readonly #failed = button("", () => this.#leads.showFailed(), "link t-bad");
  readonly #panel: HTMLElement;
  readonly #tabs: Tabs;
  #head: LeadGridHead;
  #table = "";

  constructor(model: Model, host: HTMLElement) {
    this.#model = model;
    this.#session = new Session(model, host, () => this.#lifecycle.refresh());
    this.#head = model.get("head") as LeadGridHead;
    const ticks = new Ticks((ids, on) => this.#session.select(ids, on));
    this.#leads = new LeadGrid(this.#session, () => this.#draw(), this.#head, ticks);
    this.#foot = new Foot(this.#session, this.#leads);
    this.#panel = el("div", "panel framed high", this.#leads.node);
    this.#panel.id = uid();
    this.#panel.role = "tabpanel";
    this.#tabs = tabs("Tables", this.#panel.id, (id) => {
      this.#table = id;
      this.#draw();
    });
    const root = this.#layOut();
    this.#leads.expand(true);
    this.#lifecycle = new Lifecycle(
      root,
      this.#session,
      () => this.#draw(),
      () => true,
    );
    for (const trait of ["head", "clock"]) model.on(`change:${trait}`, this.#changed);
    this.#unguard = guardKeys(root, () => {});
    this.#draw();
    this.#lifecycle.start(host, style);
  }

  close(): void {
    this.#lifecycle.stop();
    this.#leads.close();
    this.#unguard();
    this.#foot.close();
    this.#again.close?.();
    for (const trait of ["head", "clock"]) this.#model.off(`change:${trait}`, this.#changed);
  }

  #layOut(): HTMLElement {
    const { tools, columnsMenu } = this.#leads;
    const header = el("header", "head", this.#title);
    const line = el(
      "div",
      "tools",
      this.#tabs.node,
      el("span", "gap"),
      tools,
      columnsMenu.press,
      columnsMenu.panel,
    );
    const foot = el(
      "footer",
      "foot",
      this.#foot.node,
      this.#count,
      this.#gone,
      this.#again.node,
      el("span", "gap"),
      this.#failed,
    );
    const parts = [header, line, this.#panel, foot];
    const root = el("section", "origami-card", ...parts);
    root.dir = "ltr";
    root.tabIndex = -1;
    root.ariaLabel = "Origami leads";
    return root;
  }

  readonly #changed = (): void => {
    this.#head = this.#model.get("head") as LeadGridHead;
    this.#session.kernelSpoke(this.#model.get("clock") as ClockView | null);
    this.#draw();
  };

  #draw(): void {
    const head = this.#head;
    const current = head.tabs.find(({ id }) => id === this.#table) ?? head.tabs[0];
    this.#table = current?.id ?? "";
    setText(this.#title, head.title);
    this.#tabs.update(
      head.tabs.map(({ id, name, leads }) => ({ id, label: name, count: leads })),
      this.#table,
    );
    this.#panel.setAttribute("aria-labelledby", this.#tabs.idOf(this.#table));
    const isGone = this.#session.presence === "gone";
    showText(this.#count, this.#leads.rows.count);
    this.#foot.update();
    const failed = isGone ? 0 : this.#leads.failed;
    showText(this.#failed, failed ? filled(failed === 1 ? LEADS_FAILED_ONE : LEADS_FAILED, failed) : "");
    showText(this.#gone, isGone ? `Kernel stopped. ${head.gone}` : "");
    this.#again.update(isGone ? head.line : "");
    // While a run goes on, leads may still come.
    this.#leads.isGrowing = this.#session.follows() && this.#session.clock?.connection !== "ended";
    if (!isGone) this.#leads.showTable(this.#session.visible ? this.#table : "");
    this.#leads.refresh();
  }
}

/** Draws a view of a grid of leads and returns its clean-up. */
export function mount(model: Model, host: HTMLElement): () => void {
  const widget = new LeadGridWidget(model, host);
  return () => widget.close();
}
