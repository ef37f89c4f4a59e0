/** The heads of the columns of leads: their names sort, and a bar shows how much of each is filled. */

import { button } from "../buttons";
import { LEAD_SELECT_HEAD, type LeadHead, type LeadSort } from "../contract";
import { el, fill } from "../dom";
import { placed, type Ticks } from "./lines";

/** The place of the heads; the places of rows start at 0. */
export const HEAD = -1;

export class Heads {
  readonly node = el("div", "lrow lhead");
  readonly #ticks: Ticks | null;
  readonly #reach: (at: number, column: number) => number;
  readonly #sort: (slug: string) => void;
  #names = "";
  #cells: HTMLElement[] = [];

  /** `reach` returns the `tabIndex` of a cell; `sort` is called when the user clicks a head. */
  constructor(
    ticks: Ticks | null,
    reach: (at: number, column: number) => number,
    sort: (slug: string) => void,
  ) {
    [this.#ticks, this.#reach, this.#sort] = [ticks, reach, sort];
    this.node.role = "row";
    this.node.ariaRowIndex = "1";
    this.node.dataset.at = `${HEAD}`;
  }

  /** Returns whether there are other columns than before. */
  update(heads: readonly LeadHead[], sort: LeadSort | null): boolean {
    const names = JSON.stringify(heads.map(({ slug, name }) => [slug, name]));
    const isNew = names !== this.#names;
    if (isNew) {
      this.#names = names;
      this.#cells = heads.map((head, at) => this.#heading(head, at));
      fill(this.node, ...(this.#ticks ? [tickHead()] : []), ...this.#cells);
    }
    this.#cells.forEach((cell, at) => {
      this.#write(cell, heads[at] as LeadHead, at, sort);
    });
    return isNew;
  }

  #heading({ name, slug }: LeadHead, at: number): HTMLElement {
    const press = button(name, () => this.#sort(slug), "quiet");
    const cell = el("div", "lcell", press, el("i", "share"));
    cell.role = "columnheader";
    placed(cell, at, this.#ticks);
    return cell;
  }

  #write(cell: HTMLElement, head: LeadHead, at: number, sort: LeadSort | null): void {
    const [press, bar] = cell.children as unknown as [HTMLElement, HTMLElement];
    press.tabIndex = this.#reach(HEAD, at);
    bar.style.setProperty("--share", `${Math.round((head.share ?? 0) * 100)}%`);
    cell.title = head.details;
    cell.ariaSort = sort?.column !== head.slug ? null : sort.direction === "asc" ? "ascending" : "descending";
  }
}

function tickHead(): HTMLElement {
  const cell = el("div", "lcell ltick", el("span", "hidden", LEAD_SELECT_HEAD));
  cell.role = "columnheader";
  cell.ariaColIndex = "1";
  return cell;
}
