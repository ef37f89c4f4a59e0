/**
 * Hostile text in every string of a view, as it would lie in a saved state that was tampered with: Python, which
 * cleans all text, is left out here. It stays text, and nothing on the page is anything that the card did not make.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { View } from "../src/contract";
import { draw } from "./draw";
import { sample } from "./samples";

type Pieces = string | [text: string, times: number][];

const FILE = join(import.meta.dirname, "../../tests/fixtures/hostile.json");
/** More than this of one text is what Python cuts; the page would only be slow. */
const LONGEST = 600;
/** Those of many marks are for Python, which reads Markdown; the page reads none. */
const CORPUS = Object.entries(JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Pieces>)
  .filter(([name]) => !name.startsWith("many "))
  .map(([name, pieces]) => [name, expanded(pieces).slice(0, LONGEST)] as const);
/** Every section, also notices with a link, and prose with lists, code and links. */
const EVERYTHING: View = {
  ...sample("conversation"),
  notices: sample("stopped").notices,
  prose: sample("answered").prose,
};
/** Questions, in the place of leads. */
const ASKED = sample("needs_input");

function expanded(pieces: Pieces): string {
  if (typeof pieces === "string") return pieces;
  return pieces.map(([text, times]) => text.repeat(Math.min(times, LONGEST))).join("");
}

/** Words that stand for a layout, and not for something to read. */
const KINDS = new Set([..."t tone part connection cancel command of state kind status form".split(" ")]);

function filled<T>(value: T, text: () => string, everything: boolean, key = ""): T {
  if (typeof value === "string") return (everything || !KINDS.has(key) ? text() : value) as T;
  if (Array.isArray(value)) return value.map((each) => filled(each, text, everything, key)) as T;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, filled(part, text, everything, name)]),
  ) as T;
}

/** What the card is made of. Everything else came from outside. */
const ELEMENTS = new Set(
  `a article b bdi blockquote br button code details div em fieldset footer h4 header hr i input label legend li ol p pre section
   small span strong summary table tbody td th thead tr ul`.split(/\s+/),
);
const ATTRIBUTES = new Set(
  "class dir disabled hidden href id name open placeholder popover rel role scope style tabindex target title type".split(
    " ",
  ),
);
const STYLES = new Set(["width", "inline-size", "flex-grow", "left", "max-height", "top"]);

function foreign(host: HTMLElement): string[] {
  const found: string[] = [];
  for (const node of host.querySelectorAll<HTMLElement>("*")) {
    const tag = node.tagName.toLowerCase();
    if (!ELEMENTS.has(tag)) found.push(tag);
    for (const { name, value } of node.attributes) {
      if (!ATTRIBUTES.has(name) && !name.startsWith("aria-")) found.push(`${tag}[${name}]`);
      if (name === "href" && !/^(https:\/\/[^@/\\]*(\/|$|\?)|mailto:)/.test(value))
        found.push(`${tag} to ${value}`);
      if (name === "style")
        for (const rule of value.split(";").filter((each) => each.trim()))
          if (!STYLES.has(rule.split(":")[0]?.trim() ?? "")) found.push(`${tag} with ${rule}`);
    }
  }
  return found;
}

/** Opens all that is folded, the menu and every tab, one after the other; calls back after each. */
function unfold(host: HTMLElement, each: () => void): void {
  for (const details of host.querySelectorAll("details")) {
    details.open = true;
    details.dispatchEvent(new Event("toggle"));
  }
  host.querySelector<HTMLElement>("button[aria-controls].quiet")?.click();
  each();
  for (const tab of host.querySelectorAll<HTMLElement>("button.tab")) {
    tab.click();
    each();
  }
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
  // happy-dom has weak references to nodes, and what they refer to stays as long as no other task begins.
  await new Promise(setImmediate);
});

test.each(CORPUS)("%s is only text", (_, text) => {
  for (const view of [EVERYTHING, ASKED]) {
    const { one, close } = draw(filled(view, () => text, false));
    const card = one(".origami-card");
    unfold(card, () => expect(foreign(card)).toEqual([]));
    expect(console.error).not.toHaveBeenCalled();
    if (text.trim()) expect(card.textContent).toContain(text);
    close();
  }
});

/** One after the other, and each time another one first. */
test.each([...Array(16).keys()])(
  "texts in the place of every word of the contract open nothing: %i",
  (first) => {
    let place = 7 * first;
    const { one } = draw(filled(EVERYTHING, () => CORPUS[place++ % CORPUS.length]?.[1] ?? "", true));
    const card = one(".origami-card");
    unfold(card, () => expect(foreign(card)).toEqual([]));
  },
);

test("nothing was written onto the prototype of all objects", () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
});
