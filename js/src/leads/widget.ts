import type { ClockView, LeadGridHead } from "../contract";
import { el, setText, uid, words } from "../dom";
import { guardKeys } from "../keys";
import { Lifecycle } from "../lifecycle";
import type { Model } from "../model";
import { noKernelNotice } from "../notice";
import { Session } from "../session";
import { type Tabs, tabs } from "../tabs";
import { Foot } from "./foot";
import { LeadGrid } from "./lead_grid";
import type { Ticks } from "./lines";
import style from "./widget.css";

/** A grid of leads in a cell of its own, with tabs for its tables and a line below. */
class LeadGridWidget {
  readonly #model: Model;
  readonly #session: Session;
  readonly #lifecycle: Lifecycle;
  readonly #unguard: () => void;
  readonly #ticked: Set<string>;
  readonly #title = words("prompt");
  readonly #noKernel = noKernelNotice("these leads");
  readonly #leads: LeadGrid;
  readonly #foot: Foot;
  readonly #panel: HTMLElement;
  readonly #tabs: Tabs;
  #head: LeadGridHead;
  #table = "";

  constructor(model: Model, host: HTMLElement) {
    this.#model = model;
    this.#session = new Session(model, host, () => this.#lifecycle.refresh());
    this.#ticked = new Set((model.get("selected") as string[] | null) ?? []);
    this.#head = model.get("head") as LeadGridHead;
    this.#leads = new LeadGrid(this.#session, () => this.#draw(), this.#ticks(), this.#head);
    this.#foot = new Foot(this.#session, this.#leads);
    this.#panel = el("div", "panel high", this.#leads.node);
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
    this.#noKernel.close?.();
    for (const trait of ["head", "clock"]) this.#model.off(`change:${trait}`, this.#changed);
  }

  #layOut(): HTMLElement {
    const header = el("header", "head", this.#title);
    const list = el("div", "tabs", this.#tabs.node);
    const parts = [header, list, this.#noKernel.node, this.#panel, this.#foot.node];
    const root = el("section", "origami-card", ...parts);
    root.dir = "ltr";
    root.tabIndex = -1;
    root.ariaLabel = "Origami leads";
    return root;
  }

  #ticks(): Ticks {
    return {
      has: (id) => this.#ticked.has(id),
      set: (ids, on) => {
        for (const id of ids)
          if (on) this.#ticked.add(id);
          else this.#ticked.delete(id);
        this.#session.select(ids, on);
        this.#drawFoot();
      },
    };
  }

  readonly #changed = (): void => {
    this.#head = this.#model.get("head") as LeadGridHead;
    this.#session.kernelSpoke(this.#model.get("clock") as ClockView | null);
    this.#draw();
  };

  #drawFoot(): void {
    const line = this.#head.tabs.find(({ id }) => id === this.#table)?.line ?? "";
    this.#foot.update(this.#head, line, this.#session.presence === "gone");
  }

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
    this.#drawFoot();
    const isGone = this.#session.presence === "gone";
    this.#noKernel.update(isGone ? head : null);
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
