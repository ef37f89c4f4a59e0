import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Stage } from "../src/contract";
import { notifyInLab } from "../src/labextension/commands";
import { NOTIFY_BLOCKED } from "../src/words";
import { type Drawn, draw, scrollIntoView, shown } from "./draw";
import { boardOf, change, drawBoard, named, type Shown } from "./draw-board";
import { sample } from "./samples";

interface Sent {
  title: string;
  body: string;
  tag: string;
}
let sent: Sent[] = [];
let permission: NotificationPermission = "granted";
let isSeen = false;

/** A browser that does not ask: permission was granted or refused before. */
class FakeNotification {
  static get permission(): NotificationPermission {
    return permission;
  }
  static requestPermission = vi.fn(async () => permission);
  constructor(title: string, { body, tag }: { body: string; tag: string }) {
    sent.push({ title, body, tag });
  }
}

beforeEach(() => {
  sent = [];
  permission = "granted";
  isSeen = false;
  document.title = "Untitled.ipynb";
  vi.stubGlobal("Notification", FakeNotification);
  FakeNotification.requestPermission.mockClear();
  vi.spyOn(document, "hasFocus").mockImplementation(() => isSeen);
});

afterEach(() => {
  seePage();
  vi.unstubAllGlobals();
});

function seePage(): void {
  isSeen = true;
  window.dispatchEvent(new Event("focus"));
}

/** Opens the menu of a card, where the toggle is. */
function openMenu<T extends Drawn | Shown>(on: T): T {
  const more = on.all<HTMLButtonElement>(".head .quiet").find(({ ariaExpanded }) => ariaExpanded === "false");
  more?.click();
  return on;
}

/** Presses the toggle; the browser has answered. */
async function toggle(on: Drawn | Shown): Promise<HTMLButtonElement> {
  openMenu(on);
  const button = on.button("Notify me");
  button.click();
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return button;
}

describe("Notify me", () => {
  it("is off until it is pressed, and can be switched off again", async () => {
    const card = openMenu(draw("running"));
    expect(card.button("Notify me").ariaPressed).toBe("false");
    card.model.set(sample("completed"));
    expect([sent, document.title]).toEqual([[], "Untitled.ipynb"]);
    card.model.set(sample("running"));
    const button = await toggle(card);
    expect(button.ariaPressed).toBe("true");
    expect(FakeNotification.requestPermission).toHaveBeenCalledOnce();
    await toggle(card);
    expect(button.ariaPressed).toBe("false");
    card.model.set(sample("completed"));
    expect([sent, document.title]).toEqual([[], "Untitled.ipynb"]);
    expect(FakeNotification.requestPermission).toHaveBeenCalledOnce();
  });

  it.each(["completed", "errored", "needs_input"])("notifies once when the run is %s", async (name) => {
    const card = draw("running");
    await toggle(card);
    card.model.set({ result: sample("running_many").result, now: sample("running_many").now });
    expect(sent).toEqual([]);
    const { head } = sample(name);
    card.model.set(sample(name));
    card.model.emit("change:head");
    const body = name === "completed" ? head.summary : head.announcement;
    expect(sent).toEqual([{ title: head.prompt, body, tag: sample("running").head.token }]);
  });

  it("notifies of nothing that was there before, or that only goes on", async () => {
    const card = draw("filling");
    await toggle(card);
    card.model.set({ tables: sample("completed").tables });
    expect(sent).toEqual([]);
    // Who asks for it while cells fill waits for the last of them.
    card.model.set({ head: sample("completed").head });
    expect(sent).toHaveLength(1);
    sent = [];
    const next = draw("queued", (view) => Object.assign(view.head, { done: false, settled: false }));
    await toggle(next);
    next.model.set({ head: { ...sample("running").head, announcement: "Run: Running." } });
    expect(sent).toEqual([]);
  });

  it("notifies once of a good run, when its last cells are final or stopped", async () => {
    const card = draw("running");
    await toggle(card);
    for (const name of ["filling", "stopping", "stopped_cells", "completed"])
      card.model.set({ head: sample(name).head });
    expect(sent.map(({ body }) => body)).toEqual([sample("stopped_cells").head.announcement]);
  });

  it("marks the page's title until the page is seen", async () => {
    const card = draw("running");
    await toggle(card);
    card.model.set(sample("completed"));
    expect(document.title).toBe("● Untitled.ipynb");
    card.model.set(sample("errored"));
    expect(document.title).toBe("● Untitled.ipynb");
    document.dispatchEvent(new Event("visibilitychange"));
    expect(document.title).toBe("● Untitled.ipynb");
    seePage();
    expect(document.title).toBe("Untitled.ipynb");
  });

  it("leaves the title of a seen page, and one that the host changed", async () => {
    const card = draw("running");
    await toggle(card);
    isSeen = true;
    scrollIntoView(false);
    card.model.set(sample("completed"));
    expect(document.title).toBe("Untitled.ipynb");
    expect(sent).toHaveLength(1);
    isSeen = false;
    card.model.set(sample("errored"));
    document.title = "Other.ipynb";
    seePage();
    expect(document.title).toBe("Other.ipynb");
  });

  it("does not tell what a card in sight shows", async () => {
    const card = draw("running");
    await toggle(card);
    isSeen = true;
    card.model.set(sample("completed"));
    expect(sent).toEqual([]);
  });

  it("says that the browser refuses, and marks the title nevertheless", async () => {
    permission = "denied";
    const card = draw("running");
    const button = await toggle(card);
    expect(button.ariaPressed).toBe("true");
    expect(card.text()).toContain(NOTIFY_BLOCKED);
    card.model.set(sample("completed"));
    expect(sent).toEqual([]);
    expect(document.title).toBe("● Untitled.ipynb");
    card.model.set(sample("running"));
    await toggle(card);
    expect(card.text()).not.toContain(NOTIFY_BLOCKED);
  });

  it("is not there where the browser has no notifications", () => {
    vi.unstubAllGlobals();
    const complaint = vi.spyOn(console, "error");
    const card = draw("running");
    expect(() => card.button("Notify me")).toThrow();
    card.model.set(sample("completed"));
    expect(document.title).toBe("Untitled.ipynb");
    expect(complaint).not.toHaveBeenCalled();
  });
});

describe("Notify me on a board", () => {
  const counts = (...each: [Stage, number][]) =>
    each.map(([stage, count]) => ({ stage, label: `${count} ${stage}`, count }));

  it("notifies when more runs ask or have failed, and when all have ended", async () => {
    const rows = named("a", "b", "c");
    Object.assign(rows[2] as object, { stage: "failed" });
    const on = drawBoard(boardOf(rows));
    await toggle(on);
    const sums = "36 leads, 29 qualified, 517 credits";
    const said: string[] = [];
    for (const [stages, head] of [
      [["running", "ended"], { announcement: "1 failed" }],
      [["needs_you", "ended"], { announcement: "1 needs you" }],
      [["ended", "ended"], { announcement: "1 failed" }],
      [["ended", "failed"], { announcement: "2 failed" }],
      [["ended", "failed"], { settled: true, announcement: "all have ended", sums }],
    ] as const) {
      await change(on, (view) => {
        view.rows.forEach((each, at) => {
          each.stage = stages[at] ?? "failed";
        });
        Object.assign(view.head, head);
      });
      said.push(sent.map(({ title, body }) => `${title}, ${body}`).join());
      sent = [];
    }
    const result = "36 leads, 29 qualified, 517 credits";
    expect(said).toEqual(["", "1 needs you, ", "", "2 failed, ", `all have ended, ${result}`]);
    expect(document.title).toBe("● Untitled.ipynb");
  });

  it("notifies of nothing that was there before", async () => {
    const on = drawBoard(boardOf(named("a"), { counts: counts(["failed", 1]) }));
    await toggle(on);
    await change(on, (view) => {
      view.head.sums = "5 leads";
    });
    expect(sent).toEqual([]);
    expect(shown(on.one(".sums"))).toContain("5");
  });
});

describe("in a host with the extension", () => {
  let executed: unknown[] = [];
  let end = (): void => {};

  beforeEach(() => {
    executed = [];
  });

  afterEach(() => end());

  /** The host's commands, without those that it has not got. */
  const commands = (has: boolean): CommandRegistry => ({
    addCommand: () => {},
    hasCommand: () => has,
    execute: async (id, args) => {
      const { message, type } = args as { message: string; type: string };
      executed.push([id, message, type]);
    },
  });

  it("notifies", async () => {
    end = notifyInLab(commands(true));
    const card = draw("running");
    await toggle(card);
    card.model.set(sample("completed"));
    const { head } = sample("completed");
    expect(executed).toEqual([
      ["apputils:notify", `${head.prompt.slice(0, 50)}…: ${head.summary}`, "success"],
    ]);
  });

  it.each([
    ["errored", "error"],
    ["timed_out", "error"],
    ["needs_input", "warning"],
    ["nothing_built", "warning"],
    ["step_cap_hit", "warning"],
    ["cancelled", "info"],
  ])("shows a run that is %s as %s", async (name, type) => {
    end = notifyInLab(commands(true));
    const card = draw("running");
    await toggle(card);
    card.model.set(sample(name));
    expect(executed.map((each) => (each as string[])[2])).toEqual([type]);
  });

  it("notifies of nothing on a card where a person has switched it off", async () => {
    end = notifyInLab(commands(true));
    const card = draw("running");
    await toggle(card);
    expect((await toggle(card)).ariaPressed).toBe("false");
    card.model.set(sample("completed"));
    expect(executed).toEqual([]);
    expect(sent).toEqual([]);
  });
});
