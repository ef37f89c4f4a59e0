/** Bundles the front end into the package: one script and one style sheet, both bounded. */

import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Both files travel with every instance of the widget. */
const LIMIT = 30 * 1024;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here("../origami_widgets/card/static");

mkdirSync(target, { recursive: true });
const common = { bundle: true, minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };
await build({
  ...common,
  entryPoints: [here("src/index.ts")],
  outfile: `${target}/card.js`,
  format: "esm",
  target: "es2022",
});
await build({
  ...common,
  entryPoints: [here("src/card.css")],
  outfile: `${target}/card.css`,
  target: ["chrome123", "firefox120", "safari17.5"],
});

const sizes = ["card.js", "card.css"].map((name) => statSync(`${target}/${name}`).size);
const total = sizes[0] + sizes[1];
console.log(`card.js ${sizes[0]} B, card.css ${sizes[1]} B, together ${(total / 1024).toFixed(1)} of 30 KiB`);
if (total > LIMIT) {
  console.error(`The front end is ${total - LIMIT} bytes too large.`);
  process.exit(1);
}
