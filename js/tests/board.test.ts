import { beforeEach, describe, expect, it, vi } from "vitest";
import type { BoardRow } from "../src/contract";
import { activity } from "../src/page_state";
import { BoardModel } from "./board-model";
import { active, isOff, shown } from "./draw";
import {
  ALL,
  board,
  boardOf,
  change,
  drawBoard,
  drawn,
  named,
  numbers,
  pick,
  row,
  type Shown,
  texts,
  type,
} from "./draw-board";

beforeEach(() => {
  vi.useFakeTimers();
});

describe("the board", () => {
  it("says of every state what its row holds, and no other number", () => {
    const view = board("every_state");
    const on = drawBoard(view);
    expect(on.rows()).toHaveLength(view.rows.length);
    on.rows().forEach((node, at) => {
      const said = view.rows[at] as BoardRow;
      const text = shown(node);
      for (const words of [said.status_label, said.name || said.prompt, said.note])
        expect(text).toContain(shown(textNode(words)));
      for (const name of ["leads", "qualified", "credits", "price"] as const)
        expect(shown(node.querySelector(`.b-${name}`) as HTMLElement)).toBe(said[name]);
    });
    expect(on.text()).not.toMatch(/\b(null|undefined|NaN)\b/);
  });

  it("shows briefs that have no run, which cannot be opened", () => {
    const on = drawBoard(board("batch"));
    const briefs = on.briefs();
    expect(briefs.slice(1).map(isOff)).toEqual([true, true, true, true]);
    expect(briefs.slice(1).map((each) => each.ariaExpanded)).toEqual([null, null, null, null]);
    expect(briefs[0]?.ariaExpanded).toBe("false");
    for (const each of briefs) each.click();
    expect(on.model.commands().map(({ name }) => name)).toEqual(["open"]);
    const { name, note } = on.model.view.rows[1] as BoardRow;
    expect(shown(on.rows()[1]?.querySelector(".b-name") as HTMLElement)).toBe(`${name} ${note}`.trim());
    expect(shown(on.rows()[1]?.querySelector(".b-time") as HTMLElement)).toBe("");
  });

  it("says what halts a batch and asks before it goes on", () => {
    const on = drawBoard(board("halted"));
    expect(on.text()).toContain(board("halted").head.notices[0]?.title);
    on.button("Start the others").click();
    expect(on.text()).toContain(board("halted").head.notices[0]?.button?.confirm);
    vi.advanceTimersByTime(500);
    on.button("Yes, start them").click();
    expect(on.model.commands().map(({ name }) => name)).toEqual(["resume"]);
  });

  it("says under its title what all runs have together, where there is anything", () => {
    const sums = "142 leads, 41 qualified, 973 of 2,000 credits";
    expect(shown(drawBoard(boardOf([row(), row()], { sums })).one(".sums"))).toBe(sums);
    expect(drawBoard(boardOf([row(), row()])).all(".sums")).toEqual([]);
  });

  it("says once what all briefs begin with", () => {
    const cities = ["Porto", "Faro"].map((city) => row({ name: "", prompt: `Find bakeries in ${city}` }));
    const on = drawBoard(boardOf(cities));
    expect(shown(on.one(".same-start"))).toBe("Each brief begins: Find bakeries in");
    expect(drawBoard(boardOf([row()])).one(".same-start").hidden).toBe(true);
  });

  it("shows all leads in place of the rows, and offers the line where it can't", async () => {
    const on = drawBoard(boardOf([row()], { has_leads: true }));
    const tab = (label: string) =>
      on.all("[role=tab]").find((each) => shown(each).startsWith(label)) as HTMLElement;
    expect(on.one(".all-leads").hidden).toBe(true);
    tab("All leads").click();
    expect(on.model.commands()).toMatchObject([{ name: "show_leads" }]);
    on.model.acknowledge();
    on.model.set({ grid: "IPY_MODEL_1" });
    await change(on, (view) => {
      view.head.leads_line = "ow.leads([run])";
    });
    expect(on.one(".all-leads").hidden).toBe(false);
    expect(shown(on.one(".all-leads"))).toContain("ow.leads([run])");
    expect(tab("All leads").ariaSelected).toBe("true");
    tab("Runs").click();
    expect(on.model.commands().map(({ name }) => name)).toEqual(["show_leads", "hide_leads"]);
  });

  it("says that there are no runs", () => {
    const on = drawBoard(board("nothing"));
    expect(on.text()).toContain(board("nothing").head.nothing);
    expect(on.all("[role=status]").at(-1)?.textContent).toBe("");
    expect(on.one("table").hidden).toBe(true);
  });

  it("leaves hostile text as text", () => {
    const script = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    const on = drawBoard(
      boardOf([row({ prompt: script, name: script, note: script, status_label: script })], {
        title: script,
        sums: script,
        origin: script,
        hidden: script,
        gone: script,
        again_line: script,
        notices: [
          { key: "k", tone: "bad", title: script, text: script, button: null, link: null, code: script },
        ],
        buttons: [{ ...ALL, label: script, confirm: script }],
      }),
    );
    type(on, script.slice(0, 12));
    on.button(shown(textNode(script))).click();
    expect(on.all("img, script, iframe")).toEqual([]);
    expect(shown(on.rows()[0] as HTMLElement)).toContain("<script>alert(2)</script>");
  });

  it("drops the rows that are gone and takes those that are new", async () => {
    const on = drawBoard(boardOf(named("a", "b", "c")));
    await change(on, (view) => {
      view.rows.pop();
      view.moments.pop();
    });
    expect(texts(on)).toEqual(["a", "b"]);
    await change(on, (view) => {
      view.rows.push({ ...row({ prompt: "d" }), position: 7 });
      view.moments.push([null, null, null, "ended"]);
    });
    expect(texts(on)).toEqual(["a", "b", "d"]);
  });
});

const textNode = (words: string): HTMLElement => {
  const node = document.createElement("span");
  node.textContent = words;
  return node;
};

describe("sorting", () => {
  it("is asked for at the headings, and says its direction", () => {
    const on = drawBoard(
      boardOf([
        row({ prompt: "few", ...numbers(2) }),
        row({ prompt: "none" }),
        row({ prompt: "many", ...numbers(90) }),
      ]),
    );
    const sort = (name: string): string | null => on.one(`th.b-${name}`).getAttribute("aria-sort");
    expect([texts(on), sort("name")]).toEqual([["few", "none", "many"], null]);
    on.button("Leads").click();
    expect([texts(on), sort("leads")]).toEqual([["many", "few", "none"], "descending"]);
    on.button("Leads").click();
    expect([texts(on), sort("leads")]).toEqual([["few", "many", "none"], "ascending"]);
    on.button("Name").click();
    expect([texts(on), sort("name"), sort("leads")]).toEqual([["few", "many", "none"], "ascending", null]);
    on.button("Name").click();
    expect([texts(on), sort("name")]).toEqual([["none", "many", "few"], "descending"]);
  });

  it("goes on as the runs do, and keeps the focus in the row that moves", async () => {
    const on = drawBoard(boardOf([row({ prompt: "a", ...numbers(2) }), row({ prompt: "b", ...numbers(1) })]));
    on.button("Leads").click();
    const brief = on.briefs()[1] as HTMLButtonElement;
    brief.focus();
    await change(on, (view) => {
      Object.assign(view.rows[1] as BoardRow, numbers(7));
    });
    expect(texts(on)).toEqual(["b", "a"]);
    expect(active()).toBe(brief);
    expect(on.briefs()[0]).toBe(brief);
  });
});

describe("the filter", () => {
  it("is there from fifteen runs on", () => {
    const many = (count: number) => drawBoard(boardOf(Array.from({ length: count }, () => row())));
    expect(many(14).one(".bar-line").hidden).toBe(true);
    expect(many(15).one(".bar-line").hidden).toBe(false);
  });

  it("takes words and a stage, and says how many are shown", () => {
    const on = drawBoard(
      boardOf([
        ...named("Bakeries in Évora", "Bakeries in Faro"),
        row({ prompt: "Dentists", stage: "failed", done: true }),
      ]),
    );
    type(on, "bakeries evora");
    expect(texts(on)).toEqual(["Bakeries in Évora"]);
    expect(on.one(".bar-line").textContent).toContain("1 of 3 shown");
    type(on, on.model.view.rows[2]?.token ?? "");
    expect(texts(on)).toEqual(["Dentists"]);
    type(on, "");
    pick(on, "failed");
    expect(texts(on)).toEqual(["Dentists"]);
    type(on, "bakeries");
    expect(on.text()).toContain("No runs match");
    pick(on, "");
    expect(texts(on)).toHaveLength(2);
    const field = on.one<HTMLInputElement>("input");
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    expect(texts(on)).toHaveLength(3);
    expect(on.text()).not.toContain("shown");
  });

  it("shows all runs again when nothing is left of the chosen stage", async () => {
    const on = drawBoard(
      boardOf([row({ prompt: "a", stage: "failed" }), row({ prompt: "b" })], {
        counts: [
          { stage: "failed", label: "1 failed", count: 1 },
          { stage: "running", label: "1 running", count: 1 },
        ],
      }),
    );
    pick(on, "failed");
    await change(on, (view) => {
      Object.assign(view.rows[0] as BoardRow, { stage: "running" });
      view.head.counts = [{ stage: "running", label: "2 running", count: 2 }];
    });
    expect(texts(on)).toEqual(["a", "b"]);
    const select = on.one<HTMLSelectElement>("select");
    expect([...select.options].map((each) => each.textContent)).toEqual(["All 2 runs", "2 running"]);
  });
});

describe("time", () => {
  const age = (on: Shown): string => shown(on.one(".board-head .mute:last-child"));
  const timeOf = (on: Shown, at: number): string =>
    shown(on.rows()[at]?.querySelector(".b-time") as HTMLElement);
  const begun = (): Partial<BoardRow> => ({ started_at: Date.now() - 60_000 });

  it("passes by itself in each row that runs", () => {
    const over = { done: true, settled: true, completed_at: Date.now() - 15_000 };
    const on = drawBoard(
      boardOf(
        [row(begun()), row({ ...begun(), ...over }), row()],
        {},
        [0, 0, 0].map(() => [Date.now(), Date.now() + 15_000, 15, "live"]),
      ),
    );
    expect([0, 1, 2].map((at) => timeOf(on, at))).toEqual(["1 min", "45 s", ""]);
    vi.advanceTimersByTime(4000);
    expect([0, 1, 2].map((at) => timeOf(on, at))).toEqual(["1 min 4 s", "45 s", ""]);
  });

  it("stands at the last check of a run that is no longer checked", () => {
    const on = drawBoard(boardOf([row(begun())], {}, [[Date.now() - 20_000, null, null, "stopped"]]));
    vi.advanceTimersByTime(4000);
    expect(timeOf(on, 0)).toBe("40 s");
  });

  it("says once how old the oldest row is that is still checked", async () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const now = Date.now();
    await change(on, (view) => {
      view.moments = [
        [now - 39_000, now + 6_000, 15, "live"],
        [now - 2_000, now + 13_000, 15, "live"],
      ];
    });
    expect(age(on)).toBe("updated 39 s ago");
    vi.advanceTimersByTime(4000);
    expect(age(on)).toBe("updated 43 s ago");
  });

  it("makes up no check for a run whose check is late", async () => {
    const on = drawBoard(boardOf(named("a")));
    await change(on, (view) => {
      view.moments = [[Date.now() - 50_000, null, 15, "live"]];
    });
    expect(age(on)).toBe("updated 50 s ago");
  });
});

describe("what is announced", () => {
  it("is what needs a person and the end, not each change", async () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const voice = on.all("[role=status]").at(-1) as HTMLElement;
    expect(voice.textContent).toBe("");
    await change(on, (view) => {
      Object.assign(view.rows[0] as BoardRow, numbers(4));
      view.head.sums = "4 leads";
    });
    expect(voice.textContent).toBe("");
    await change(on, (view) => {
      view.head.counts = [{ stage: "needs_you", label: "2 need you", count: 2 }];
      view.head.announcement = "2 runs: 2 need you.";
    });
    expect(voice.textContent).toBe("2 runs: 2 need you.");
    await change(on, (view) => {
      const announcement = "2 runs: all have ended.";
      Object.assign(view.head, {
        counts: [{ stage: "ended", label: "ended", count: 2 }],
        settled: true,
        announcement,
      });
    });
    expect(voice.textContent).toBe("2 runs: all have ended.");
  });
});

describe("the end of a view", () => {
  it("leaves no node, timer or listener, however often", async () => {
    const timers = vi.getTimerCount();
    const model = new BoardModel(board("every_state"));
    const add = vi.spyOn(window, "addEventListener");
    const remove = vi.spyOn(window, "removeEventListener");
    for (let i = 0; i < 3; i++) {
      const on = drawBoard(model);
      expect(activity()).toBe(3);
      model.change((view) => {
        Object.assign(view.rows[0] as BoardRow, numbers(i));
      });
      on.close();
      await drawn();
      expect(on.host.childNodes.length).toBe(0);
      expect(model.listeners).toBe(0);
    }
    expect(activity()).toBe(0);
    expect(vi.getTimerCount()).toBe(timers);
    const keys = (spy: typeof add | typeof remove): number =>
      spy.mock.calls.filter(([event]) => event === "keydown").length;
    expect(keys(add)).toBeGreaterThan(0);
    expect(keys(remove)).toBe(keys(add));
  });

  it("takes the card with it, also one that is still being made", async () => {
    const on = drawBoard(boardOf(named("a")));
    let make = (): void => {};
    const removed = vi.fn();
    on.model.widget_manager = {
      get_model: async () => ({}),
      create_view: async () => {
        await new Promise<void>((done) => {
          make = done;
        });
        return { el: document.createElement("div"), remove: removed };
      },
    };
    on.model.set({
      card: "IPY_MODEL_x",
      head: { ...on.model.view.head, open: on.model.view.rows[0]?.token },
    });
    await drawn();
    on.close();
    make();
    await drawn();
    expect(removed).toHaveBeenCalledTimes(1);
  });
});
