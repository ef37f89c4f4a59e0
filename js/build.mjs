/**
 * Bundles the front end into the package: one bounded script for each widget, and one style sheet for the page. Then bundles
 * the page of leads that `export` writes, and, of the same sources, JupyterLab's extension into `build/stage`.
 */

import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A script travels with every instance of its widget. */
const LIMIT = 56 * 1024;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here("../origami_widgets/card/static");
const common = { bundle: true, minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };
const styles = { ...common, target: ["chrome123", "firefox120", "safari17.5"] };

/** Lets a script import a style sheet as text: it goes into the shadow root of its widget. */
const sheets = {
  name: "sheets",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { outputFiles } = await build({ ...styles, entryPoints: [path], write: false });
      return { contents: outputFiles[0].text.trimEnd(), loader: "text" };
    }),
};

mkdirSync(target, { recursive: true });
await build({ ...styles, entryPoints: [here("src/page.css")], outfile: `${target}/page.css` });
for (const [name, script] of Object.entries({
  card: "src/card.ts",
  board: "src/board/board.ts",
  leads: "src/leads/code.ts",
  grid: "src/leads/widget.ts",
})) {
  const outfile = `${target}/${name}.js`;
  await build({
    ...common,
    entryPoints: [here(script)],
    outfile,
    format: "esm",
    target: "es2022",
    plugins: [sheets],
  });
  const { size } = statSync(outfile);
  console.log(`${name}.js ${(size / 1024).toFixed(1)} of ${LIMIT / 1024} KiB`);
  if (size > LIMIT) {
    console.error(`The front end of the ${name} is ${size - LIMIT} bytes too large.`);
    process.exit(1);
  }
}

// A plain script, and no module: the page stands in one file, which opens from a disk. Its style sheet stands in it, too.
await build({
  ...common,
  entryPoints: [here("src/web_page.ts")],
  outfile: `${target}/web_page.js`,
  format: "iife",
  target: "es2022",
});
await build({ ...styles, entryPoints: [here("src/web_page.css")], outfile: `${target}/web_page.css` });

// The command `jupyter-builder` makes JupyterLab's extension of this: a module that gets JupyterLab's own packages from the page.
await build({
  ...common,
  entryPoints: [here("src/labextension/plugin.ts")],
  outfile: here("build/stage/plugin.js"),
  format: "esm",
  target: "es2022",
  external: ["@jupyterlab/*", "@lumino/*"],
  plugins: [sheets],
});
