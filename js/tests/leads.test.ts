import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  CellChange,
  LeadCell,
  LeadHead,
  LeadRow,
  LeadsAnswer,
  LeadsMessage,
  View,
} from "../src/contract";
import { ANSWER_MS } from "../src/session";
import { LEADS_NOT_SAVED } from "../src/words";
import { active, type Drawn, draw, isOff, press, scrollIntoView, shown, visible } from "./draw";
import { answerTo, leadHead } from "./lead-answers";
import { sample } from "./samples";

const TABLE = sample("completed").tables.items[0]?.id ?? "";

const head = (name: string, change: Partial<LeadHead> = {}): LeadHead =>
  leadHead(name, { kind: "enrichment", share: 0.5, details: "found for 5 of 10 leads", ...change });
const HEADS = [head("Company", { kind: "input", filters: true, share: 1 }), head("Email"), head("Fit")];

const rowOf = (at: number, email: LeadCell = `mail${at}@bakery.example`, fit: LeadCell = "fits"): LeadRow => [
  `lead-${at}`,
  [`Bakery ${at}`, email, fit],
];
const rowsFrom = (start: number, count: number): LeadRow[] =>
  Array.from({ length: count }, (_, at) => rowOf(start + at));

beforeEach(() => {
  vi.useFakeTimers();
  // The module's own text is loaded from the source instead of from the built bundle.
  vi.spyOn(URL, "createObjectURL").mockReturnValue(join(import.meta.dirname, "../src/leads/code.ts"));
  vi.spyOn(URL, "revokeObjectURL").mockReturnValue();
});

afterEach(() => {
  scrollIntoView(true);
});

const sent = (card: Drawn, kind: string): Record<string, unknown>[] =>
  card.model.sent.filter((message) => message.kind === kind);
const looks = (card: Drawn): LeadsMessage[] => sent(card, "leads") as unknown as LeadsMessage[];
const last = (card: Drawn): LeadsMessage => looks(card).at(-1) as LeadsMessage;

/** The kernel sends the code that draws leads. */
async function sendCode(card: Drawn): Promise<void> {
  card.model.emit("msg:custom", { kind: "code", code: "export {}" }, []);
  for (let i = 0; i < 5; i++) await vi.dynamicImportSettled();
}

/** The kernel's answer to the newest look, unless `change` says otherwise. */
function send(card: Drawn, change: Partial<LeadsAnswer> = {}): void {
  card.model.emit("msg:custom", answerTo(last(card), { heads: HEADS, ...change }), []);
}

/** A card that shows its leads, with the first answer. */
async function drawLeads(
  change: Partial<LeadsAnswer> = { rows: rowsFrom(0, 3) },
  view: (view: View) => void = () => {},
): Promise<Drawn> {
  const card = draw("completed", view);
  await sendCode(card);
  send(card, change);
  return card;
}

const showAll = (card: Drawn): void =>
  card
    .all("button")
    .find((each) => shown(each).startsWith("Show all"))
    ?.click();

const lines = (card: Drawn): HTMLElement[] => card.all(".lines > .lrow");
const cells = (card: Drawn, row = 0): HTMLElement[] => [
  ...(lines(card)[row] as HTMLElement).querySelectorAll<HTMLElement>("[role=gridcell]:not(.ltick)"),
];
const texts = (card: Drawn): string[] => lines(card).map((_, at) => shown(cells(card, at)[0] as HTMLElement));
function scrollTo(card: Drawn, line: number): void {
  const scroll = card.one(".leads");
  scroll.scrollTop = 29 * line;
  scroll.dispatchEvent(new Event("scroll"));
  // Waits for the frame; the lines are put in order only when scrolling rests.
  vi.advanceTimersByTime(20);
}
const at = (): string[] => {
  const cell = active().closest<HTMLElement>("[data-place]");
  return [cell?.parentElement?.dataset.at ?? "", cell?.dataset.place ?? ""];
};

describe("the code that draws leads", () => {
  it("is asked for once, when leads are shown for the first time", async () => {
    const card = draw("running");
    expect(sent(card, "code")).toEqual([]);
    card.model.set({ tables: sample("completed").tables });
    expect(sent(card, "code")).toHaveLength(1);
    expect(looks(card)).toEqual([]);
    await sendCode(card);
    expect(card.all(".leads")).toHaveLength(1);
    expect(looks(card)).toHaveLength(1);
    await sendCode(card);
    expect(card.all(".leads")).toHaveLength(1);
  });

  it("is not asked for off the screen, or while a question is in front", async () => {
    scrollIntoView(false);
    const card = draw("completed");
    expect(sent(card, "code")).toEqual([]);
    scrollIntoView(true);
    expect(sent(card, "code")).toHaveLength(1);
    expect(sent(draw("asks_beside"), "code")).toEqual([]);
  });

  it("is not asked for without a kernel; the card says where leads are", () => {
    for (const state of ["comm_live", "failing"] as const) {
      const model = draw("running").model;
      if (state === "failing") model.failing = true;
      else model.stop();
      const card = draw(model);
      card.model.set({ tables: sample("completed").tables });
      card.model.set({
        tables: {
          ...sample("completed").tables,
          items: sample("completed").tables.items.map((each) => ({
            ...each,
            columns: { heads: [], form: "", rows: [], keys: [] },
          })),
        },
      });
      expect(sent(card, "code")).toEqual([]);
      expect(sent(card, "leads")).toEqual([]);
      expect(card.one(".panel .empty").textContent).toBe(LEADS_NOT_SAVED);
    }
  });

  it("is asked for again from a kernel that came after one that stopped", () => {
    const card = draw("completed");
    card.model.stop();
    card.model.comm_live = true;
    card.model.emit("msg:custom", { kind: "clock", clock: sample("completed").clock }, []);
    expect(sent(card, "code")).toHaveLength(2);
  });

  it("is said to load, then to wait for a busy kernel", async () => {
    const card = draw("completed");
    const empty = card.one(".panel .empty");
    expect(empty.textContent).toBe("Loading leads…");
    vi.advanceTimersByTime(ANSWER_MS);
    expect(empty.textContent).toMatch(/^Kernel busy/);
    await sendCode(card);
    expect(empty.isConnected).toBe(false);
    expect(card.all(".leads")).toHaveLength(1);
  });

  it("may be forbidden by the page; the card names the line instead", async () => {
    vi.mocked(URL.createObjectURL).mockReturnValue(join(import.meta.dirname, "missing.ts"));
    const card = draw("completed");
    await sendCode(card);
    const empty = card.one(".panel .empty");
    await vi.waitFor(() => expect(empty.textContent).toContain("ow.leads(run)"));
    expect(sent(card, "leads")).toEqual([]);
    expect(visible(card.one(".ways"), card.host)).toBe(false);
  });
});

describe("what is asked for", () => {
  it("is the first page of the table that is shown, while it is seen", async () => {
    const card = await drawLeads();
    expect(looks(card)).toHaveLength(1);
    expect(last(card)).toMatchObject({
      table: TABLE,
      query: 1,
      first: 0,
      size: 200,
      sort: null,
      filters: [],
    });
    scrollIntoView(false);
    expect(last(card).table).toBe("");
    const before = looks(card).length;
    vi.advanceTimersByTime(60_000);
    expect(looks(card)).toHaveLength(before);
    // What was read stays while the card is off the screen.
    expect(texts(card)).toEqual(["Bakery 0", "Bakery 1", "Bakery 2"]);
    scrollIntoView(true);
    expect(last(card)).toMatchObject({ table: TABLE, query: 1 });
    expect(texts(card)).toEqual(["Bakery 0", "Bakery 1", "Bakery 2"]);
  });

  it("is said again from time to time, not at every tick", async () => {
    const card = draw("filling");
    await sendCode(card);
    send(card, { rows: rowsFrom(0, 3) });
    vi.advanceTimersByTime(20_000);
    expect(looks(card)).toHaveLength(1);
    card.model.emit("msg:custom", { kind: "clock", clock: sample("filling").clock }, []);
    vi.advanceTimersByTime(15_000);
    expect(looks(card)).toHaveLength(2);
  });

  it("is more when the rows are scrolled, and never what is there", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 200), more: true, total: 1000 });
    const before = looks(card).length;
    scrollTo(card, 198);
    expect(looks(card).length).toBe(before + 1);
    expect(last(card).last).toBeGreaterThan(200);
    send(card, { start: 200, rows: rowsFrom(200, 50), more: true, total: 1000 });
    expect(texts(card)).toContain("Bakery 202");
  });
});

describe("the window of rows", () => {
  it("draws those that are seen and some more, in a space for all", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 5000), total: 5000, count: "5,000 leads" });
    expect(lines(card).length).toBeLessThan(30);
    expect(texts(card)[0]).toBe("Bakery 0");
    expect(card.one(".lspace").style.height).toBe(`${5000 * 29}px`);
    scrollTo(card, 2000);
    expect(lines(card).length).toBeLessThan(40);
    expect(texts(card)).toContain("Bakery 2000");
    expect(lines(card).map(({ ariaRowIndex }) => ariaRowIndex)).toContain("2002");
    expect(card.one(".leads").ariaRowCount).toBe("5001");
    // As in the tab: nothing is hidden.
    const count = sample("completed").tables.items[0]?.leads;
    expect(card.button(`Show all ${count}`).isConnected).toBe(true);
  });

  it("keeps its lines in reading order, also around the focused one", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 200), total: 200 });
    scrollTo(card, 50);
    cells(card, 8)[0]?.focus();
    const focused = active();
    for (const line of [53, 49, 52]) {
      scrollTo(card, line);
      vi.advanceTimersByTime(500);
      const at = lines(card).map(({ dataset }) => Number(dataset.at));
      expect(at).toEqual(at.map((_, place) => (at[0] as number) + place));
      expect(active()).toBe(focused);
    }
    // Out of sight, its line shows another lead, which does not get the focus.
    scrollTo(card, 100);
    expect(lines(card).some((line) => line.contains(active()))).toBe(false);
  });

  it("has the roles of a grid", async () => {
    const card = await drawLeads();
    const grid = card.one(".leads");
    expect([grid.role, grid.ariaColCount, grid.ariaLabel]).toEqual(["grid", "4", "Leads"]);
    // The check boxes come first.
    expect(card.all(".lhead > *").map(({ role }) => role)).toEqual(Array(4).fill("columnheader"));
    expect(cells(card).map(({ ariaColIndex }) => ariaColIndex)).toEqual(["2", "3", "4"]);
    expect(card.all(".lrow [tabindex='0']")).toHaveLength(1);
  });

  it("says how much of a column was found", async () => {
    const card = await drawLeads();
    const [, , email] = card.all(".lhead > *");
    expect(email?.title).toBe("found for 5 of 10 leads");
    const [, share] = card.all(".share");
    expect(share?.style.getPropertyValue("--share")).toBe("50%");
  });
});

describe("a cell", () => {
  it("is one of three: a value, not found, or not run yet", async () => {
    const card = await drawLeads({
      heads: [HEADS[0] as LeadHead, head("Email", { filling: true }), head("Fit")],
      rows: [rowOf(0, "a@b.example", "")],
    });
    expect(cells(card).map(shown)).toEqual(["Bakery 0", "a@b.example", "not found"]);
    send(card, {
      heads: [HEADS[0] as LeadHead, head("Email", { filling: true }), head("Fit")],
      rows: [rowOf(0, null, null)],
    });
    const [, waits, blank] = cells(card);
    expect(waits?.querySelector(".shimmer")).not.toBeNull();
    expect(waits?.ariaLabel).toBe("not run yet");
    // Nothing fills it any more: it says why it is empty.
    expect([blank?.querySelector(".shimmer"), shown(blank as HTMLElement)]).toEqual([null, "not run"]);
    // A follow-up begins: what is known of it stays, until its column fills.
    send(card, { rows: null, changes: [], read: 1, heads: null, final: false });
    expect([shown(blank as HTMLElement), blank?.ariaLabel]).toEqual(["not run", null]);
    const fills = [HEADS[0] as LeadHead, head("Email"), head("Fit", { filling: true })];
    send(card, { rows: null, changes: [], read: 1, heads: fills, final: false });
    expect([shown(blank as HTMLElement), blank?.ariaLabel]).toEqual(["", "not run yet"]);
    const failed = [HEADS[0] as LeadHead, head("Email"), head("Fit", { failed: 1, missing: "failed" })];
    send(card, { rows: null, changes: [], read: 1, heads: failed, final: false });
    expect([shown(blank as HTMLElement), blank?.ariaLabel]).toEqual(["failed", null]);
  });

  it("that was left empty by a person is not called not found", async () => {
    const card = await drawLeads({ rows: [["lead-0", ["", "x", "y"]]] });
    expect(shown(cells(card)[0] as HTMLElement)).toBe("");
  });

  it("that has changed lights up, and no other", async () => {
    const card = await drawLeads();
    expect(card.all(".lit")).toEqual([]);
    const same = rowsFrom(0, 3).map(([id]): LeadRow => [id, null]);
    const changes: CellChange[] = [[1, 1, "new@bakery.example"]];
    send(card, { rows: same, changes });
    expect(card.all(".lit").map(shown)).toEqual(["new@bakery.example"]);
    expect(texts(card)).toEqual(["Bakery 0", "Bakery 1", "Bakery 2"]);
    vi.advanceTimersByTime(3000);
    send(card, { rows: same });
    expect(card.all(".lit")).toEqual([]);
    expect(shown(cells(card, 1)[1] as HTMLElement)).toBe("new@bakery.example");
  });

  it("of a lead that is new lights up with its row", async () => {
    const card = await drawLeads();
    send(card, { rows: [...rowsFrom(0, 3).map(([id]): LeadRow => [id, null]), rowOf(3)] });
    expect(card.all(".lit").map((row) => row.ariaRowIndex)).toEqual(["5"]);
  });

  it("of a lead on a page that is read for the first time does not", async () => {
    const card = await drawLeads();
    send(card, { start: 3, read: 4, rows: [rowOf(3)] });
    expect(texts(card)).toContain("Bakery 3");
    expect(card.all(".lit")).toEqual([]);
  });

  it("leaves hostile text as text", async () => {
    const script = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    const parts: [string, string, string][] = [
      [script, script, ""],
      ["source", script, "javascript:alert(1)"],
    ];
    const card = await drawLeads({
      heads: [head(script), head(script)],
      rows: [["lead-0", [script, { text: script, href: "", confidence: script, parts }]]],
      count: script,
      note: script,
    });
    cells(card)[1]?.click();
    expect(card.all("img, script, iframe, a[href^=javascript]")).toEqual([]);
    expect(shown(cells(card)[0] as HTMLElement)).toBe(script);
    expect(shown(card.one(".parts"))).toContain(script);
  });
});

describe("an old answer", () => {
  it("is ignored: of another question, table or grid", async () => {
    const card = await drawLeads();
    card.button("Email").click();
    send(card, { query: last(card).query - 1, rows: [rowOf(7)] });
    expect(texts(card)).not.toContain("Bakery 7");
    send(card, { table: "another", rows: [rowOf(7)] });
    send(card, { grid: "another", rows: [rowOf(7)] });
    expect(texts(card)).not.toContain("Bakery 7");
    send(card, { rows: [rowOf(8)] });
    expect(texts(card)).toEqual(["Bakery 8"]);
  });
});

describe("rows that came or went above others", () => {
  const kept = (from: number, count: number): LeadRow[] =>
    rowsFrom(from, count).map(([id]): LeadRow => [id, null]);

  it("leave each lead once at its new place, and send no known cell", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3), read: 3, more: true });
    send(card, { start: 3, rows: rowsFrom(3, 2), read: 5 });
    expect(texts(card)).toEqual([0, 1, 2, 3, 4].map((at) => `Bakery ${at}`));
    // One is added in front: the third leaves the first page, and stands on the second when that has come.
    send(card, { rows: [rowOf(9), ...kept(0, 2)], read: 5 });
    expect(texts(card)).toEqual(["Bakery 9", "Bakery 0", "Bakery 1", "Bakery 3", "Bakery 4"]);
    send(card, { start: 3, rows: [...kept(2, 3)], read: 6 });
    expect(texts(card)).toEqual(["Bakery 9", ...[0, 1, 2, 3, 4].map((at) => `Bakery ${at}`)]);
  });

  it("leave a place that waits where a lead has gone to another page", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3), read: 3, more: true });
    send(card, { start: 3, rows: rowsFrom(3, 3), read: 6 });
    send(card, { start: 3, rows: kept(2, 3), read: 6 });
    expect(texts(card)).toEqual(["Bakery 0", "Bakery 1", "", "Bakery 2", "Bakery 3", "Bakery 4"]);
    expect(cells(card, 2)[0]?.ariaLabel).toBe("loading");
  });

  it("are never shown under the heads of other columns", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3) });
    send(card, { start: 3, rows: rowsFrom(3, 2), read: 5, heads: null });
    const [company, email, fit] = HEADS as [LeadHead, LeadHead, LeadHead];
    const values = { company: "Bakery", city: "Porto", email: "a@b.example", fit: "fits" };
    for (const heads of [
      [company, fit, email],
      [company, head("City"), email, fit],
    ]) {
      const slugs = heads.map(({ slug }) => slug as keyof typeof values);
      const rows = (start: number, count: number): LeadRow[] =>
        rowsFrom(start, count).map(([id]) => [id, slugs.map((slug) => values[slug])]);
      const seen = () => lines(card).map((_, line) => cells(card, line).map(shown));
      // The heads come with the first page, and the second page after it.
      send(card, { rows: rows(0, 3), read: 5, heads });
      expect(seen().slice(0, 3)).toEqual(rows(0, 3).map(([, row]) => row));
      expect(seen().slice(3).flat().join("")).toBe("");
      expect(card.all(".lit")).toEqual([]);
      send(card, { start: 3, rows: rows(3, 2), read: 5, heads: null });
      expect(seen()).toEqual(rows(0, 5).map(([, row]) => row));
    }
  });

  it("are gone when less was read", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3), read: 3 });
    send(card, { rows: kept(1, 2), read: 2 });
    expect(texts(card)).toEqual(["Bakery 1", "Bakery 2"]);
  });

  it("do not take the focus to another lead", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3) });
    cells(card, 1)[1]?.focus();
    send(card, { rows: [rowOf(8), rowOf(9), ...kept(0, 3)] });
    expect(at()).toEqual(["3", "1"]);
    expect(shown(active())).toBe("mail1@bakery.example");
  });
});

describe("a kernel that a cell keeps busy", () => {
  const choose = (card: Drawn): void => (card.all("[role=tab]")[1] as HTMLElement).click();

  it("is named when it reads no question; a slow server is not", async () => {
    for (const isBusy of [true, false]) {
      const card = draw("running_many");
      await sendCode(card);
      send(card, { rows: rowsFrom(0, 3) });
      vi.advanceTimersByTime(10);
      choose(card);
      if (!isBusy) card.model.emit("msg:custom", { kind: "clock", clock: sample("running_many").clock }, []);
      vi.advanceTimersByTime(ANSWER_MS - 100);
      expect(shown(card.one(".lbox .empty"))).toBe("Loading leads…");
      vi.advanceTimersByTime(200);
      const words = isBusy ? "Kernel busy. Leads load when the cell ends." : "Loading leads…";
      expect(shown(card.one(".lbox .empty"))).toBe(words);
      send(card, { rows: rowsFrom(0, 3) });
      expect(texts(card)).toHaveLength(3);
      card.close();
    }
  });

  it("leaves the leads as they are, and says so", async () => {
    const card = await drawLeads();
    vi.advanceTimersByTime(10);
    card.button("Email").click();
    vi.advanceTimersByTime(ANSWER_MS + 100);
    expect(texts(card)).toHaveLength(3);
    expect(shown(card.one(".lnote"))).toContain("Kernel busy");
    send(card, { rows: rowsFrom(0, 3) });
    expect(card.one(".lnote").hidden).toBe(true);
  });
});

describe("sorting", () => {
  it("leaves the rows until the answer has come", async () => {
    const card = await drawLeads();
    card.button("Email").click();
    expect(texts(card)).toHaveLength(3);
    send(card, { rows: [rowOf(2)] });
    expect(texts(card)).toEqual(["Bakery 2"]);
  });
});

describe("all leads", () => {
  const expand = async (change?: Partial<LeadsAnswer>): Promise<Drawn> => {
    const card = await drawLeads(change);
    showAll(card);
    send(card, change ?? { rows: rowsFrom(0, 3) });
    return card;
  };
  const field = (card: Drawn, label: string): HTMLInputElement =>
    card
      .all<HTMLInputElement>(".ltools input")
      .find(({ ariaLabel }) => ariaLabel === label) as HTMLInputElement;
  const type = (card: Drawn, text: string): void => {
    const search = field(card, "Search loaded leads");
    search.value = text;
    search.dispatchEvent(new Event("input", { bubbles: true }));
  };

  it("open in place, and close", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3) });
    showAll(card);
    expect(card.one(".panel").className).toBe("panel framed high");
    card.button("Show less").click();
    expect(card.one(".panel").className).toBe("panel framed");
  });

  it("are searched from fifty on", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3), total: 3 });
    const search = field(card, "Search loaded leads");
    expect(visible(search, card.host)).toBe(false);
    send(card, { rows: rowsFrom(0, 50), total: 50 });
    expect(visible(search, card.host)).toBe(true);
  });

  it("are handed over where they are ticked among the first or all", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 3) });
    const boxes = () => card.all<HTMLInputElement>(".lines input").filter((box) => visible(box, card.host));
    const offered = () =>
      card
        .all<HTMLButtonElement>(".foot .does > button, .foot .does > span > button")
        .filter((each) => visible(each, card.host));
    const item = (label: string) =>
      card.all(".item").find((each) => shown(each).startsWith(label)) as HTMLElement;
    const names = () => offered().map(({ textContent }) => textContent);
    expect([boxes().length, names()]).toEqual([3, ["Download"]]);
    expect(card.one(".leads").ariaMultiSelectable).toBe("true");
    boxes()[0]?.click();
    boxes()[2]?.click();
    expect(shown(card.one(".foot"))).toContain("2 ticked");
    expect(names()).toEqual(["Download", "Copy"]);
    const copied = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    card.button("Copy").click();
    const names_of = () => copied.mock.lastCall?.[0].split("\n").map((line) => line.split("\t")[0]);
    expect(names_of()).toEqual(["Company", "Bakery 0", "Bakery 2"]);
    item("CSV").click();
    const wanted = {
      table: TABLE,
      ids: ["lead-0", "lead-2"],
      columns: ["company", "email", "fit"],
      format: "csv",
    };
    expect(sent(card, "download")).toMatchObject([wanted]);
    // They stay ticked among all leads.
    showAll(card);
    send(card, { rows: rowsFrom(0, 3) });
    expect(names()).toEqual(["Download", "Copy"]);
    expect(
      card.all(".ticked").map((row) => shown(row.querySelectorAll<HTMLElement>(".lcell")[1] as HTMLElement)),
    ).toEqual(["Bakery 0", "Bakery 2"]);
    expect(sent(card, "select")).toEqual([]);
  });

  it("are not filtered without a kernel, also by Enter in a form that was open before", async () => {
    const card = await expand({ rows: rowsFrom(0, 3) });
    card.button("+ Filter").click();
    const value = field(card, "Value to compare with");
    value.value = "porto";
    card.model.stop();
    press("Enter", value);
    expect(value.value).toBe("porto");
    expect(card.all<HTMLButtonElement>(".chips button").filter((each) => !isOff(each))).toEqual([]);
    press("Escape", value);
    expect(visible(value, card.host)).toBe(false);
  });

  it("are searched by typing among those that are loaded, without a request", async () => {
    const card = await expand({
      rows: [...rowsFrom(0, 2), ["lead-9", ["Évora Pão", "", ""]]],
      more: true,
      total: 90,
    });
    const before = looks(card).length;
    type(card, "evora pao");
    expect(texts(card)).toEqual(["Évora Pão"]);
    expect(card.text()).toContain("1 of 3 loaded leads");
    type(card, "nothing like it");
    expect(card.text()).toContain("No loaded lead matches.");
    type(card, "");
    expect(texts(card)).toContain("Bakery 0");
    expect(card.text()).not.toContain("loaded leads");
    expect(looks(card)).toHaveLength(before);
  });

  it("are filtered at the server by chips, until each is taken back", async () => {
    const card = await expand();
    const { query } = last(card);
    card.button("+ Filter").click();
    const value = field(card, "Value to compare with");
    const [column, operator] = card.all<HTMLSelectElement>(".ltools .menu select") as [
      HTMLSelectElement,
      HTMLSelectElement,
    ];
    expect([...column.options].map(({ value }) => value)).toEqual(["company", "email", "fit"]);
    expect(operator.options).toHaveLength(10);
    value.value = "  porto ";
    card.button("Apply").click();
    const porto = { column: "company", operator: "contains", value: "porto" };
    expect(last(card)).toMatchObject({ query: query + 1, filters: [porto] });
    send(card, {});
    expect(card.text()).toContain("No leads match.");
    card.button("+ Filter").click();
    [column.value, operator.value, value.value] = ["fit", "greater_than_or_equal", "80"];
    press("Enter", value);
    const fits = { column: "fit", operator: "greater_than_or_equal", value: "80" };
    expect(last(card)).toMatchObject({ query: query + 2, filters: [porto, fits] });
    expect(card.button("Fit is at least 80").ariaPressed).toBe("true");
    card.button("Company contains porto").click();
    expect(last(card)).toMatchObject({ query: query + 3, filters: [fits] });
    card.button("Fit is at least 80").click();
    expect(last(card)).toMatchObject({ query: query + 4, filters: [] });
  });

  it("offer common filters first, and ask for nothing without a value", async () => {
    const heads = [
      head("Company", { role: "name" }),
      head("Fit", { role: "score" }),
      head("Email", { role: "email" }),
    ];
    const card = await expand({ heads, rows: rowsFrom(0, 3) });
    const { query } = last(card);
    card.button("Has e-mail").click();
    const mailable = { column: "email", operator: "is_not_empty", value: "" };
    expect(last(card)).toMatchObject({ query: query + 1, filters: [mailable] });
    expect(card.button("Has e-mail").ariaPressed).toBe("true");
    card.button("+ Filter").click();
    card.button("Apply").click();
    expect(last(card).query).toBe(query + 1);
    field(card, "Value to compare with").value = "70";
    card.button("Apply").click();
    expect(last(card).filters).toHaveLength(2);
  });

  it("close the form of a filter when one was added, or by Escape", async () => {
    const heads = [head("Company", { role: "name" }), head("Email", { role: "email" })];
    const card = await expand({ heads, rows: rowsFrom(0, 3), marks: { "lead-1": "hidden" }, hidden: 1 });
    const isOpen = () => [
      visible(field(card, "Value to compare with"), card.host),
      card.button("+ Filter").ariaExpanded,
    ];
    const open = () => {
      card.button("+ Filter").click();
      card.button("+ Filter").focus();
      expect(isOpen()).toEqual([true, "true"]);
    };
    open();
    press("Escape");
    expect([isOpen(), active()]).toEqual([[false, "false"], card.button("+ Filter")]);
    open();
    field(card, "Value to compare with").value = "porto";
    card.button("Apply").click();
    expect([isOpen(), active()]).toEqual([[false, "false"], card.button("+ Filter")]);
    // happy-dom (20) keeps the element with the focus that leaves with a shadow root.
    active().blur();
  });

  it("are not called none while they can't be read", async () => {
    const card = await drawLeads({ note: "Origami limits requests.", heads: [] });
    expect(shown(card.one(".lnote"))).toBe("Origami limits requests.");
    expect(card.one<HTMLElement>(".lbox .empty").hidden).toBe(true);
  });
});

describe("pages that a server may send", () => {
  it("are waited for until the last one, also if the first is empty", async () => {
    const card = await drawLeads({ rows: [], more: true });
    expect(shown(card.one(".lbox .empty"))).toBe("Loading leads…");
    send(card, { rows: [], more: false });
    expect(shown(card.one(".lbox .empty"))).toBe("No leads to show.");
  });

  it("without a total have room for more leads as long as there are any", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 50), more: true });
    expect(Number.parseInt(card.one(".lspace").style.height, 10)).toBeGreaterThan(50 * 29);
    send(card, { start: 50, rows: rowsFrom(50, 7) });
    expect(card.one(".lspace").style.height).toBe(`${57 * 29}px`);
  });
});

describe("the parts of a cell", () => {
  const OPENS: LeadCell = {
    text: "a@b.example",
    href: "",
    confidence: "medium",
    parts: [
      ["Reasoning", "It stands on the contact page.", ""],
      ["Source", "contact page", "https://bakery.example/contact"],
    ],
  };
  const drawParts = (): Promise<Drawn> => drawLeads({ rows: [rowOf(0, OPENS), rowOf(1)] });

  it("open by a click, with checked links, and close by their button", async () => {
    const card = await drawParts();
    const cell = cells(card)[1] as HTMLElement;
    expect(cell.getAttribute("aria-haspopup")).toBe("dialog");
    expect(cell.matches(".dot.medium")).toBe(true);
    cell.click();
    const parts = card.one(".parts");
    expect([parts.role, parts.hidden, parts.ariaLabel]).toEqual(["dialog", false, "Email: details"]);
    for (const text of ["Bakery 0", "medium confidence", "It stands on the contact page."])
      expect(shown(parts)).toContain(text);
    const link = parts.querySelector("a");
    expect([link?.getAttribute("href"), link?.rel]).toEqual([
      "https://bakery.example/contact",
      "noopener noreferrer nofollow",
    ]);
    expect(active()).toBe(card.button("Close"));
    card.button("Close").click();
    expect(parts.hidden).toBe(true);
    expect(active()).toBe(cells(card)[1]);
  });

  it.each(["Enter", " "])("open by %j, and close by Escape, which gives the focus back", async (key) => {
    const card = await drawParts();
    cells(card)[0]?.focus();
    press("ArrowRight");
    press(key);
    expect(card.one(".parts").hidden).toBe(false);
    press("Escape");
    expect(card.one(".parts").hidden).toBe(true);
    expect(at()).toEqual(["0", "1"]);
  });

  it("say of a cell that has failed what is known and what to do, unless some are under way", async () => {
    const heads = [HEADS[0] as LeadHead, head("Email", { failed: 1, missing: "failed" })];
    const rows: LeadRow[] = [["lead-0", ["Bakery 0", null]]];
    const filling = [HEADS[0] as LeadHead, head("Email", { failed: 1, filling: true })];
    const card = await drawLeads({ heads: filling, rows, final: false });
    const cell = () => cells(card)[1] as HTMLElement;
    cell().click();
    expect([cell().getAttribute("aria-haspopup"), card.one(".parts").hidden]).toEqual([null, true]);
    send(card, { heads, rows, final: false });
    expect([shown(cell()), cell().getAttribute("aria-haspopup")]).toEqual(["failed", "dialog"]);
    cell().focus();
    press("Enter");
    expect(shown(card.one("[role=dialog]"))).toMatch(/Bakery 0 · Email.*1\. Common causes/);
    press("Escape");
    expect(active()).toBe(cell());
  });

  it("do not open where there are none", async () => {
    const card = await drawParts();
    cells(card, 1)[1]?.click();
    expect(card.one(".parts").hidden).toBe(true);
    expect(cells(card, 1)[1]?.hasAttribute("aria-haspopup")).toBe(false);
  });
});

describe("the keyboard", () => {
  it("moves through the cells, and to the heads, which sort", async () => {
    const card = await drawLeads({ rows: rowsFrom(0, 40) });
    cells(card)[0]?.focus();
    for (const [key, row, place] of [
      ["ArrowLeft", "0", "-1"],
      ["ArrowLeft", "0", "-1"],
      ["ArrowRight", "0", "0"],
      ["ArrowRight", "0", "1"],
      ["ArrowDown", "1", "1"],
      ["End", "1", "2"],
      ["ArrowRight", "1", "2"],
      ["Home", "1", "0"],
      ["PageDown", "2", "0"],
      ["PageUp", "1", "0"],
      ["ArrowUp", "0", "0"],
    ] as const) {
      press(key);
      expect([key, ...at()]).toEqual([key, row, place]);
      expect(active().tabIndex).toBe(0);
    }
    press("ArrowRight");
    press("ArrowUp");
    expect(active()).toBe(card.button("Email"));
    press("ArrowUp");
    expect(active()).toBe(card.button("Email"));
    card.button("Email").click();
    expect(last(card).sort).toEqual({ column: "email", direction: "asc" });
    expect(active()).toBe(card.button("Email"));
    press("ArrowDown");
    expect(at()).toEqual(["0", "1"]);
  });
});

describe("the number of cells that failed", () => {
  const heads = [HEADS[0] as LeadHead, head("Email", { failed: 2, missing: "failed" })];
  const rows = [0, 1, 2].map(
    (at): LeadRow => [`lead-${at}`, [`Bakery ${at}`, at ? null : "a@bakery.example"]],
  );

  it("leads to each of them in turn", async () => {
    const card = await drawLeads({ heads, rows }, (view: View) => {
      view.tables.failed = "2 cells failed";
    });
    const failed = card.button("2 cells failed");
    for (const [again, place] of [
      [true, "1"],
      [false, "2"],
      [false, "1"],
    ] as const) {
      failed.click();
      if (again) send(card, { heads, rows });
      expect(at()).toEqual([place, "1"]);
    }
  });
});
