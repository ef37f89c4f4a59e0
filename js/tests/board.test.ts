import { beforeEach, describe, expect, it, vi } from "vitest";
import { BOARD_SLOTS, type BoardRow, type Button } from "../src/contract";
import { held } from "../src/shared";
import { BoardModel, board, boardOf, drawBoard, row, type Shown } from "./board-model";
import { isOff, shown } from "./draw";

beforeEach(() => {
  vi.useFakeTimers();
});

/** What was planned is drawn. */
const drawn = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

const change = async (on: Shown, how: Parameters<BoardModel["change"]>[0]): Promise<void> => {
  on.model.change(how);
  await drawn();
};

const texts = (on: Shown): string[] => on.briefs().map(shown);
const press = (node: HTMLElement, key: string, more = {}): boolean =>
  node.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more }),
  );
const type = (on: Shown, words: string): void => {
  const field = on.one<HTMLInputElement>("input");
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
const pick = (on: Shown, stage: string): void => {
  const select = on.one<HTMLSelectElement>("select");
  select.value = stage;
  select.dispatchEvent(new Event("change", { bubbles: true }));
};
const named = (...names: string[]): BoardRow[] => names.map((prompt) => row({ prompt }));
const ALL: Button = { command: "cancel_all", label: "Cancel all", prompt: "", confirm: "Cancel 2 runs?" };

describe("a board of runs that are over", () => {
  it("stands still where all is over", () => {
    drawBoard(boardOf([row({ done: true, settled: true, stage: "ended" })], {}, [[1, null, null, "ended"]]));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the board", () => {
  it("says of every state what its row holds, and no number that is not in it", () => {
    const view = board("every_state");
    const on = drawBoard(view);
    expect(on.rows()).toHaveLength(view.rows.length);
    on.rows().forEach((node, at) => {
      const { status_label, name, prompt, note, leads, credits } = view.rows[at] as BoardRow;
      const told = shown(node);
      for (const words of [status_label, name, prompt, note]) expect(told).toContain(shown(text(words)));
      expect(shown(node.querySelector(".b-leads") as HTMLElement)).toBe(leads?.toLocaleString("en") ?? "");
      expect(shown(node.querySelector(".b-credits") as HTMLElement)).toBe(
        credits?.toLocaleString("en") ?? "",
      );
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
    expect(shown(on.rows()[1] as HTMLElement)).toBe(
      "Not startedFaroFind bakeries in FaroToo few credits to start a run",
    );
  });

  it("says what halts a batch and asks before it goes on", () => {
    const on = drawBoard(board("halted"));
    expect(on.text()).toContain("No further brief is started: Too few credits to start a run");
    on.button("Start the others").click();
    expect(on.text()).toContain("This spends credits.");
    vi.advanceTimersByTime(500);
    on.button("Yes, start them").click();
    expect(on.model.commands().map(({ name }) => name)).toEqual(["resume"]);
  });

  it("says that there are no runs", () => {
    const on = drawBoard(board("nothing"));
    expect(on.text()).toContain("There are no runs yet.");
    expect(on.one("table").hidden).toBe(true);
  });

  it("leaves hostile text as text", () => {
    const script = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    const on = drawBoard(
      boardOf([row({ prompt: script, name: script, note: script, status_label: script })], {
        title: script,
        facts: [script],
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
    on.button(shown(text(script))).click();
    expect(on.all("img, script, iframe")).toEqual([]);
    expect(shown(on.rows()[0] as HTMLElement)).toContain("<script>alert(2)</script>");
  });

  it("holds as many rows as there are places", () => {
    const on = drawBoard(boardOf(named(...Array.from({ length: BOARD_SLOTS }, (_, at) => `Run ${at}`))));
    expect(on.rows()).toHaveLength(BOARD_SLOTS);
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

const text = (words: string): HTMLElement => {
  const node = document.createElement("span");
  node.textContent = words;
  return node;
};

describe("sorting", () => {
  it("is asked for at the headings, and says its direction", () => {
    const on = drawBoard(
      boardOf([
        row({ prompt: "few", leads: 2 }),
        row({ prompt: "none" }),
        row({ prompt: "many", leads: 90 }),
      ]),
    );
    const sort = (name: string): string | null => on.one(`th.b-${name}`).ariaSort;
    expect([texts(on), sort("run")]).toEqual([["few", "none", "many"], "ascending"]);
    on.button("Leads").click();
    expect([texts(on), sort("leads"), sort("run")]).toEqual([["many", "few", "none"], "descending", null]);
    on.button("Leads").click();
    expect([texts(on), sort("leads")]).toEqual([["few", "many", "none"], "ascending"]);
    on.button("Age").click();
    expect([texts(on), sort("age")]).toEqual([["few", "none", "many"], "ascending"]);
    on.button("Run").click();
    expect(texts(on)).toEqual(["few", "none", "many"]);
  });

  it("goes on as the runs do, and keeps the focus in the row that moves", async () => {
    const on = drawBoard(boardOf([row({ prompt: "a", leads: 2 }), row({ prompt: "b", leads: 1 })]));
    on.button("Leads").click();
    const brief = on.briefs()[1] as HTMLButtonElement;
    brief.focus();
    await change(on, (view) => {
      (view.rows[1] as BoardRow).leads = 7;
    });
    expect(texts(on)).toEqual(["b", "a"]);
    expect(document.activeElement).toBe(brief);
    expect(on.briefs()[0]).toBe(brief);
  });
});

describe("the filter", () => {
  it("takes words and a stage, and says how many are shown", () => {
    const on = drawBoard(
      boardOf([
        ...named("Bakeries in Évora", "Bakeries in Faro"),
        row({ prompt: "Dentists", stage: "failed", done: true }),
      ]),
    );
    type(on, "bakeries evora");
    expect(texts(on)).toEqual(["Bakeries in Évora"]);
    expect(on.text()).toContain("1 of 3 runs shown");
    type(on, on.model.view.rows[2]?.token ?? "");
    expect(texts(on)).toEqual(["Dentists"]);
    type(on, "");
    pick(on, "failed");
    expect(texts(on)).toEqual(["Dentists"]);
    type(on, "bakeries");
    expect(on.text()).toContain("No run fits the filter.");
    pick(on, "");
    expect(texts(on)).toHaveLength(2);
    const field = on.one<HTMLInputElement>("input");
    field.dispatchEvent(new Event("origami-escape"));
    expect([field.value, texts(on).length]).toEqual(["", 3]);
    expect(on.text()).not.toContain("shown");
  });

  it("keeps the stage that was chosen when nothing is left of it", async () => {
    const on = drawBoard(boardOf([row({ prompt: "a", stage: "failed" }), row({ prompt: "b" })]));
    pick(on, "failed");
    await change(on, (view) => {
      Object.assign(view.rows[0] as BoardRow, { stage: "running" });
      view.head.counts = [{ stage: "running", label: "running", count: 2 }];
    });
    expect(texts(on)).toEqual([]);
    const select = on.one<HTMLSelectElement>("select");
    expect(select.value).toBe("failed");
    expect([...select.options].map((each) => each.textContent)).toEqual([
      "All 2 runs",
      "2 running",
      "0 failed",
    ]);
    await change(on, (view) => {
      view.head.counts = [{ stage: "running", label: "running", count: 3 }];
    });
    expect([...select.options].map((each) => each.textContent)).toContain("0 failed");
    pick(on, "");
    expect(texts(on)).toEqual(["a", "b"]);
  });

  it("takes the focus from no row that stays", () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const field = on.one<HTMLInputElement>("input");
    field.focus();
    type(on, "b");
    expect(document.activeElement).toBe(field);
  });
});

describe("the keyboard", () => {
  const stops = (on: Shown): string[] =>
    on
      .briefs()
      .filter((each) => each.tabIndex === 0)
      .map(shown);

  it("goes through the rows with the arrows, Home and End, and Tab to one of them", () => {
    const on = drawBoard(boardOf(named("a", "b", "c")));
    expect(stops(on)).toEqual(["a"]);
    on.briefs()[0]?.focus();
    const at = (): string => shown(document.activeElement as HTMLElement);
    for (const [key, expected] of [
      ["ArrowUp", "a"],
      ["ArrowDown", "b"],
      ["ArrowDown", "c"],
      ["ArrowDown", "c"],
      ["Home", "a"],
      ["End", "c"],
      ["ArrowUp", "b"],
    ] as const) {
      press(document.activeElement as HTMLElement, key);
      expect([key, at(), stops(on)]).toEqual([key, expected, [expected]]);
    }
  });

  it("passes rows that are filtered away, and leaves other keys alone", () => {
    const on = drawBoard(boardOf(named("a", "x", "b")));
    type(on, "a");
    type(on, "");
    const brief = on.briefs()[0] as HTMLButtonElement;
    brief.focus();
    for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { shiftKey: true }])
      expect(press(brief, "ArrowDown", more)).toBe(true);
    expect(document.activeElement).toBe(brief);
    expect(press(on.one("input"), "End")).toBe(true);
    const [, hidden] = on.briefs();
    type(on, "");
    pick(on, "");
    (hidden as HTMLElement).closest("tr")?.toggleAttribute("hidden", true);
    press(brief, "ArrowDown");
    expect(shown(document.activeElement as HTMLElement)).toBe("b");
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

  it("is asked for once, drawn below its row, and folded again, as often as one likes", async () => {
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
      (view.rows[1] as BoardRow).leads = 5;
      view.head.facts = ["5 leads"];
    });
    await change(on, (view) => {
      (view.rows[0] as BoardRow).steps_completed = 9;
    });
    expect(document.activeElement).toBe(field);
    expect(observer.takeRecords()).toEqual([]);
    // That is how a move would be seen.
    on.one(".card-row").append(field);
    expect(observer.takeRecords().length).toBeGreaterThan(0);
    observer.disconnect();
  });

  it("goes with its row when the rows are sorted, and hides with it", async () => {
    const on = drawBoard(boardOf([row({ prompt: "a", leads: 1 }), row({ prompt: "b", leads: 2 })]));
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

describe("Cancel", () => {
  it("of a row is sent once, for that row alone", () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const button = on.rows()[1]?.querySelector<HTMLButtonElement>(".b-does button") as HTMLButtonElement;
    expect(button.getAttribute("aria-label")).toBe("Cancel b");
    button.click();
    button.click();
    expect(on.model.commands()).toMatchObject([{ name: "cancel", run_id: on.model.view.rows[1]?.token }]);
    expect(isOff(button)).toBe(true);
  });

  it("is offered for no run that is over, and is told where it was asked", () => {
    const on = drawBoard(
      boardOf([
        row({ cancel: "none", done: true }),
        row({ cancel: "requested" }),
        row({ cancel: "available" }),
      ]),
    );
    const does = on.rows().map((each) => shown(each.querySelector(".b-does") as HTMLElement));
    expect(does).toEqual(["", "Cancel requested", "Cancel"]);
  });

  it("all asks first, and a double click confirms nothing", () => {
    const on = drawBoard(boardOf(named("a", "b"), { buttons: [ALL] }));
    on.button("Cancel all").click();
    on.button("Yes, cancel them").click();
    expect(on.model.commands()).toEqual([]);
    vi.advanceTimersByTime(500);
    on.button("No").click();
    expect(on.model.commands()).toEqual([]);
    on.button("Cancel all").click();
    vi.advanceTimersByTime(500);
    on.button("Yes, cancel them").click();
    expect(on.model.commands()).toMatchObject([{ name: "cancel_all" }]);
  });

  it("all of one board is none of another board's", () => {
    const [one, other] = [1, 2].map(() => drawBoard(boardOf(named("a"), { buttons: [ALL] })));
    one?.button("Cancel all").click();
    vi.advanceTimersByTime(500);
    one?.button("Yes, cancel them").click();
    expect(isOff(one?.button("Requested") as HTMLButtonElement)).toBe(true);
    expect(isOff(other?.button("Cancel all") as HTMLButtonElement)).toBe(false);
  });

  it("all keeps its question and the focus while the runs go on", async () => {
    const on = drawBoard(boardOf(named("a", "b"), { buttons: [ALL] }));
    on.button("Cancel all").click();
    const yes = on.button("Yes, cancel them");
    expect(document.activeElement).toBe(yes);
    await change(on, (view) => {
      view.head.facts = ["3 leads in 1 table"];
      (view.rows[0] as BoardRow).leads = 3;
    });
    expect(document.activeElement).toBe(yes);
    expect(on.button("Yes, cancel them")).toBe(yes);
  });
});

describe("time", () => {
  it("passes by itself, for each row as its checks do", () => {
    const on = drawBoard(board("every_state"));
    const ages = (): string[] => on.rows().map((each) => shown(each.querySelector(".b-age") as HTMLElement));
    const at = on.model.view.rows.findIndex(({ name }) => name === "Agent running");
    expect(ages()[at]).toBe("updated 9 s ago, next check in 6 s");
    vi.advanceTimersByTime(4000);
    expect(ages()[at]).toBe("updated 13 s ago, next check in 2 s");
    vi.advanceTimersByTime(4000);
    // An unchanged check is silent: it was made when it was due.
    expect(ages()[at]).toBe("updated 2 s ago, next check in 13 s");
  });

  it("makes up no check for a run whose check is late", async () => {
    const on = drawBoard(boardOf(named("a")));
    await change(on, (view) => {
      view.moments = [[Date.now() - 20_000, null, 15, "live"]];
    });
    expect(on.rows().map((each) => shown(each.querySelector(".b-age") as HTMLElement))).toEqual([
      "updated 20 s ago",
    ]);
  });
});

describe("a kernel that is gone", () => {
  it("is said, with the line that shows the runs again; nothing can be clicked, and all is the past", () => {
    const on = drawBoard(boardOf(named("a", "b"), { buttons: [ALL] }));
    on.model.comm_live = false;
    on.model.emit("comm_live_update");
    expect(on.text()).toContain("Kernel is gone");
    expect(on.text()).toContain("in any kernel:ow.RunBoard()");
    expect(on.rows().map((each) => shown(each.querySelector(".b-status") as HTMLElement))).toEqual([
      "Last seen: Running",
      "Last seen: Running",
    ]);
    for (const brief of on.briefs()) expect(isOff(brief)).toBe(true);
    expect(isOff(on.button("Cancel all"))).toBe(true);
    for (const each of on.all<HTMLButtonElement>("td button")) each.click();
    on.button("Cancel all").click();
    expect(on.model.commands()).toEqual([]);
    // What is known can still be sorted and filtered.
    type(on, "b");
    expect(texts(on)).toEqual(["b"]);
  });
});

describe("what is announced", () => {
  it("is what wants a person and the end, not each change", async () => {
    const on = drawBoard(boardOf(named("a", "b")));
    const voice = on.all("[role=status]").at(-1) as HTMLElement;
    expect(voice.textContent).toBe("");
    await change(on, (view) => {
      (view.rows[0] as BoardRow).leads = 4;
      view.head.facts = ["4 leads"];
    });
    expect(voice.textContent).toBe("");
    await change(on, (view) => {
      view.head.counts = [{ stage: "needs_you", label: "need you", count: 2 }];
    });
    expect(voice.textContent).toBe("2 runs: 2 need you.");
    await change(on, (view) => {
      Object.assign(view.head, { counts: [{ stage: "ended", label: "ended", count: 2 }], settled: true });
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
    for (let i = 0; i < 10; i++) {
      const on = drawBoard(model);
      expect(held()).toBe(3);
      model.change((view) => {
        (view.rows[0] as BoardRow).leads = i;
      });
      on.close();
      await drawn();
      expect(on.host.childNodes.length).toBe(0);
      expect(model.listeners).toBe(0);
    }
    expect(held()).toBe(0);
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

  it("leaves the other view of the same board alive", async () => {
    const first = drawBoard(boardOf(named("a")));
    const second = drawBoard(first.model);
    first.close();
    await change(second, (view) => {
      (view.rows[0] as BoardRow).prompt = "z";
    });
    expect(texts(second)).toEqual(["z"]);
    expect(first.host.textContent).toBe("");
  });
});
