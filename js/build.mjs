/**
 * Bundles the front end into the package: one bounded script for each widget, and one style sheet for the page. Then builds,
 * of the same sources, JupyterLab's extension into `build/labextension` and the documentation's script into `build/site`.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
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
  card: "src/index.ts",
  board: "src/board/index.ts",
  leads: "src/leads/code.ts",
  grid: "src/leads/index.ts",
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

// A plain script, and no module: the documentation's pages also open from a disk.
await build({
  ...common,
  entryPoints: [here("src/recorded.ts")],
  outfile: here("build/site/recorded.js"),
  format: "iife",
  target: "es2022",
  plugins: [sheets],
});

// JupyterLab's builder takes a package of JavaScript; it makes a module of it that gets JupyterLab's own packages from the page.
const sources = here("src/labextension");
const stage = here("build/stage");
rmSync(stage, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: [`${sources}/plugin.ts`],
  outfile: `${stage}/plugin.js`,
  format: "esm",
  target: "es2022",
  external: ["@jupyterlab/*", "@lumino/*"],
  plugins: [sheets],
});
cpSync(`${sources}/schema`, `${stage}/schema`, { recursive: true });
const [, version] = /__version__ = "(.+)"/.exec(readFileSync(here("../origami_widgets/_version.py"), "utf8"));
const about = JSON.parse(readFileSync(`${sources}/package.json`, "utf8"));
writeFileSync(`${stage}/package.json`, JSON.stringify({ ...about, version }));
const locate = createRequire(import.meta.url).resolve;
const builder = locate("@jupyter/builder/lib/build-labextension.js");
const core = locate("@jupyterlab/core-meta/core.package.json");
const built = spawnSync(process.execPath, [builder, "--core-package-file", core, stage], {
  encoding: "utf8",
});
if (built.status !== 0) {
  console.error(`${built.stdout}${built.stderr}`);
  process.exit(1);
}
cpSync(`${sources}/install.json`, here("build/labextension/install.json"));
