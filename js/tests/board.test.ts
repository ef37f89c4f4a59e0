import { beforeEach, describe, expect, it, vi } from "vitest";
import type { BoardRow } from "../src/contract";
import { activity } from "../src/page_state";
import { BoardModel } from "./board-model";
import { active, draw, isOff, press, shown } from "./draw";
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
  ROW_BUTTONS,
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
      expect(activity()).toBe(2);
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

describe("the keyboard", () => {
  const stops = (on: Shown): string[] =>
    on
      .briefs()
      .filter((each) => each.tabIndex === 0)
      .map(shown);

  it("goes through the rows with the arrows, Home, End and Tab", () => {
    const on = drawBoard(boardOf(named("a", "b", "c")));
    expect(stops(on)).toEqual(["a"]);
    on.briefs()[0]?.focus();
    const at = (): string => shown(active());
    for (const [key, expected] of [
      ["ArrowUp", "a"],
      ["ArrowDown", "b"],
      ["ArrowDown", "c"],
      ["ArrowDown", "c"],
      ["Home", "a"],
      ["End", "c"],
      ["ArrowUp", "b"],
    ] as const) {
      press(key);
      expect([key, at(), stops(on)]).toEqual([key, expected, [expected]]);
    }
  });

  it("passes rows that are filtered away, and leaves other keys alone", () => {
    const on = drawBoard(boardOf(named("a", "x", "b")));
    type(on, "a");
    type(on, "");
    const brief = on.briefs()[0] as HTMLButtonElement;
    brief.focus();
    for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }])
      expect(press("ArrowDown", brief, more)).toBe(true);
    expect(active()).toBe(brief);
    expect(press("End", on.one("input"))).toBe(true);
    const [, hidden] = on.briefs();
    type(on, "");
    pick(on, "");
    (hidden as HTMLElement).closest("tr")?.toggleAttribute("hidden", true);
    press("ArrowDown", brief);
    expect(shown(active())).toBe("b");
  });

  it("stays at a row that can be seen when the chosen one is filtered away", () => {
    const on = drawBoard(boardOf(named("a", "b")));
    type(on, "b");
    expect(stops(on)).toEqual(["b"]);
  });
});

describe("a card within the board", () => {
  const manager = () => {
    const views: { el: HTMLElement; remove: ReturnType<typeof vi.fn> }[] = [];
    const waiting: (() => void)[] = [];
    return {
      views,
      waiting,
      asked: [] as string[],
      slow: false,
      async get_model(id: string) {
        this.asked.push(id);
        return { id };
      },
      async create_view() {
        if (this.slow) await new Promise<void>((done) => waiting.push(done));
        const el = document.createElement("div");
        el.innerHTML = "<textarea></textarea>";
        const view = { el, remove: vi.fn(() => el.remove()) };
        views.push(view);
        return view;
      },
    };
  };

  /** The kernel answers a click. */
  const answer = async (on: Shown, open: string, card: string): Promise<void> => {
    on.model.acknowledge();
    on.model.set({ card });
    on.model.change((view) => {
      view.head.open = open;
    });
    await drawn();
    await drawn();
  };

  const opened = async (on: Shown, at: number, card = "IPY_MODEL_card1"): Promise<string> => {
    on.briefs()[at]?.click();
    const { name, run_id } = on.model.commands().at(-1) as { name: string; run_id: string };
    expect(name).toBe("open");
    await answer(on, run_id, card);
    return run_id;
  };

  it("is asked for once, drawn below its row, and folded again", async () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const host = manager();
    on.model.widget_manager = host;
    for (let turn = 1; turn <= 3; turn++) {
      const brief = on.briefs()[1] as HTMLButtonElement;
      brief.click();
      brief.click();
      expect(isOff(brief)).toBe(true);
      expect(on.model.commands()).toHaveLength(2 * turn - 1);
      const { run_id } = on.model.commands().at(-1) as { run_id: string };
      await answer(on, run_id, `IPY_MODEL_card${turn}`);
      expect(host.asked.at(-1)).toBe(`card${turn}`);
      expect(on.rows()[1]?.nextElementSibling).toBe(on.one(".card-row"));
      expect(on.one(".card-row").contains(host.views.at(-1)?.el ?? null)).toBe(true);
      expect(brief.ariaExpanded).toBe("true");
      brief.click();
      expect(on.model.commands().at(-1)).toMatchObject({ name: "fold", run_id });
      await answer(on, "", "");
      expect(on.all(".card-row")).toEqual([]);
      expect(host.views.at(-1)?.remove).toHaveBeenCalledTimes(1);
      expect(brief.ariaExpanded).toBe("false");
    }
    expect(host.views).toHaveLength(3);
  });

  it("keeps its focus and its place while the runs go on", async () => {
    const on = drawBoard(boardOf(named("a", "b")));
    on.model.widget_manager = manager();
    await opened(on, 0);
    const field = on.one<HTMLTextAreaElement>("textarea");
    field.focus();
    const observer = new MutationObserver(() => {});
    observer.observe(on.one(".card-row"), { childList: true, subtree: true });
    await change(on, (view) => {
      Object.assign(view.rows[1] as BoardRow, numbers(5));
      view.head.sums = "5 leads";
    });
    await change(on, (view) => {
      (view.rows[0] as BoardRow).note = "2 questions";
    });
    expect(active()).toBe(field);
    expect(observer.takeRecords()).toEqual([]);
    // That is how a move would be seen.
    on.one(".card-row").append(field);
    expect(observer.takeRecords().length).toBeGreaterThan(0);
    observer.disconnect();
  });

  it("goes with its row when the rows are sorted, and hides with it", async () => {
    const on = drawBoard(boardOf([row({ prompt: "a", ...numbers(1) }), row({ prompt: "b", ...numbers(2) })]));
    on.model.widget_manager = manager();
    await opened(on, 0);
    on.button("Leads").click();
    expect(texts(on)).toEqual(["b", "a"]);
    expect(on.rows()[1]?.nextElementSibling).toBe(on.one(".card-row"));
    type(on, "b");
    expect(on.all(".card-row")).toEqual([]);
    type(on, "");
    expect(on.rows()[1]?.nextElementSibling).toBe(on.one(".card-row"));
  });

  it("goes on in its row when the run is continued", async () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const host = manager();
    on.model.widget_manager = host;
    await opened(on, 0);
    await change(on, (view) => {
      view.head.open = (view.rows[0] as BoardRow).token = "agent/next";
    });
    expect(on.rows()[0]?.nextElementSibling).toBe(on.one(".card-row"));
    expect(host.views[0]?.remove).not.toHaveBeenCalled();
  });

  it("is replaced by another one", async () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const host = manager();
    on.model.widget_manager = host;
    await opened(on, 0);
    await opened(on, 1, "IPY_MODEL_card2");
    expect(on.all(".card-row")).toHaveLength(1);
    expect(on.rows()[1]?.nextElementSibling).toBe(on.one(".card-row"));
    expect(host.views.map(({ remove }) => remove.mock.calls.length)).toEqual([1, 0]);
  });

  it("that comes when it was folded already is removed at once", async () => {
    const on = drawBoard(boardOf(named("a")));
    const host = manager();
    host.slow = true;
    on.model.widget_manager = host;
    await opened(on, 0);
    on.briefs()[0]?.click();
    await answer(on, "", "");
    for (const done of host.waiting) done();
    await drawn();
    expect(host.views[0]?.remove).toHaveBeenCalledTimes(1);
    expect(on.host.contains(host.views[0]?.el ?? null)).toBe(false);
    expect(on.text()).not.toContain("can't draw");
  });

  it.each([
    ["has no manager", undefined],
    ["does not know it", { get_model: () => Promise.reject(new Error("gone")), create_view: vi.fn() }],
    ["cannot draw it", { get_model: async () => ({}), create_view: () => Promise.reject(new Error("no")) }],
    ["finds nothing", { get_model: async () => undefined, create_view: vi.fn() }],
  ])("is named by a line of Python where the host %s", async (_, host) => {
    const on = drawBoard(boardOf(named("a")));
    on.model.widget_manager = host;
    const token = await opened(on, 0);
    await drawn();
    expect(on.text()).toContain(`In a cell of its own: ow.attach("${token}")`);
  });

  it("that could not be opened says why", () => {
    const on = drawBoard(boardOf(named("a")));
    on.briefs()[0]?.click();
    on.model.acknowledge(false, "The board is out of date", "Show the board again in a new cell.");
    expect(on.text()).toContain("The board is out of date. Show the board again in a new cell.");
    expect(isOff(on.briefs()[0] as HTMLButtonElement)).toBe(false);
  });
});

describe("Answer", () => {
  const asking = (): BoardRow =>
    row({ name: "Braga", done: true, settled: true, stage: "needs_you", button: "answer" });

  /** Shows a card with a question, as a widget of the host does. */
  const host = {
    get_model: async (id: string) => ({ id }),
    async create_view() {
      const el = document.createElement("div");
      const widget = document.createElement("div");
      widget.className = "origami-widget";
      const question = document.createElement("section");
      question.className = "ask";
      question.append(document.createElement("input"));
      widget.attachShadow({ mode: "open" }).append(question);
      el.append(widget);
      return { el, remove: () => el.remove() };
    },
  };
  const open = async (on: Shown): Promise<void> => {
    on.model.acknowledge();
    on.model.set({ card: "IPY_MODEL_1" });
    await change(on, (view) => {
      view.head.open = (view.rows[0] as BoardRow).token;
    });
    await drawn();
    await drawn();
  };

  it("opens the row at its question, once", async () => {
    const on = drawBoard(boardOf([asking()]));
    on.model.widget_manager = host;
    const button = on.button("Answer");
    expect(button.ariaLabel).toBe("Answer: Braga");
    button.click();
    button.click();
    expect(on.model.commands()).toMatchObject([{ name: "open", run_id: on.model.view.rows[0]?.token }]);
    await open(on);
    // Opened again, the card would lose what is typed in it.
    expect([shown(button), isOff(button)]).toEqual(["Answer", true]);
    button.click();
    expect(on.model.commands()).toHaveLength(1);
  });
});

describe("Try again", () => {
  it("of a failed run asks first, as it uses credits, and is sent with its prompt", () => {
    const on = drawBoard(
      boardOf([row({ name: "Lisbon", done: true, settled: true, stage: "failed", button: "try_again" })]),
    );
    const spec = ROW_BUTTONS.try_again;
    on.button("Try again").click();
    expect(on.text()).toContain(spec?.confirm);
    vi.advanceTimersByTime(500);
    on.button(`${spec?.yes}`).click();
    const { token } = on.model.view.rows[0] as BoardRow;
    expect(on.model.commands()).toMatchObject([{ name: "follow_up", run_id: token, prompt: spec?.prompt }]);
  });
});

describe("Cancel", () => {
  it("of a row asks first, and is sent once, for that row alone", () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const button = on.rows()[1]?.querySelector<HTMLButtonElement>(".b-does button") as HTMLButtonElement;
    expect(button.ariaLabel).toBe("Cancel: b");
    button.click();
    vi.advanceTimersByTime(500);
    on.button("Yes, cancel it").click();
    expect(on.model.commands()).toMatchObject([{ name: "cancel", run_id: on.model.view.rows[1]?.token }]);
    expect(isOff(button)).toBe(true);
    expect([shown(button), button.ariaLabel]).toEqual(["Cancelling…", "Cancelling…: b"]);
  });

  it("stops the cells of a run that is over, with another word and question", () => {
    const on = drawBoard(boardOf([row({ name: "Porto", done: true, stage: "filling", button: "stop" })]));
    const button = on.button("Stop");
    expect(button.ariaLabel).toBe("Stop: Porto");
    button.click();
    expect(on.text()).toContain(`${ROW_BUTTONS.stop?.confirm}`);
    expect(on.one("[role=group]").ariaLabel).toBe(`${ROW_BUTTONS.stop?.confirm}: Porto`);
    vi.advanceTimersByTime(500);
    on.button("Yes, stop filling").click();
    expect(on.model.commands()).toMatchObject([{ name: "cancel", run_id: on.model.view.rows[0]?.token }]);
    expect([shown(button), isOff(button)]).toEqual(["Stopping…", true]);
  });

  it("is offered for no settled run, and says where it was requested", () => {
    const on = drawBoard(
      boardOf([
        row({ button: "", done: true }),
        row({ button: "cancelling" }),
        row({ button: "stopping", done: true }),
        row({ button: "cancel" }),
        row({ button: "stop", done: true }),
      ]),
    );
    const does = on.rows().map((each) => shown(each.querySelector(".b-does") as HTMLElement));
    expect(does).toEqual(["", "Cancelling…", "Stopping…", "Cancel", "Stop"]);
    for (const label of ["Cancelling…", "Stopping…"]) expect(isOff(on.button(label))).toBe(true);
  });

  it("all of one board is none of another board's", () => {
    const [one, other] = [1, 2].map(() => drawBoard(boardOf(named("a"), { buttons: [ALL] })));
    one?.button("Cancel all").click();
    vi.advanceTimersByTime(500);
    one?.button("Yes, cancel them").click();
    expect(one?.model.commands()).toMatchObject([{ name: "cancel_all" }]);
    expect(isOff(one?.button("Requested") as HTMLButtonElement)).toBe(true);
    expect(isOff(other?.button("Cancel all") as HTMLButtonElement)).toBe(false);
  });
});

describe("a kernel that is gone", () => {
  it("is said, with the line that shows the runs; nothing can be clicked", () => {
    const on = drawBoard(boardOf(named("a", "b"), { buttons: [ALL] }));
    on.model.stop();
    expect(on.text()).toContain("Kernel stopped");
    expect(on.text()).toContain("in any kernel:ow.RunBoard()");
    expect(on.rows().map((each) => shown(each.querySelector(".b-status") as HTMLElement))).toEqual([
      "Was running",
      "Was running",
    ]);
    for (const brief of on.briefs()) expect(isOff(brief)).toBe(true);
    expect(isOff(on.button("Cancel all"))).toBe(true);
    // That it completed stays true; how many cells fill doesn't.
    const filling = { status_label: "Filling 12", stage: "filling", done: true } as const;
    const other = drawBoard(
      boardOf([row(filling), row({ status_label: "Failed", stage: "failed", done: true })]),
    );
    other.model.stop();
    expect(other.all("tbody .b-status").map(shown)).toEqual(["Was filling 12", "Failed"]);
    for (const each of on.all<HTMLButtonElement>("td button")) each.click();
    on.button("Cancel all").click();
    expect(on.model.commands()).toEqual([]);
    // What is known can still be sorted and filtered.
    type(on, "b");
    expect(texts(on)).toEqual(["b"]);
  });
});

describe("a card in a row that is open", () => {
  it("has its keys for itself", () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const card = draw("running_many");
    on.one(".runs-panel").append(card.host);
    const [first] = card.all("[role=tab]") as [HTMLElement];
    const pressed = vi.fn();
    first.addEventListener("origami-key", pressed);
    press("ArrowRight", first);
    expect(pressed).toHaveBeenCalledOnce();
  });
});
