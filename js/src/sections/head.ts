import { html, render } from "lit-html";
import { commandButtons, copyLine } from "../buttons";
import type { EarlierRun } from "../contract";
import { button, el, show } from "../dom";
import type { ColumnsMenu } from "../leads/columns";
import { menu } from "../menu";
import type { Notify } from "../notify";
import type { Context } from "../session";
import { cut, linkTo } from "../templates";
import * as say from "../words";

const earlierRun = ({ prompt, tone, status_label, outcome }: EarlierRun) => html`<li>
  <b dir="auto">${prompt}</b> <span class="state t-${tone}">${status_label}</span>
  <span class="mute" dir="auto">${outcome}</span>
</li>`;

/**
 * Status, newest brief, the earlier ones, buttons and the menu of all that is seldom needed.
 *
 * @param outcomes - The place of what comes of a click.
 * @param columnsMenu - Returns the menu of the columns of leads, while there is one. Narrow cards have it in this one.
 */
export function headSection(
  { session, view }: Context,
  notify: Notify,
  outcomes: HTMLElement,
  columnsMenu: () => ColumnsMenu | undefined,
) {
  const node = el("header", "head row");
  const briefs = menu("", "link");
  const more = menu("⋯", "quiet", () => show(columns, columnsMenu()));
  const columns = button(
    say.COLUMNS,
    () => {
      more.shut();
      columnsMenu()?.openAt(more.press);
    },
    "link columns",
  );
  more.press.ariaLabel = more.press.title = "More about this run";
  const line = copyLine("Show it elsewhere", "the line that shows this run");
  const buttons = commandButtons(el("span", "act stop"), session, () => view("head").run_id, outcomes);
  const refresh = (): void => {
    const [head, { title, runs }] = [view("head"), view("earlier")];
    const follows = session.follows();
    const known = head.done || follows;
    notify.update(!(head.done && head.settled) && follows);
    buttons.update(head.buttons);
    show(buttons.node, head.buttons.length);
    line.update(head.line);
    render([linkTo(head.link), line.node, columns, notify.node, notify.refusal], more.panel);
    render(title, briefs.press);
    render(html`<ol>${runs.map(earlierRun)}</ol>`, briefs.panel);
    // Once a run is no longer watched, its last status may be out of date.
    const status = cut("cut", known ? head.status_label : head.last_known);
    const asked = [cut("prompt cut", head.prompt), runs.length ? [briefs.press, briefs.panel] : ""];
    render(
      html`<span class="pill t-${known ? head.tone : "neutral"}"><i aria-hidden="true"></i>${status}</span>
        <div class="brief">
          <div class="asked row">${asked}${cut("origin", head.origin)}</div>
          ${cut("mute cut", head.reply)}
        </div>
        <div class="does">${buttons.node}${more.press}${more.panel}</div>`,
      node,
    );
  };
  return { node, refresh };
}
