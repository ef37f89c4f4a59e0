import { describe, expect, it, vi } from "vitest";
import texts from "../../tests/fixtures/formulas.json";
import {
  CELL_WAS_STOPPED,
  type LeadGridHead,
  type LeadRow,
  type LeadsAnswer,
  type LeadsMessage,
} from "../src/contract";
import widget from "../src/leads/widget";
import { active, placed, press, shown, visible } from "./draw";
import { FakeModel } from "./fake-model";
import { answerTo, leadHead as headOf } from "./lead-answers";
import { sample } from "./samples";

const HEAD: LeadGridHead = {
  form: "live",
  as_of: "",
  title: "Leads of Porto bakeries",
  tabs: [
    { id: "t1", name: "Bakeries", leads: "3" },
    { id: "t2", name: "People", leads: "0" },
  ],
  line: 'ow.leads("t1")',
  include_hidden: false,
  sort: null,
};

function drawGrid(head = HEAD) {
  const model = new FakeModel(sample("completed"));
  model.own = { key: "grid", seq: 0, head };
  const view = placed(widget, model);
  const { all } = view;
  return {
    model,
    ...view,
    looks: () => model.sent.filter(({ kind }) => kind === "leads") as unknown as LeadsMessage[],
    selects: () => model.sent.filter(({ kind }) => kind === "select"),
    copy: () => all("button").find(({ ariaLabel }) => ariaLabel === "Copy the ticked leads") as HTMLElement,
    boxes: () => all<HTMLInputElement>(".lines input[type=checkbox]"),
    send(change: Partial<LeadsAnswer> = {}) {
      const rows: LeadRow[] = [0, 1, 2].map((at) => [`lead-${at}`, [`Bakery ${at}`]]);
      const heads = [headOf("Name", { role: "name", filters: true })];
      const read = (change.start ?? 0) + (change.rows?.length ?? 0);
      const usual = { rows, heads, total: 3, count: "3 leads", read };
      const answer = answerTo(this.looks().at(-1) as LeadsMessage, { ...usual, ...change });
      model.emit("msg:custom", answer, []);
    },
  };
}

/** Takes the place of the browser's clipboard; returns what is copied. */
function clipboard(): string[] {
  const copied: string[] = [];
  Object.defineProperty(navigator, "clipboard", {
    value: { writeText: async (text: string) => copied.push(text) },
    configurable: true,
  });
  return copied;
}

function tick(box: HTMLInputElement | undefined, on: boolean, shiftKey = false): void {
  if (!box) throw new Error("There is no such box.");
  box.checked = !on;
  box.dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true, cancelable: true, shiftKey }));
}

describe("a grid of leads", () => {
  it("is as high as its leads once they are read, and no lower when it shows fewer", () => {
    const grid = drawGrid();
    const rows = () => grid.one(".lbox").style.getPropertyValue("--rows");
    expect(rows()).toBe("16");
    grid.send();
    expect(rows()).toBe("3");
    grid.send({ rows: [["lead-0", ["Bakery 0"]]], total: 1 });
    expect(rows()).toBe("3");
    // More would change nothing but restyle every cell.
    grid.send({ total: 40, more: true });
    expect(rows()).toBe("16");
    grid.button("People 0").click();
    grid.send({ rows: [["lead-9", ["Person"]]], total: 1 });
    expect(rows()).toBe("1");
  });

  it("ticks a range with Shift, as lists of files and mails do", () => {
    const grid = drawGrid();
    grid.send({ rows: [0, 1, 2, 3].map((at): LeadRow => [`lead-${at}`, [`Bakery ${at}`]]) });
    const ticked = () => grid.boxes().map(({ checked }) => checked);
    tick(grid.boxes()[3], true, true);
    expect(ticked()).toEqual([false, false, false, true]);
    tick(grid.boxes()[1], true, true);
    expect(ticked()).toEqual([false, true, true, true]);
    expect(grid.selects().at(-1)).toEqual({ kind: "select", ids: ["lead-1", "lead-2", "lead-3"], on: true });
    expect(grid.all(".ticked").map(shown)).toEqual(["Bakery 1", "Bakery 2", "Bakery 3"]);
    tick(grid.boxes()[2], false, true);
    expect(ticked()).toEqual([false, false, false, true]);
    // Where the other end of the range has left, only the row itself.
    grid.send({ rows: [0, 1, 3].map((at): LeadRow => [`lead-${at}`, null]) });
    tick(grid.boxes()[0], true, true);
    expect(ticked()).toEqual([true, false, true]);
  });

  it("keeps the width to which an edge was dragged", () => {
    const grid = drawGrid();
    grid.send({ heads: [headOf("Name"), headOf("City")] });
    const grip = grid.all(".grip")[1] as HTMLElement;
    grip.setPointerCapture = () => {};
    const point = (name: string, clientX: number) =>
      grip.dispatchEvent(new MouseEvent(name, { clientX, bubbles: true, composed: true }));
    point("pointerdown", 100);
    point("pointermove", 390);
    point("lostpointercapture", 390);
    point("pointermove", 900);
    const template = () => grid.one(".leads").style.getPropertyValue("--template");
    expect(template()).toContain(" 290px");
    grid.send({ heads: [headOf("Name"), headOf("City")], rows: [["lead-0", ["A", "x".repeat(80)]]] });
    expect(template()).toContain(" 290px");
  });

  it("asks for the filtered leads of its first table, and counts them", () => {
    const grid = drawGrid();
    expect(grid.looks()).toMatchObject([{ table: "t1", size: 200 }]);
    grid.send();
    expect(shown(grid.one(".head"))).toBe(HEAD.title);
    expect(grid.all(".lines [role=gridcell]:not(.ltick)").map(shown)).toEqual([
      "Bakery 0",
      "Bakery 1",
      "Bakery 2",
    ]);
    expect(shown(grid.one(".foot"))).toContain("3 leads");
    expect(visible(grid.one(".ltools"), grid.host)).toBe(true);
  });

  it("has a tab for each table", () => {
    const grid = drawGrid();
    const tabs = grid.all("[role=tab]");
    expect(tabs.map(shown)).toEqual(["Bakeries 3", "People 0"]);
    tabs[1]?.click();
    expect(grid.looks().at(-1)?.table).toBe("t2");
    expect(grid.one("[role=tabpanel]").getAttribute("aria-labelledby")).toBe(tabs[1]?.id);
  });

  it("marks leads that fail the brief, and those not checked yet", () => {
    const grid = drawGrid();
    grid.send({ marks: { "lead-0": "checking", "lead-2": "hidden" } });
    const marks = (): string[] => grid.all(".lmark").map(shown);
    expect(marks()).toEqual(["…", "", "not qualified"]);
    grid.send({
      rows: [
        ["lead-0", null],
        ["lead-2", null],
      ],
      read: 2,
      marks: { "lead-2": "hidden" },
    });
    expect(marks()).toEqual(["", "not qualified"]);
    grid.send({ marks: { "lead-0": "unjudged", "lead-1": "unsure" } });
    expect(marks()).toEqual(["to check", "not sure", ""]);
    grid.send({
      rows: [
        ["lead-0", null],
        ["lead-2", null],
      ],
      read: 2,
      marks: { "lead-2": "hidden" },
    });
    // Without rows, the page and its marks are as before.
    grid.send({ rows: null, read: 2 });
    expect(marks()).toEqual(["", "not qualified"]);
    // Beside the score, if there is one, as it would cut names.
    const heads = [headOf("Name", { role: "name" }), headOf("Fit", { role: "score" })];
    grid.send({ heads, rows: [["lead-7", ["Bakery 7", "90"]]], marks: { "lead-7": "checking" } });
    expect(grid.all(".lines [role=gridcell]").map(shown)).toEqual(["", "Bakery 7", "90 …"]);
  });

  it("shows the leads that the user's list leaves out on request, and hands none of them over", () => {
    const grid = drawGrid();
    const copied = clipboard();
    const [chip] = grid.all("button.chip").filter((each) => each.textContent?.startsWith("Left out")) as [
      HTMLElement,
    ];
    grid.send();
    expect(visible(chip, grid.host)).toBe(false);
    grid.send({ left_out: 2, hidden: 7, count: "5 leads, 2 left out by your list" });
    expect([shown(chip), chip.ariaPressed]).toEqual(["Left out by your list 2", "false"]);
    // The chip of the brief counts them, as all other places do.
    expect(shown(grid.one(".qualified"))).toBe("Qualified 5");
    expect(grid.looks().at(-1)?.include_left_out).toBe(false);
    chip.click();
    expect(grid.looks().at(-1)).toMatchObject({ query: 2, include_left_out: true });
    grid.send({ left_out: 2, marks: { "lead-0": "left_out", "lead-2": "left_out" } });
    expect(chip.ariaPressed).toBe("true");
    expect(grid.all(".lmark").map(shown).filter(Boolean)).toEqual(["left out", "left out"]);
    tick(grid.boxes()[0], true);
    expect([grid.selects(), grid.boxes()[0]?.checked]).toEqual([[], false]);
    grid.one<HTMLInputElement>(".lhead input").click();
    expect(grid.selects()).toMatchObject([{ ids: ["lead-1"], on: true }]);
    grid.one<HTMLInputElement>(".lhead input").click();
    item(grid, "Copy to paste").click();
    expect(copied).toEqual(["Name\nBakery 1"]);
    chip.click();
    expect(grid.looks().at(-1)).toMatchObject({ query: 3, include_left_out: false });
  });

  it("begins with the best scores where it begins with hidden leads, and shows no other order before", () => {
    const grid = drawGrid({ ...HEAD, include_hidden: true });
    const heads = [headOf("Name", { role: "name" }), headOf("Fit", { role: "score", kind: "score" })];
    const byFit = { column: "fit", direction: "desc" };
    expect(grid.one(".qualified").ariaPressed).toBe("false");
    // While the run goes on, nothing is hidden, and the table's own order is there.
    grid.send({ heads, hidden: 0 });
    expect(grid.looks().at(-1)).toMatchObject({ include_hidden: true, sort: null });
    grid.send({ heads, hidden: 7, rows: [["lead-7", ["Bakery 7", "60"]]] });
    expect(grid.looks().at(-1)).toMatchObject({ query: 2, sort: byFit });
    expect(grid.text()).not.toContain("Bakery 7");
    grid.send({ heads, hidden: 7, rows: [["lead-7", ["Bakery 7", "60"]]] });
    expect(grid.looks().at(-1)).toMatchObject({ query: 2, sort: byFit });
    expect(grid.text()).toContain("Bakery 7");
    expect(grid.one(".lhead [data-place='1']").ariaSort).toBe("descending");
    // Turned off, the saved order is there; another one that was asked for stays.
    grid.one(".qualified").click();
    expect(grid.looks().at(-1)).toMatchObject({ query: 3, sort: null });
    const own = { column: "name", direction: "asc" } as const;
    const other = drawGrid({ ...HEAD, include_hidden: true, sort: own });
    other.send({ heads, hidden: 7 });
    expect(other.looks().at(-1)).toMatchObject({ query: 1, sort: null });
    // Each table begins with its best scores.
    const both = drawGrid({ ...HEAD, include_hidden: true });
    both.send({ heads, hidden: 7 });
    both.send({ heads, hidden: 7 });
    both.all("[role=tab]")[1]?.click();
    expect(both.looks().at(-1)).toMatchObject({ table: "t2", sort: null });
    both.send({ heads, hidden: 7 });
    expect(both.looks().at(-1)).toMatchObject({ table: "t2", sort: byFit });
  });

  it("says of each run's cells what is true of that run", () => {
    const grid = drawGrid();
    const heads = [
      headOf("Name", { role: "name" }),
      headOf("Run", { slug: ":run", kind: "run" }),
      headOf("Phone", { filling: true, failed: 2, missing: "no result" }),
    ];
    const rows = ["Porto", "Faro", "Braga"].map((run, at): LeadRow => [`lead-${at}`, [`B${at}`, run, null]]);
    const cells = (change: object = {}) => {
      grid.send({ heads, rows, final: false, ...change });
      return grid.all("[data-place='2'][role=gridcell]").map((each) => [shown(each), each.ariaLabel]);
    };
    const runs = {
      Porto: { final: true, failed: {} },
      Faro: { final: false, failed: { phone: ["failed · why?", 2] as [string, number] } },
      Braga: { final: false, failed: {} },
    };
    const before = [
      ["no result", null],
      ["failed · why?", null],
      ["", "not run yet"],
    ];
    expect(cells({ runs })).toEqual(before);
    // Later, only changes are sent.
    expect(cells()).toEqual(before);
    expect(cells({ runs: { Braga: { final: true, failed: {} } } })[2]).toEqual(["no result", null]);
    grid.all("[data-place='2'][role=gridcell]")[1]?.click();
    expect(grid.text()).toContain("Failed cells in this column: 2.");
  });

  it("shows only leads of runs that have ended as meeting the brief", () => {
    const grid = drawGrid();
    const heads = [
      headOf("Name", { role: "name" }),
      headOf("Fit", { role: "score" }),
      headOf("Run", { slug: ":run", kind: "run" }),
    ];
    const rows = ["Porto", "Faro"].map((run, at): LeadRow => [`lead-${at}`, [`B${at}`, "54", run]]);
    const early = () => grid.all(".lines > .lrow").map(({ classList }) => classList.contains("early"));
    const runs = { Porto: { final: true, failed: {} }, Faro: { final: false, failed: {} } };
    grid.send({ heads, rows, runs, hidden: 1 });
    expect(early()).toEqual([false, true]);
    grid.send({ heads, rows: null, read: 2, runs: { Faro: { final: true, failed: {} } }, hidden: 2 });
    expect(early()).toEqual([false, false]);
  });

  it("begins each table with its own order, its hidden leads and no search", () => {
    const grid = drawGrid();
    const heads = [headOf("Name", { role: "name" }), headOf("Fit", { role: "score", kind: "score" })];
    const byFit = { column: "fit", direction: "desc" };
    const search = grid.one<HTMLInputElement>(".ltools input");
    grid.send({ heads, hidden: 7 });
    search.value = "Évora";
    search.dispatchEvent(new Event("input"));
    for (const [at, table] of [
      [1, "t2"],
      [0, "t1"],
    ] as const) {
      grid.one(".qualified").click();
      grid.send({ heads, hidden: 7 });
      expect(grid.looks().at(-1)).toMatchObject({ include_hidden: true, sort: byFit });
      grid.all("[role=tab]")[at]?.click();
      expect(grid.looks().at(-1)).toMatchObject({ table, include_hidden: false, sort: null });
      grid.send({ heads, hidden: 7 });
      expect(search.value).toBe("");
      expect(grid.text()).toContain("Bakery 0");
    }
  });

  it("counts those that qualify, and keeps their chip", () => {
    const grid = drawGrid();
    const brief = grid.one(".qualified");
    grid.send({ hidden: 7, total: 3 });
    expect(shown(brief)).toBe("Qualified 3");
    brief.click();
    grid.send({ hidden: 7, total: 10 });
    expect([shown(brief), brief.ariaPressed]).toEqual(["Qualified 3", "false"]);
    brief.click();
    // Another filter leaves none of them.
    grid.send({ hidden: 0 });
    expect(visible(brief, grid.host)).toBe(true);
    grid.all("[role=tab]")[1]?.click();
    grid.send({ hidden: 0 });
    expect(visible(brief, grid.host)).toBe(false);
  });

  it("shows all leads where none was judged", () => {
    const grid = drawGrid();
    const brief = grid.one(".qualified");
    grid.send({ judged: false });
    expect([visible(brief, grid.host), brief.ariaPressed]).toEqual([true, "false"]);
    expect([brief.ariaDisabled, brief.title]).toEqual([
      "true",
      "No lead was checked against the brief, so all are shown.",
    ]);
    const asked = grid.looks().length;
    brief.click();
    expect(grid.looks().length).toBe(asked);
    grid.send({ hidden: 2 });
    expect(brief.ariaPressed).toBe("true");
  });

  it("reports each ticked lead to the kernel", () => {
    const grid = drawGrid();
    grid.send();
    tick(grid.boxes()[1], true);
    expect(grid.boxes().map(({ checked }) => checked)).toEqual([false, true, false]);
    expect(grid.boxes()[0]?.ariaLabel).toBe("Select Bakery 0");
    expect(grid.text()).toContain("1 ticked");
    tick(grid.boxes()[0], true);
    tick(grid.boxes()[1], false);
    expect(grid.selects()).toEqual([
      { kind: "select", ids: ["lead-1"], on: true },
      { kind: "select", ids: ["lead-0"], on: true },
      { kind: "select", ids: ["lead-1"], on: false },
    ]);
    grid.send();
    expect(grid.boxes().map(({ checked }) => checked)).toEqual([true, false, false]);
    tick(grid.boxes()[0], false);
    expect(grid.text()).not.toContain("ticked");
  });

  it("reaches the boxes with the arrows, and is left by one Tab", () => {
    const grid = drawGrid();
    grid.send();
    const reachable = () =>
      grid.all(".leads [tabindex='0'], .leads button, .leads input").filter(({ tabIndex }) => tabIndex === 0);
    expect(reachable()).toHaveLength(1);
    reachable()[0]?.focus();
    for (const key of ["ArrowDown", "ArrowLeft"]) press(key);
    expect(active()).toBe(grid.boxes()[1]);
    expect(reachable()).toEqual([grid.boxes()[1]]);
    expect(grid.all(".leads > [role=row] > [role=columnheader]")).toHaveLength(2);
  });

  it("ticks all leads that were read, and marks those that are ticked", () => {
    const grid = drawGrid();
    grid.send();
    tick(grid.boxes()[1], true);
    const all = grid.one<HTMLInputElement>(".lhead input");
    const marked = () => grid.all(".ticked").map(shown);
    expect([all.checked, all.indeterminate, marked()]).toEqual([false, true, ["Bakery 1"]]);
    tick(all, true);
    expect(grid.selects().at(-1)).toEqual({ kind: "select", ids: ["lead-0", "lead-1", "lead-2"], on: true });
    expect([all.checked, all.indeterminate, marked().length]).toEqual([true, false, 3]);
    tick(all, false);
    expect([grid.selects().at(-1)?.on, marked()]).toEqual([false, []]);
  });

  it("shows chips, numbers, links, and why a cell is empty", () => {
    const grid = drawGrid();
    const heads = [
      headOf("Name", { role: "name" }),
      headOf("Fit", { role: "score", kind: "score", is_number: true }),
      headOf("Website", { role: "website", off: true }),
      headOf("Staff", { is_number: true }),
      headOf("Phone", { role: "phone", kind: "enrichment", missing: "failed" }),
    ];
    const site: [string, string] = ["bakery.example", "https://bakery.example/"];
    grid.send({ heads, rows: [["lead-0", ["Bakery", "90", site, "12", null]]] });
    const cells = grid.all(".lines [role=gridcell]:not(.ltick)");
    expect(cells.filter(({ hidden }) => !hidden).map(shown)).toEqual(["Bakery", "90", "12", "failed"]);
    expect(cells[1]?.querySelector(".score")).not.toBeNull();
    // The name is the link; its website is a column that can be shown.
    expect(cells[0]?.querySelector("a")?.href).toBe("https://bakery.example/");
    expect(cells.map((cell) => cell.classList.contains("number"))).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
    grid.send({ heads, rows: [["lead-1", ["Other", "", "", "", null]]] });
    expect(grid.all(".lines a")).toEqual([]);
  });

  it("begins with the best scores, the largest numbers, and the first names", () => {
    const grid = drawGrid();
    const heads = [
      headOf("Name", { role: "name" }),
      headOf("Fit", { role: "score", kind: "score" }),
      headOf("Staff", { is_number: true }),
    ];
    const rows: LeadRow[] = [["lead-0", ["Bakery 0", "90", "12"]]];
    const clicked = (at: number) => {
      grid.one(`.lhead [data-place='${at}'] button`).click();
      grid.send({ heads, rows });
      return grid.looks().at(-1)?.sort?.direction;
    };
    grid.send({ heads, rows });
    expect([0, 0, 0].map(clicked)).toEqual(["asc", "desc", "asc"]);
    expect([1, 1, 1].map(clicked)).toEqual(["desc", "asc", "desc"]);
    expect([2, 2, 2].map(clicked)).toEqual(["desc", "asc", "desc"]);
  });

  it("sorts by the run, and chooses one from a list", () => {
    const grid = drawGrid();
    const heads = [headOf("Name", { role: "name" }), headOf("Run", { slug: ":run", kind: "run" })];
    const rows: LeadRow[] = [["lead-0", ["Bakery 0", "Porto"]]];
    const runs = { Porto: { final: true, failed: {} }, Faro: { final: true, failed: {} } };
    grid.send({ heads, rows, runs });
    grid.one(".lhead [data-place='1'] button").click();
    expect(grid.looks().at(-1)?.sort).toEqual({ column: ":run", direction: "asc" });
    grid.send({ heads, rows, runs });
    const choice = () => grid.one<HTMLSelectElement>("select.chip");
    expect([...choice().options].map(({ text }) => text)).toEqual(["All runs", "Porto", "Faro"]);
    const choose = (run: string) => {
      choice().value = run;
      choice().dispatchEvent(new Event("change"));
    };
    choose("Porto");
    expect(grid.looks().at(-1)?.filters).toEqual([{ column: ":run", operator: "equals", value: "Porto" }]);
    choose("");
    expect(grid.looks().at(-1)?.filters).toEqual([]);
  });

  it("shows and hides columns, and says how far each is filled", () => {
    const grid = drawGrid();
    const heads = [
      headOf("Name", { role: "name" }),
      headOf("Website", { role: "website", off: true }),
      headOf("Phone", { details: "1 of 3 read", failed: 2 }),
    ];
    grid.send({ heads, rows: [["lead-0", ["Bakery", "a.example", "1"]]] });
    const titles = () =>
      grid
        .all("[role=columnheader]:not(.ltick)")
        .filter(({ hidden }) => !hidden)
        .map(shown);
    expect(titles()).toEqual(["Name", "Phone"]);
    grid.button("Columns").click();
    const lines = grid.all(".pick label");
    expect(lines.map(shown)).toEqual(["Name", "Website", "Phone1 of 3 read · 2 failed"]);
    lines[1]?.querySelector("input")?.click();
    expect(titles()).toEqual(["Name", "Website", "Phone"]);
    grid.all(".pick label")[2]?.querySelector("input")?.click();
    expect(titles()).toEqual(["Name", "Website"]);
  });

  it("shows websites where nothing else names a lead, and a cell that was stopped as an outline", () => {
    const grid = drawGrid();
    const heads = [
      headOf("Website", { role: "website" }),
      headOf("Phone", { role: "phone", kind: "enrichment", missing: CELL_WAS_STOPPED }),
    ];
    grid.send({ heads, rows: [["lead-0", ["a.example", null]]] });
    const [site, phone] = grid.all(".lines [role=gridcell]:not(.ltick)");
    expect([site?.hidden, phone?.textContent, phone?.ariaLabel]).toEqual([false, "", CELL_WAS_STOPPED]);
    expect(phone?.querySelector(".stopped")).not.toBeNull();
  });

  it("asks for the leads of another table without the filters of the last one", () => {
    const grid = drawGrid();
    const heads = [headOf("Name", { role: "name" }), headOf("Email", { role: "email" })];
    const chip = () => grid.all("button").find(({ textContent }) => textContent === "Has e-mail");
    const mailable = { column: "email", operator: "is_not_empty", value: "" };
    grid.send({ heads });
    chip()?.click();
    expect(grid.looks().at(-1)).toMatchObject({ table: "t1", filters: [mailable] });
    grid.send({ heads });
    grid.all("[role=tab]")[1]?.click();
    expect(grid.looks().at(-1)).toMatchObject({ table: "t2", filters: [] });
    grid.send({ heads });
    expect(chip()?.ariaPressed).toBe("false");
    // Nothing of the other table adds up with what is chosen here.
    chip()?.click();
    expect(grid.looks().at(-1)).toMatchObject({ table: "t2", filters: [mailable] });
  });

  it("shares out the width by the first page, and shrinks before it scrolls", () => {
    const grid = drawGrid();
    const heads = [headOf("Name", { role: "name" }), headOf("Mail", { role: "email" }), headOf("City")];
    const template = () => grid.one(".leads").style.getPropertyValue("--template");
    grid.send({ heads, rows: [["lead-0", ["Bakery", "x".repeat(60), "Porto"]]] });
    expect(template()).toBe("minmax(132px, 132fr) minmax(158px, 300fr) minmax(76px, 76fr)");
    expect(grid.one(".leads").style.getPropertyValue("--width")).toBe("366px");
    // Later pages move nothing.
    grid.send({ heads, rows: [["lead-1", ["x".repeat(99), "a", "x".repeat(99)]]] });
    expect(template()).toBe("minmax(132px, 132fr) minmax(158px, 300fr) minmax(76px, 76fr)");
  });

  it("guards the formulas that Python guards in a file", async () => {
    const grid = drawGrid();
    const heads = texts.map((_, at) => headOf(`${at}`));
    grid.send({ heads, rows: [["lead-0", texts.map(({ text }) => text)]] });
    const copied = clipboard();
    tick(grid.boxes()[0], true);
    grid.copy().click();
    await Promise.resolve();
    const oneLine = (text: string): string => text.replace(/[\t\r\n]+/g, " ");
    expect(copied[0]?.split("\n")[1]?.split("\t")).toEqual(
      texts.map(({ text, isFormula }) => (isFormula ? "'" : "") + oneLine(text)),
    );
  });

  it("copies the columns that are shown", async () => {
    const grid = drawGrid();
    const heads = [headOf("Name"), headOf("Phone", { off: true }), headOf("City")];
    grid.send({ heads, rows: [["lead-0", ["Bakery", "1", "Porto"]]] });
    const copied = clipboard();
    tick(grid.boxes()[0], true);
    grid.copy().click();
    await Promise.resolve();
    expect(copied).toEqual(["Name\tCity\nBakery\tPorto"]);
  });

  it("counts, copies and names the ticked leads of the table in front", async () => {
    const grid = drawGrid();
    const copied = clipboard();
    const tabs = grid.all("[role=tab]");
    const copy = grid.copy();
    grid.send();
    for (const at of [0, 2]) tick(grid.boxes()[at], true);
    expect(grid.text()).toContain("2 ticked");
    tabs[1]?.click();
    const nothing = () => [grid.text().includes("ticked"), !visible(copy, grid.host)];
    expect(nothing()).toEqual([false, true]);
    grid.send({ rows: [["person-0", ["Ana"]]] });
    expect(nothing()).toEqual([false, true]);
    tick(grid.boxes()[0], true);
    expect(grid.text()).toContain("1 ticked");
    tabs[0]?.click();
    grid.send();
    expect(grid.text()).toContain("2 ticked");
    // A filter hides one of them.
    grid.send({ rows: [1, 2].map((at): LeadRow => [`lead-${at}`, null]) });
    expect(grid.text()).toContain("1 ticked");
    copy.click();
    await Promise.resolve();
    expect(copied).toEqual(["Name\nBakery 2"]);
  });

  const item = (grid: ReturnType<typeof drawGrid>, label: string): HTMLButtonElement => {
    grid.button("Download").click();
    const found = grid.all<HTMLButtonElement>(".item").find((each) => shown(each).startsWith(label));
    if (!found) throw new Error(`No item ${label}`);
    return found;
  };
  const asked = (grid: ReturnType<typeof drawGrid>) =>
    grid.model.sent
      .filter(({ kind }) => kind === "download")
      .map(({ format, ids, columns }) => ({ format, ids, columns }));

  it("downloads all leads that match: those that were not read are read first", () => {
    const grid = drawGrid();
    expect(visible(grid.one(".drop"), grid.host)).toBe(false);
    grid.send({ more: true, total: 500 });
    item(grid, "CSV").click();
    expect(asked(grid)).toEqual([]);
    expect(grid.looks().at(-1)).toMatchObject({ first: 0, size: 200 });
    expect(grid.looks().at(-1)?.last).toBeGreaterThan(10_000);
    grid.send({ more: true, total: 500 });
    expect(grid.text()).toContain("Reading 3 of 500…");
    grid.send({ total: 500, marks: { "lead-1": "checking" } });
    expect(asked(grid)).toEqual([]);
    grid.send();
    expect(asked(grid)).toEqual([{ format: "csv", ids: [], columns: ["name"] }]);
    // From now on, only what is visible is kept up to date.
    expect(grid.looks().at(-1)?.last).toBeLessThan(1_000);
  });

  it("downloads the ticked leads, and those that have the typed words, at once", () => {
    const grid = drawGrid();
    grid.send({ more: true, total: 500 });
    tick(grid.boxes()[1], true);
    item(grid, "Excel").click();
    expect(asked(grid)).toEqual([{ format: "xlsx", ids: ["lead-1"], columns: ["name"] }]);
    expect(shown(grid.one(".menu > .mute"))).toBe("1 ticked");
  });

  it("lets the browser save the file, says what is to be said of it, or why there is none", () => {
    const grid = drawGrid();
    grid.send();
    const saved: string[] = [];
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:leads");
    vi.spyOn(URL, "revokeObjectURL").mockReturnValue();
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download);
    });
    const answer = {
      kind: "download",
      grid: grid.looks().at(-1)?.grid,
      name: "Bakeries.csv",
      base64: btoa("a"),
    };
    item(grid, "CSV").click();
    grid.model.emit("msg:custom", { ...answer, note: "These leads may name people." }, []);
    expect(grid.text()).toContain("These leads may name people.");
    item(grid, "Excel").click();
    grid.model.emit("msg:custom", { ...answer, base64: "", note: "xlsxwriter is missing." }, []);
    expect(saved).toEqual(["Bakeries.csv"]);
    expect(grid.text()).toContain("xlsxwriter is missing.");
    vi.restoreAllMocks();
  });

  it("without a kernel copies those that are here, and says how many", async () => {
    const grid = drawGrid();
    grid.send({ more: true, total: 500 });
    grid.model.stop();
    grid.button("Download").click();
    expect(
      grid
        .all(".item")
        .filter((each) => visible(each, grid.host))
        .map(shown),
    ).toHaveLength(1);
    expect(shown(grid.one(".menu > .mute"))).toBe("The 3 leads loaded on this page");
  });

  it("without a kernel keeps what it shows, and asks for nothing", () => {
    const grid = drawGrid();
    grid.send();
    const before = grid.looks().length;
    grid.model.stop();
    expect(grid.text()).toContain("Kernel stopped");
    expect(grid.text()).toContain("Leads are not saved in the notebook. To see them again:");
    expect(grid.one(".foot code").textContent).toBe(HEAD.line);
    expect(grid.all(".lines [role=gridcell]:not(.ltick)")).toHaveLength(3);
    tick(grid.boxes()[0], true);
    expect(grid.selects()).toEqual([]);
    expect(grid.looks()).toHaveLength(before);
  });
});
