/** The views that all renderers are tested and pictured with, from tests/fixtures. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../../tests/fixtures");
const pathOf = (path) => join(FOLDER, path);
const read = (path) => JSON.parse(readFileSync(pathOf(path), "utf8"));
const DEFAULTS = read("defaults.json");

/** A value of a class of the contract, with what its file leaves out. */
function whole(value, of) {
  if (!of || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => whole(each, of));
  const made = { ...value };
  for (const [name, { empty, of: inner }] of Object.entries(DEFAULTS[of])) {
    if (!(name in made) && empty !== undefined) made[name] = structuredClone(empty);
    if (name in made) made[name] = whole(made[name], inner);
  }
  return made;
}

/** The names of the views or boards. */
export const namesIn = (folder) =>
  readdirSync(pathOf(folder))
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -5));

/** A view or a board by its name. */
export const readView = (name) => whole(read(`views/${name}.json`), "View");
export const readBoard = (name) => whole(read(`boards/${name}.json`), "BoardView");
