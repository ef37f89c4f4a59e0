import type { FunnelView, TablesView, TableView } from "../contract";
import { el, fill, keyedList, linkPlace, mark, on, type Part, same, say, setText, show, words } from "../dom";
import { count, plural } from "../format";
import { bar, columnTable } from "./columns";
import type { Context } from "./section";

/** So many tables are open at first. */
const OPEN = 2;

function funnelParts({ parts, sourced_label }: FunnelView): HTMLElement[] {
  const key = parts.map(({ part, label }) => el("span", "", mark(`p-${part}`), label));
  return [
    bar(
      "funnel",
      parts.map(({ part, count }) => [part, count]),
    ),
    el("div", "key", ...key, el("span", "", sourced_label)),
  ];
}

function tablePart(open: boolean, context: Context): Part<TableView> {
  const link = linkPlace("open");
  const name = words("", "b");
  const facts = words("mute");
  const filling = words("filling");
  const funnel = el("div");
  const columns = columnTable(context);
  const details = el(
    "details",
    "",
    el("summary", "", name, " ", facts, el("span", "mute reading"), " ", filling),
    el("div", "body", funnel, columns.node),
  );
  let table: TableView | null = null;
  let built: TableView | null = null;
  // The body of a folded table isn't built until it is opened: twenty tables of forty columns are 5,000 cells.
  const build = (): void => {
    if (!table || !details.open || table === built) return;
    if (!same(table.funnel, built?.funnel)) fill(funnel, ...(table.funnel ? funnelParts(table.funnel) : []));
    columns.update(table);
    built = table;
  };
  details.open = open;
  on(details, "toggle", build);
  return {
    node: el("div", "table", link.node, details),
    update(next) {
      table = next;
      setText(name, next.name);
      setText(facts, next.facts.join(" · "));
      say(filling, next.filling);
      link.update(next.link);
      // Twenty links that all say "Open" need their table's name where they are read out of context.
      const open = link.node.firstElementChild;
      if (open) open.ariaLabel = `${next.link?.label} ${next.name}`;
      build();
    },
  };
}

/** The tables the run touched, with their economics. */
export function tablesSection(context: Context): Part<TablesView> {
  const title = el("h4");
  const list = keyedList(
    el("div", "tables"),
    (_, index) => tablePart(index < OPEN, context),
    (table: TableView) => table.id,
  );
  const unsent = el("p", "mute");
  const node = el("section", "sec", title, list.node, unsent);
  let progress: string[] = [];
  /** The kernel reads the leads: without one, there is no progress. */
  const refresh = (): void => {
    const live = context.session.presence === "live";
    node.querySelectorAll<HTMLElement>(".reading").forEach((each, index) => {
      say(each, live && progress[index] ? ` · ${progress[index]}` : "");
    });
  };
  return {
    node,
    refresh,
    update({ items, hidden, reading }) {
      const all = items.length + hidden;
      say(title, all > 1 ? `${count(all)} tables` : "");
      list.update(items);
      say(unsent, hidden ? `${plural(hidden, "more table")} not shown here` : "");
      show(node, all);
      progress = reading;
      refresh();
    },
  };
}
