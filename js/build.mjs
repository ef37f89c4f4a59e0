/** Bundles the front end into the package: for each widget one script and one style sheet, both bounded. */

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Both files of a widget travel with every instance of it. */
const LIMIT = 30 * 1024;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here("../origami_widgets/card/static");

mkdirSync(target, { recursive: true });
/**
 * Names of our own objects only: none of the wire, of what copies of the script share on a page, or of the DOM, whose
 * methods of these names (`after`, `before`) are therefore out of reach. The minifier may shorten them, which is a
 * thirtieth of the bundle.
 */
const OURS =
  "node|update|refresh|close|presence|heard|session|spec|said|view|offset|hello|asOf|doubt|tick|word|enter|warn|before|elapsed|after|age|rate|each|verdict|failed|running|follows|begin|ended";
const common = { bundle: true, minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };

/** The widgets; each is one script and one style sheet, whatever they share. */
const WIDGETS = {
  card: ["src/index.ts", "src/card.css"],
  board: ["src/board/index.ts", "src/board/board.css"],
};

for (const [name, [script, style]] of Object.entries(WIDGETS)) {
  await build({
    ...common,
    entryPoints: [here(script)],
    outfile: `${target}/${name}.js`,
    format: "esm",
    target: "es2022",
    mangleProps: new RegExp(`^(${OURS})$`),
  });
  const sheet = `${target}/${name}.css`;
  await build({
    ...common,
    entryPoints: [here(style)],
    outfile: sheet,
    target: ["chrome123", "firefox120", "safari17.5"],
  });
  // Minifiers keep the values of custom properties as they are, spaces and all; in ours they mean nothing.
  writeFileSync(
    sheet,
    readFileSync(sheet, "utf8").replace(/--[\w-]+: [^;}]+/g, (rule) => rule.replace(/([:,]) /g, "$1")),
  );

  const sizes = [`${name}.js`, `${name}.css`].map((file) => statSync(`${target}/${file}`).size);
  const total = sizes[0] + sizes[1];
  console.log(
    `${name}.js ${sizes[0]} B, ${name}.css ${sizes[1]} B, together ${(total / 1024).toFixed(1)} of 30 KiB`,
  );
  if (total > LIMIT) {
    console.error(`The front end of the ${name} is ${total - LIMIT} bytes too large.`);
    process.exit(1);
  }
}
