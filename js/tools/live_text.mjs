/**
 * Prints what can be read on live cards and boards: takes views by name as JSON from stdin, and prints their words by name.
 *
 * Everything folded is unfolded first, each tab is opened, hidden nodes are left out, and what stands on a control is put
 * between ⟦ and ⟧, so that a reader can distinguish what is said from what is offered.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { Window } from "happy-dom";

/** Shown at some widths only, in place of a column that is hidden there. */
const NARROW = "small.s1, small.s2, .s1, .s2";
/** For assistive technology, and for copying. */
const UNSEEN = ".hidden";
/** Controls: their labels are no part of the text. */
const CONTROL = "button, label:has(select)";
/** Elements inside a line of the agent's text, which must not tear its words apart. */
const INLINE = ":is(.text, .now) :is(a, bdi, code, em, strong)";

/** The card and the model that the tests of the front end draw it with. */
async function card() {
  const folder = mkdtempSync(join(tmpdir(), "origami-live-"));
  try {
    const outfile = join(folder, "card.mjs");
    const contents =
      'export { default as widget } from "../src/card"; export { FakeModel } from "../tests/fake-model";' +
      'export { default as board } from "../src/board/board"; export { BoardModel } from "../tests/board-model";';
    const stdin = { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) };
    const loader = { ".css": "text" };
    await build({ stdin, outfile, bundle: true, format: "esm", logLevel: "warning", loader });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The time on the page's clock, which stands still. */
let now = 0;

/** The page that the cards are drawn on. lit-html takes it when it is loaded. */
function page() {
  const window = new Window({ url: "https://notebook.example/", width: 1280, height: 900 });
  const names = [
    "document",
    "Node",
    "Element",
    "HTMLElement",
    "HTMLTableCellElement",
    "Text",
    "IntersectionObserver",
    "MutationObserver",
    "ResizeObserver",
    "Event",
    "CustomEvent",
  ];
  for (const name of names) globalThis[name] = window[name];
  globalThis.window = window;
  globalThis.getComputedStyle = window.getComputedStyle.bind(window);
  globalThis.matchMedia = window.matchMedia.bind(window);
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length ? given : [now]));
    }
    static now() {
      return now;
    }
  };
  return window;
}
const RealDate = Date;

/** Opens what the foot and the head have no room for. */
function unfold(host) {
  for (const press of host.querySelectorAll(".news > .link, .news > .drop, .head .link")) press.click();
}

/** What stands behind the tabs: for each table its columns, and the questions. */
function panels(shown) {
  const section = shown.querySelector("section.tables");
  if (!section || skipped(section)) return "";
  const read = [];
  for (const tab of section.querySelectorAll(".tab")) {
    tab.click();
    read.push(words(section));
  }
  return read.join(" ");
}

const skipped = (node) => node.hidden || node.matches(NARROW) || node.matches(UNSEEN);

function words(node) {
  if (node.nodeType === 3) return node.textContent;
  if (node.nodeType !== 1 || skipped(node)) return "";
  const inner = [...node.childNodes].map(words).join("");
  if (node.matches(CONTROL)) return ` ⟦${inner.trim()}⟧ `;
  if (node.tagName === "INPUT") return ` ${node.placeholder} `;
  return node.matches(INLINE) ? inner : ` ${inner} `;
}

const views = JSON.parse(await text(process.stdin));
const window = page();
const { widget, FakeModel, board, BoardModel } = await card();
const printed = {};
for (const [name, view] of Object.entries(views)) {
  now = view.clock.now;
  // Where leads are not shown, the columns stand in their place, as in a copy.
  if (view.tables) view.tables.leads = false;
  const host = window.document.createElement("div");
  window.document.body.append(host);
  const [drawn, model] = view.rows ? [board, new BoardModel(view)] : [widget, new FakeModel(view)];
  const close = drawn.render({ model, el: host });
  const shown = host.querySelector(".origami-widget").shadowRoot.querySelector(".origami-card");
  unfold(shown);
  printed[name] = `${words(shown)} ${panels(shown)}`.replace(/\s+/g, " ").trim();
  close();
  host.remove();
}
await window.happyDOM.close();
console.log(JSON.stringify(printed));
