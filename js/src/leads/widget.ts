import style from "../base.css";
import { copyLine } from "../buttons";
import type { LeadGridHead } from "../contract";
import { el, setText, showText, words } from "../dom";
import { Lifecycle } from "../lifecycle";
import type { Model } from "../model";
import { widget } from "../snapshot";
import { Tabs } from "../tabs";
import * as say from "../words";
import { Foot } from "./foot";
import { LeadGrid } from "./lead_grid";

/** A grid of leads in a cell of its own, with tabs for its tables and a line below. */
class LeadGridWidget {
  readonly #model: Model;
  readonly #lifecycle: Lifecycle;
  readonly #title = words("prompt");
  /** What is said without a kernel, and the line that shows the same leads again. */
  readonly #gone = el("span", "mute");
  readonly #again = copyLine("", "the line that shows these leads again");
  readonly #leads: LeadGrid;
  readonly #count = el("span", "mute");
  readonly #foot: Foot;
  readonly #panel = el("div", "panel framed high");
  readonly #tabs = new Tabs("Tables", this.#panel, (id) => {
    this.#table = id;
    this.#draw();
  });
  #table = "";

  constructor(model: Model, host: HTMLElement) {
    this.#model = model;
    this.#lifecycle = new Lifecycle(model, host, "Origami leads");
    const { root, session } = this.#lifecycle;
    const ticked = (ids: string[], on: boolean): void => session.select(ids, on);
    this.#leads = new LeadGrid(session, () => this.#draw(), this.#head, ticked);
    this.#foot = new Foot(session, this.#leads);
    const { toolbar, columnsMenu, node } = this.#leads;
    const line = el("div", "tools row", this.#tabs.node, toolbar.node, columnsMenu.press, columnsMenu.panel);
    this.#tabs.beside = toolbar;
    this.#panel.append(node);
    const foot = el("footer", "foot row", this.#foot.node, this.#count, this.#gone, this.#again.node);
    root.append(el("header", "head", this.#title), line, this.#panel, foot);
    this.#lifecycle.start({
      style,
      traits: ["head", "clock"],
      draw: () => this.#draw(),
      isOpen: () => true,
    });
  }

  readonly close = (): void => {
    this.#lifecycle.stop();
    this.#leads.close();
  };

  get #head(): LeadGridHead {
    return this.#model.get("head") as LeadGridHead;
  }

  #draw(): void {
    const [head, session] = [this.#head, this.#lifecycle.session];
    const current = head.tabs.find(({ id }) => id === this.#table) ?? head.tabs[0];
    this.#table = current?.id ?? "";
    setText(this.#title, head.title);
    const tabs = head.tabs.map(({ id, name, leads }) => ({ id, label: name, count: leads }));
    this.#tabs.update(tabs, this.#table);
    const isGone = session.presence === "gone";
    showText(this.#count, this.#leads.rows.count);
    this.#foot.update();
    showText(this.#gone, isGone ? say.LEADS_GONE : "");
    this.#again.update(isGone ? head.line : "");
    // While a run goes on, leads may still come.
    this.#leads.isGrowing = session.follows() && session.clock?.connection !== "ended";
    if (!isGone) this.#leads.showTable(session.visible ? this.#table : "");
    this.#leads.refresh();
  }
}

export default widget((model, host) => new LeadGridWidget(model, host).close);
