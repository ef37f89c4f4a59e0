/**
 * Writes `js/build/preview.html`: every view of tests/fixtures/views and boards in the built card and board, without a
 * kernel. The leads are made up.
 *
 * Open it with ?theme=dark, ?width=320, ?only=running,board_batch, ?state=gone|busy|old, ?rtl=1, ?tab=Columns.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { namesIn, readBoard, readView } from "./fixtures.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), "utf8");
const views = Object.fromEntries([
  ...namesIn("views").map((name) => [name, readView(name)]),
  ...namesIn("boards").map((name) => [`board_${name}`, readBoard(name)]),
]);
const script = (name) => read(`../../origami_widgets/card/static/${name}.js`);
const data = { views, card: script("card"), board: script("board"), leads: script("leads") };

/** Runs in the page. */
async function show({ views, card, board, leads }) {
  const ask = new URLSearchParams(location.search);
  const state = ask.get("state");
  document.documentElement.style.colorScheme = ask.get("theme") ?? "light";
  if (ask.get("rtl")) document.documentElement.dir = "rtl";
  document.body.style.inlineSize = `${ask.get("width") ?? 900}px`;
  const load = async (text) =>
    (await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))).default;
  const widgets = { card: await load(card), board: await load(board) };
  window.models = {};

  /** The traits of a view. */
  const trait = (view, key) =>
    key === "rows" && view.rows
      ? { items: view.rows, moments: view.moments, buttons: view.row_buttons }
      : view[key];
  const heads = ["Company", "Website", "Contact e-mail", "Phone", "Fit"].map((name, at) => ({
    slug: `c${at}`,
    name,
    kind: at ? "enrichment" : "input",
    role: ["name", "website", "email", "phone", "score"][at],
    failed: 0,
    missing: "no result",
    share: [1, 1, 0.53, 0.2, 0.4][at],
    details: `${name}: found`,
    filling: at > 2,
    filters: !at,
  }));
  const lead = (at) => [
    `lead${at}`,
    [
      `Bakery number ${at + 1}`,
      `bakery${at + 1}.example`,
      at % 4 === 3
        ? ""
        : { text: `hello@bakery${at + 1}.example`, confidence: at % 2 ? "medium" : "high", parts: [] },
      at % 3 ? null : `+351 22 555 0${100 + at}`,
      at % 3 === 1 ? null : `${60 + at}`,
    ],
  ];
  const answers = {
    hello: (_, { clock }) => !state && { kind: "clock", clock: { ...clock, now: Date.now() } },
    code: () => ({ kind: "code", code: leads }),
    leads: (asked) =>
      asked.table && {
        kind: "leads",
        grid: asked.grid,
        query: asked.query,
        table: asked.table,
        start: 0,
        rows: Array.from({ length: 15 }, (_, at) => lead(at)),
        changes: [],
        read: 15,
        marks: {},
        hidden: 0,
        judged: true,
        runs: {},
        line: "",
        final: true,
        heads,
        total: 15,
        more: false,
        count: "15 leads",
        note: "",
      },
  };

  for (const [name, view] of Object.entries(views)) {
    if (ask.get("only") && !ask.get("only").split(",").includes(name)) continue;
    const shift = Date.now() - view.clock.now - (state === "old" || state === "busy" ? 120_000 : 0);
    for (const part of [view.head, view.clock, ...(view.rows ?? [])])
      for (const key of ["started_at", "completed_at", "now", "heard_at", "next_at"])
        if (typeof part[key] === "number") part[key] += shift;
    for (const moments of view.moments ?? [])
      for (const at of [0, 1]) if (moments[at] !== null) moments[at] += shift;
    const callbacks = {};
    const model = {
      sent: [],
      get: (key) => trait(view, key),
      on: (key, callback) => {
        callbacks[key] = [...(callbacks[key] ?? []), callback];
      },
      off: () => {},
      send: (message) => {
        model.sent.push(message);
        const answer = answers[message.kind]?.(message, view);
        if (answer) setTimeout(() => model.message(answer), 20);
      },
      message: (message) => {
        for (const callback of callbacks["msg:custom"] ?? []) callback(message, []);
      },
      set: (part) => {
        Object.assign(view, part);
        for (const key of Object.keys(part))
          for (const callback of callbacks[`change:${key}`] ?? []) callback();
      },
    };
    window.models[name] = model;
    const label = document.createElement("p");
    label.textContent = name;
    const host = document.createElement("div");
    if (state === "gone") host.className = "jupyter-widgets-disconnected";
    host.id = name;
    document.body.append(label, host);
    widgets[view.rows ? "board" : "card"].render({ model, el: host });
    const tabs = host.querySelector(".origami-widget").shadowRoot.querySelectorAll("[role=tab]");
    for (const tab of tabs) if (tab.textContent === ask.get("tab")) tab.click();
  }
  document.body.dataset.ready = "1";
}

mkdirSync(here("../build"), { recursive: true });
const json = JSON.stringify(data).replaceAll("<", "\\u003c");
const page = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Cards</title>
<style>body{margin:20px;background:light-dark(#fff,#111)}body>p{margin:20px 0 4px;font:11px monospace;color:#888}</style>
<body><script type="module">${show}\nshow(${json});</script>
`;
writeFileSync(here("../build/preview.html"), page);
console.log("Wrote js/build/preview.html.");
