/**
 * Writes `js/build/preview.html`: every view of tests/fixtures/views in the built card, without a kernel.
 *
 * Open it with ?theme=dark, ?width=320, ?only=running,filling, ?state=gone|busy|old, ?rtl=1.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), "utf8");
const folder = "../../tests/fixtures/views";
const views = Object.fromEntries(
  readdirSync(here(folder))
    .filter((name) => name.endsWith(".json"))
    .map((name) => [name.slice(0, -5), JSON.parse(read(`${folder}/${name}`))]),
);
const static_ = "../../origami_widgets/card/static";
const data = { views, script: read(`${static_}/card.js`) };

/** Runs in the page. */
async function show({ views, script }) {
  const ask = new URLSearchParams(location.search);
  const state = ask.get("state");
  document.documentElement.style.colorScheme = ask.get("theme") ?? "light";
  if (ask.get("rtl")) document.documentElement.dir = "rtl";
  document.body.style.inlineSize = `${ask.get("width") ?? 900}px`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  window.models = {};
  for (const [name, view] of Object.entries(views)) {
    if (ask.get("only") && !ask.get("only").split(",").includes(name)) continue;
    const shift = Date.now() - view.clock.now - (state === "old" || state === "busy" ? 120_000 : 0);
    for (const part of [view.head, view.clock])
      for (const key of ["started_at", "completed_at", "now", "heard_at", "next_at"])
        if (typeof part[key] === "number") part[key] += shift;
    const callbacks = {};
    const model = {
      sent: [],
      get: (key) => {
        if (key === "tables") return { hidden: view.tables.hidden, reading: view.tables.reading };
        return key.startsWith("table_") ? (view.tables.items[Number(key.slice(6))] ?? null) : view[key];
      },
      on: (key, callback) => {
        callbacks[key] = [...(callbacks[key] ?? []), callback];
      },
      off: () => {},
      send: (message) => {
        model.sent.push(message);
        if (message.kind === "hello" && !state)
          setTimeout(() => model.message({ kind: "clock", clock: { ...view.clock, now: Date.now() } }), 20);
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
    widget.render({ model, el: host });
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
