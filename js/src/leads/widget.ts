import { copyLine } from "../buttons";
import { LEADS_SELECTED, type LeadGridHead } from "../contract";
import { el, setText, showText, uid, words } from "../dom";
import { filled } from "../format";
import { guardKeys } from "../keys";
import { Lifecycle } from "../lifecycle";
import { noKernelNotice } from "../no_kernel_notice";
import { type Model, Session } from "../session";
import { tabs } from "../tabs";
import { leadGrid } from "./lead_grid";
import type { Ticks } from "./lines";
import style from "./widget.css";

/** Draws a view of a grid of leads and returns its clean-up. */
export function mount(model: Model, host: HTMLElement): () => void {
  const session = new Session(model, host, () => lifecycle.refresh());
  const ticked = new Set<string>((model.get("selected") as string[] | null) ?? []);
  const title = words("prompt");
  const count = el("span", "mute");
  const chosen = el("span", "mute");
  chosen.role = "status";
  const copy = copyLine("Copy as DataFrame", "the line that reads these leads");
  const gone = noKernelNotice("these leads");
  let head = model.get("head") as LeadGridHead;
  let table = "";
  const tell = (): void => showText(chosen, ticked.size ? filled(LEADS_SELECTED, ticked.size) : "");
  const ticks: Ticks = {
    has: (id) => ticked.has(id),
    set(id, on) {
      if (on) ticked.add(id);
      else ticked.delete(id);
      session.select([id], on);
      tell();
    },
  };
  const leads = leadGrid(session, () => draw(), ticks, head.include_hidden);
  const panel = el("div", "panel high", leads.node);
  panel.id = uid();
  panel.role = "tabpanel";
  const list = tabs("Tables", panel.id, (id) => {
    table = id;
    draw();
  });
  const root = el(
    "section",
    "origami-card",
    el("header", "head", title),
    el("div", "tabs", list.node),
    gone.node,
    panel,
    el("div", "strip", count, chosen, el("span", "gap"), copy.node),
  );
  root.dir = "ltr";
  root.tabIndex = -1;
  root.ariaLabel = "Origami leads";
  leads.expand(true);

  const draw = (): void => {
    const known = head.tabs.some(({ id }) => id === table);
    if (!known) table = head.tabs[0]?.id ?? "";
    setText(title, head.title);
    list.update(
      head.tabs.map(({ id, name, leads }) => ({ id, label: name, count: leads })),
      table,
    );
    panel.setAttribute("aria-labelledby", list.idOf(table));
    copy.update(head.tabs.find(({ id }) => id === table)?.line ?? "");
    showText(count, leads.count());
    const isGone = session.presence === "gone";
    gone.update(isGone ? head : null);
    if (!isGone) leads.look(session.visible ? table : "");
    leads.refresh();
  };
  const lifecycle = new Lifecycle(root, session, draw, () => true);
  const changed = (): void => {
    head = model.get("head") as LeadGridHead;
    session.kernelSpoke(model.get("clock") as never);
    draw();
  };
  model.on("change:head", changed);
  model.on("change:clock", changed);
  const unguard = guardKeys(root, () => {});
  tell();
  draw();
  lifecycle.start(host, style);
  return () => {
    lifecycle.stop();
    leads.close();
    unguard();
    copy.close?.();
    gone.close?.();
    model.off("change:head", changed);
    model.off("change:clock", changed);
  };
}
