/** Bundles the front end into the package: one script and one style sheet, both bounded. */

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Both files travel with every instance of the widget. */
const LIMIT = 30 * 1024;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here("../origami_widgets/card/static");

mkdirSync(target, { recursive: true });
/**
 * Names of our own objects only: none of the wire, of the DOM, or of what copies of the script share on a page. The
 * minifier may shorten them, which is a thirtieth of the bundle.
 */
const OURS =
  "node|update|refresh|close|presence|heard|session|spec|said|view|offset|hello|asOf|doubt|tick|word|enter|warn|before|elapsed|after|age|rate|each|verdict|failed|running|follows";
const common = { bundle: true, minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };
await build({
  ...common,
  entryPoints: [here("src/index.ts")],
  outfile: `${target}/card.js`,
  format: "esm",
  target: "es2022",
  mangleProps: new RegExp(`^(${OURS})$`),
});
await build({
  ...common,
  entryPoints: [here("src/card.css")],
  outfile: `${target}/card.css`,
  target: ["chrome123", "firefox120", "safari17.5"],
});

// Minifiers keep the values of custom properties as they are, spaces and all; in ours they mean nothing.
const sheet = `${target}/card.css`;
writeFileSync(
  sheet,
  readFileSync(sheet, "utf8").replace(/--[\w-]+: [^;}]+/g, (rule) => rule.replace(/([:,]) /g, "$1")),
);

const sizes = ["card.js", "card.css"].map((name) => statSync(`${target}/${name}`).size);
const total = sizes[0] + sizes[1];
console.log(`card.js ${sizes[0]} B, card.css ${sizes[1]} B, together ${(total / 1024).toFixed(1)} of 30 KiB`);
if (total > LIMIT) {
  console.error(`The front end is ${total - LIMIT} bytes too large.`);
  process.exit(1);
}
