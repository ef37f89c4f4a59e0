import { button, turnOff } from "../buttons";
import {
  ACTIVITY,
  type ColumnsAnswer,
  FUNNEL_PARTS,
  LEADS,
  LEADS_FORBIDDEN,
  LEADS_LATE,
  LEADS_LOADING,
  type Remark,
  type TableView,
  type View,
} from "../contract";
import { el, keyedList, linkPlace, type Part, same, setText, show, showText, uid } from "../dom";
import type { LeadGrid } from "../leads/lead_grid";
import { loadLeadsCode } from "../leads/load";
import { ANSWER_MS } from "../session";
import { tabs } from "../tabs";
import { activityPart } from "./activity";
import type { Context } from "./context";
import { funnelBar } from "./result";
import { sortableTable } from "./sortable_table";

type Panel = "leads" | "columns" | "activity";

const PANELS: readonly { id: Panel; label: string }[] = [
  { id: "leads", label: LEADS },
  { id: "columns", label: "Columns" },
  { id: "activity", label: ACTIVITY },
];

/** The parts of the card's body. */
export type Body = Pick<View, "tables" | "activity" | "head" | "result" | "prose" | "ask">;

function remark(): Part<Remark> {
  const node = el("span");
  return {
    node,
    update({ text, tone, details }) {
      setText(node, text);
      node.title = details;
      node.className = tone === "bad" ? "t-bad" : "";
    },
  };
}

/** The tables, one at a time, in a body whose height never changes. It is there before the first table. */
export function tablesSection({ session }: Context): Part<Body> {
  const columns = sortableTable();
  const activity = activityPart();
  const empty = el("p", "empty mute");
  const place = el("div", "place");
  const panel = el("div", "panel", place, columns.node, activity.node, empty);
  panel.id = uid();
  panel.role = "tabpanel";
  panel.tabIndex = 0;
  const note = el("span");
  const all = button("Show all", () => (shown === "leads" ? expand(!expanded) : fetch()), "link");
  const link = linkPlace("open");
  const funnel = funnelBar();
  const funnelWords = el("span", "tip");
  funnelWords.ariaHidden = "true";
  const reading = el("span", "reading");
  const remarks = keyedList(el("span", "remarks"), remark, ({ tone }: Remark) => tone);
  const strip = el(
    "div",
    "strip",
    note,
    all,
    link.node,
    el("span", "ways", funnel.node, funnelWords, reading, remarks.node),
  );
  const unsent = el("p", "strip");

  let body: Body | null = null;
  let chosen: string | null = null;
  let wanted: Panel | null = null;
  let shown: Panel = "activity";
  let expanded = false;
  let leads: LeadGrid | null = null;
  let isLoading = false;
  /** Shown instead of the leads until their code is loaded. */
  let instead: string = LEADS_LOADING;
  let late: ReturnType<typeof setTimeout> | undefined;
  /** All columns of a table, once requested by "Show all". */
  const answers = new Map<string, ColumnsAnswer>();

  const tables = tabs("Tables", panel.id, (id) => {
    chosen = id;
    draw();
  });
  const panels = tabs("Views", panel.id, (id) => {
    wanted = id as Panel;
    draw();
  });
  const row = el("div", "tabs", tables.node, el("span", "gap"), panels.node);
  const node = el("section", "tables", row, el("div", "body", panel), strip, unsent);

  const current = (): TableView | undefined => {
    const items = body?.tables.items ?? [];
    const of = (table: string | null | undefined): TableView | undefined =>
      items.find(({ id }) => id === table);
    return of(chosen) ?? of(body?.tables.main) ?? items[0];
  };
  const fetch = (): void => {
    const table = current();
    if (!table) return;
    session.columns(table.id, (answer) => {
      answers.set(table.id, answer);
      draw();
    });
  };
  /** The code that draws leads is as large as the rest, so it is loaded when leads are shown for the first time. */
  const load = async (): Promise<void> => {
    if (isLoading) return;
    isLoading = true;
    instead = LEADS_LOADING;
    clearTimeout(late);
    // The kernel has the code ready: if it doesn't answer, a cell keeps it busy.
    late = setTimeout(() => {
      instead = LEADS_LATE;
      draw();
    }, ANSWER_MS);
    try {
      const { LeadGrid } = await loadLeadsCode(session);
      leads = new LeadGrid(session, draw);
      leads.expand(expanded);
      place.append(leads.node);
    } catch {
      instead = LEADS_FORBIDDEN;
    }
    clearTimeout(late);
    draw();
  };
  /** Shows all leads in the same place, in a higher body. */
  const expand = (on: boolean): void => {
    expanded = on;
    panel.classList.toggle("high", on);
    leads?.expand(on);
    draw();
  };
  const draw = (): void => {
    if (!body) return;
    const { items, hidden, reading: readings, leads: may, no_leads } = body.tables;
    const table = current();
    const changes = body.activity.groups.length > 0;
    const ended = body.head.done && !table;
    shown =
      (wanted === "leads" && !may ? null : wanted) ?? (table ? (may ? "leads" : "columns") : "activity");
    const gone = session.presence === "gone";
    // A request to a stopped kernel is repeated with the next one.
    if (gone) isLoading = false;
    // Only visible leads are requested. Loaded leads stay while the card is off the screen.
    const looks = shown === "leads" && table && session.visible;
    if (looks && !leads && !gone) load();
    leads?.showTable(looks ? table.id : "");
    leads?.refresh();
    tables.update(
      items.map(({ id, name, leads }) => ({ id, label: name, count: leads })),
      table?.id ?? "",
    );
    panels.update(may ? PANELS : PANELS.slice(1), shown);
    const answer = table && answers.get(table.id);
    if (table) columns.update(answer?.columns ?? table.columns);
    activity.update(body.activity);
    const noLeads = shown === "leads" && (!table || (gone ? !leads?.count : instead === LEADS_FORBIDDEN));
    const isEmpty =
      shown === "activity" ? !changes : shown === "leads" ? noLeads || !leads : !table?.columns.rows.length;
    show(place, shown === "leads" && !isEmpty);
    show(columns.node, shown === "columns" && !isEmpty);
    show(activity.node, shown === "activity" && !isEmpty);
    const unread = gone ? no_leads : instead;
    const none = shown === "leads" ? unread : shown === "columns" ? table?.columns_note : "No changes yet.";
    showText(empty, isEmpty ? (table && none) || body.result.note || (ended ? "No tables." : "") : "");
    panel.setAttribute(
      "aria-labelledby",
      shown === "activity" || !table ? panels.idOf(shown) : tables.idOf(table.id),
    );
    const read =
      shown === "leads"
        ? leads?.count
        : shown === "columns"
          ? answer
            ? ""
            : table?.columns_note
          : table?.facts;
    showText(note, read ?? "");
    // The line is cut where it is too long.
    note.title = [...new Set([read, table?.facts])].filter(Boolean).join(" · ");
    show(all, table && (shown === "leads" ? !noLeads : shown === "columns" && table.hidden > 0 && !answer));
    setText(all, shown === "leads" && expanded ? "Show less" : "Show all");
    link.update(table?.link ?? null);
    link.node.title = table?.link?.label ?? "";
    const open = link.node.firstElementChild;
    if (open) open.ariaLabel = `${table?.link?.label} ${table?.name}`;
    remarks.update(table?.remarks ?? []);
    // The main table's funnel is the run's, which is already shown above.
    const words = table?.id === body.tables.main ? "" : (table?.funnel ?? "");
    const parts = FUNNEL_PARTS.map((part, at) => ({ part, count: table?.ways[at] ?? 0, label: "" }));
    funnel.update(words ? { words, parts: parts.filter(({ count }) => count) } : null);
    show(funnel.node, words);
    showText(funnelWords, words);
    showText(unsent, hidden);
    // The kernel reads the leads, so without one, no progress is shown.
    const at = table ? items.indexOf(table) : -1;
    showText(reading, session.presence === "live" ? (readings[at] ?? "") : "");
    reading.title = reading.textContent ?? "";
    turnOff(all, gone && shown === "columns", gone);
    // The place is reserved while a table may still come. Then the answer and the questions take it, if there are any.
    show(tables.node, !ended);
    show(strip, !ended);
    show(node, !ended || changes || !(body.prose.nodes.length || body.ask));
  };
  return {
    node,
    refresh: draw,
    close() {
      clearTimeout(late);
      leads?.close();
    },
    update(next) {
      const before = body?.tables.items;
      body = next;
      // When the table has changed, its columns are requested again.
      for (const [id] of answers) {
        const [old, now] = [before, next.tables.items].map((items) =>
          items?.find((table) => table.id === id),
        );
        if (!same(old, now) && session.presence !== "gone")
          session.columns(id, (answer) => {
            answers.set(id, answer);
            draw();
          });
      }
      draw();
    },
  };
}
