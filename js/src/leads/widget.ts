import { button, copyButton, copyLine } from "../buttons";
import {
  type ClockView,
  COPY,
  type DownloadAnswer,
  LEADS_DOWNLOAD,
  LEADS_SELECTED,
  type LeadGridHead,
} from "../contract";
import { el, on, selectedText, setText, show, showText, uid, words } from "../dom";
import { filled } from "../format";
import { guardKeys } from "../keys";
import { Lifecycle } from "../lifecycle";
import type { Model } from "../model";
import { noKernelNotice } from "../notice";
import { Session } from "../session";
import { type Tabs, tabs } from "../tabs";
import { LeadGrid } from "./lead_grid";
import type { Ticks } from "./lines";
import style from "./widget.css";

/** Lets the browser save a file. */
function save({ name, text }: DownloadAnswer): void {
  const link = el("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A grid of leads in a cell of its own: tabs for tables, and a line below that counts and copies. */
class LeadGridWidget {
  readonly #model: Model;
  readonly #session: Session;
  readonly #lifecycle: Lifecycle;
  readonly #unguard: () => void;
  readonly #ticked: Set<string>;
  readonly #title = words("prompt");
  readonly #count = el("span", "mute");
  readonly #selected = el("span", "mute");
  readonly #copyRows = copyButton(
    COPY,
    "the ticked leads",
    () => this.#leads.copied(),
    /Mac/.test(navigator.platform) ? "⌘C" : "Ctrl+C",
  );
  readonly #download = button(LEADS_DOWNLOAD, () => this.#session.download(save), "link");
  readonly #copy = copyLine("Copy as DataFrame", "the line that reads these leads");
  readonly #noKernel = noKernelNotice("these leads");
  readonly #leads: LeadGrid;
  readonly #panel: HTMLElement;
  readonly #tabs: Tabs;
  #head: LeadGridHead;
  #table = "";

  constructor(model: Model, host: HTMLElement) {
    this.#model = model;
    this.#session = new Session(model, host, () => this.#lifecycle.refresh());
    this.#ticked = new Set((model.get("selected") as string[] | null) ?? []);
    this.#head = model.get("head") as LeadGridHead;
    this.#leads = new LeadGrid(this.#session, () => this.#draw(), this.#ticks(), this.#head.include_hidden);
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
    on(this.#leads.node, "keydown", (event) => this.#copyByKey(event as KeyboardEvent));
    this.#draw();
    this.#lifecycle.start(host, style);
  }

  close(): void {
    this.#lifecycle.stop();
    this.#leads.close();
    this.#unguard();
    this.#copy.close?.();
    this.#copyRows.close();
    this.#noKernel.close?.();
    for (const trait of ["head", "clock"]) this.#model.off(`change:${trait}`, this.#changed);
  }

  #layOut(): HTMLElement {
    this.#selected.role = "status";
    const tools = el("span", "does", this.#copyRows.node, this.#download);
    const strip = el("div", "strip", this.#count, this.#selected, tools, el("span", "gap"), this.#copy.node);
    const header = el("header", "head", this.#title);
    const list = el("div", "tabs", this.#tabs.node);
    const root = el("section", "origami-card", header, list, this.#noKernel.node, this.#panel, strip);
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
        this.#drawTicked();
      },
    };
  }

  /** Ctrl+C (Cmd+C) in the grid copies the ticked leads. Without any, or with selected text, it is the browser's. */
  #copyByKey(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey, altKey, shiftKey, repeat, target } = event;
    const isCopy = key.toLowerCase() === "c" && ctrlKey !== metaKey && !altKey && !shiftKey;
    if (!isCopy || !(target as HTMLElement).closest("[role=grid]") || selectedText(target as Node)) return;
    if (!this.#leads.ticked.length) return;
    event.preventDefault();
    if (!repeat) void this.#copyRows.copy();
  }

  /** Draws what follows from the ticked leads of this table: all of it is about the same ones. */
  #drawTicked(): void {
    const { length } = this.#leads.ticked;
    showText(this.#selected, length ? filled(LEADS_SELECTED, length) : "");
    show(this.#copyRows.node, length);
    const { details, isReady } = this.#leads.file;
    this.#download.ariaDisabled = isReady ? null : "true";
    this.#download.title = details;
    this.#drawLine();
  }

  readonly #changed = (): void => {
    this.#head = this.#model.get("head") as LeadGridHead;
    this.#session.kernelSpoke(this.#model.get("clock") as ClockView | null);
    this.#draw();
  };

  #drawLine(): void {
    const { tabs, filters, sort } = this.#head;
    const line = this.#leads.line || (tabs.find(({ id }) => id === this.#table)?.line ?? "");
    this.#copy.update(line && this.#leads.lineWith(line, filters, sort));
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
    this.#drawTicked();
    showText(this.#count, this.#leads.count);
    const isGone = this.#session.presence === "gone";
    show(this.#download, !isGone);
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
