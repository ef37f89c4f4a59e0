// @vitest-environment node
/**
 * Imports go down only: the floors of the front end, as tests/test_architecture.py has those of the package. biome.json
 * forbids circles, also those of types, and long functions.
 */

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import * as contract from "../src/contract";
import * as own from "../src/words";

const SRC = join(import.meta.dirname, "../src");

/** The files of a floor that are not in a folder of its name. */
const FILES: Record<string, string[]> = {
  ground: [
    "contract",
    "dom",
    "format",
    "keys",
    "page_settings",
    "page_state",
    "prose",
    "sorting",
    "templates",
    "words",
  ],
  kernel: ["freshness", "lifecycle", "model", "session", "snapshot"],
  controls: ["buttons", "menu", "notice", "notify", "tabs"],
  card: ["card"],
  saved: ["saved"],
  page: ["web_page"],
};
/** The floors below each floor, as far as it may know them. */
const BELOW: Record<string, string[]> = {
  ground: [],
  kernel: ["ground"],
  controls: ["ground", "kernel"],
  leads: ["ground", "kernel", "controls"],
  board: ["ground", "kernel", "controls"],
  sections: ["ground", "kernel", "controls", "leads"],
  card: ["ground", "kernel", "controls", "sections"],
  saved: ["ground", "kernel", "leads", "board", "card"],
  labextension: ["ground", "kernel", "saved"],
  page: ["ground"],
};

/** Every module, with its text. */
const MODULES = new Map(
  readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .map((path) => [path.slice(0, -3), readFileSync(join(SRC, path), "utf8")]),
);

function floorOf(name: string): string {
  const [folder = ""] = name.split("/", 1);
  return folder in BELOW && folder !== name
    ? folder
    : (Object.entries(FILES).find(([, files]) => files.includes(name))?.[0] ?? "");
}

function importsOf(name: string): string[] {
  const found = (MODULES.get(name) ?? "").matchAll(/\b(?:from |import |import\()"(\.[^"]+)"/g);
  const paths = [...found].map(([, path]) => normalize(join(dirname(name), path as string)));
  return paths.filter((path) => !path.endsWith(".css"));
}

describe("the floors of the front end", () => {
  it.each([...MODULES.keys()])("%s imports from its own floor and from those below", (name) => {
    const floor = floorOf(name);
    const imports = importsOf(name);
    expect(BELOW).toHaveProperty(floor);
    expect(imports.filter((each) => !MODULES.has(each))).toEqual([]);
    const reachable = [floor, ...(BELOW[floor] ?? [])];
    expect(imports.filter((each) => !reachable.includes(floorOf(each)))).toEqual([]);
  });

  it("finds imports", () => {
    expect(importsOf("sections/tables")).toEqual(expect.arrayContaining(["session", "leads/code"]));
  });

  it("has no two files of one name", () => {
    const names = [...MODULES.keys()].map((name) => basename(name)).filter((name) => name !== "index");
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it("says each word once", () => {
    const words = Object.values({ ...contract, ...own }).filter((value) => typeof value === "string");
    // A word that is also the name of a phase in the code.
    const literals = words
      .filter((each) => each !== contract.CELL_HAS_FAILED && each !== contract.CELL_WAS_STOPPED)
      .map((each) => JSON.stringify(each));
    const others = [...MODULES].filter(([name]) => name !== "contract" && name !== "words");
    expect(
      others.flatMap(([name, text]) =>
        literals.filter((each) => text.includes(each)).map((each) => [name, each]),
      ),
    ).toEqual([]);
  });
});
