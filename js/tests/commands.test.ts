import { beforeEach, describe, expect, it, vi } from "vitest";
import { BUSY } from "../src/buttons";
import type { Button } from "../src/contract";
import { Session } from "../src/session";
import { active, type Drawn, draw, isOff, shown } from "./draw";
import { sample } from "./samples";

let run = 0;
/** Commands are held on the page by run, so each test has its own run. */
const own = (name: string): Drawn =>
  draw(name, (view) => {
    view.head.run_id = `run-${++run}`;
    if (view.ask) view.ask.run_id = view.head.run_id;
  });

beforeEach(() => {
  vi.useFakeTimers();
});

/** Presses a button that asks, and says yes. */
const confirm = (card: Drawn, label: string, yes: string): void => {
  card.button(label).click();
  vi.advanceTimersByTime(500);
  card.button(yes).click();
};
const cancel = (card: Drawn): void => confirm(card, "Cancel", "Yes, cancel it");
/** The button that stops a run, with a change. */
const stopOf = (name: string, change: Partial<Button> = {}): Button => ({
  ...(sample(name).head.buttons.find(({ command }) => command === "cancel") as Button),
  ...change,
});
const CANCEL_ASKS = `${stopOf("running").confirm}`;
const STOP_ASKS = `${stopOf("filling").confirm}`;

describe("Cancel", () => {
  it("says what it does, is sent once, and says when the kernel is busy", () => {
    const card = own("running");
    const button = card.button("Cancel");
    button.click();
    expect(card.text()).toContain(CANCEL_ASKS);
    expect(card.one("[role=group]").ariaLabel).toBe(CANCEL_ASKS);
    const yes = card.button("Yes, cancel it");
    expect(active()).toBe(yes);
    // The second press of a double click confirms nothing.
    yes.click();
    expect(card.model.commands()).toEqual([]);
    vi.advanceTimersByTime(500);
    yes.click();
    yes.click();
    expect(active()).toBe(button);
    expect(card.model.commands()).toEqual([
      {
        kind: "command",
        id: expect.any(String),
        name: "cancel",
        run_id: `run-${run}`,
        prompt: "",
        answers: [],
      },
    ]);
    expect(shown(button)).toBe("Cancelling…");
    expect(isOff(button)).toBe(true);
    vi.advanceTimersByTime(4000);
    expect(card.text()).toContain(BUSY);
    card.model.acknowledge();
    expect(card.text()).not.toContain(BUSY);
    expect(isOff(button)).toBe(true);
  });

  it("that failed says why and how to go on, and can be tried again", () => {
    const card = own("running");
    cancel(card);
    card.model.acknowledge(false, "Origami can't be reached", "Try again when you are online.");
    expect(card.text()).toContain("Origami can't be reached. Try again when you are online.");
    cancel(card);
    expect(card.model.commands().length).toBe(2);
    expect(card.text()).not.toContain("can't be reached");
  });

  it("gives way to what the server said", () => {
    const card = own("running");
    const button = card.button("Cancel");
    cancel(card);
    vi.advanceTimersByTime(4000);
    const requested = stopOf("running", { requested: true });
    card.model.set({ head: { ...sample("running").head, run_id: `run-${run}`, buttons: [requested] } });
    expect(card.button("Cancelling…")).toBe(button);
    expect(isOff(button)).toBe(true);
    expect(card.text()).not.toContain(BUSY);
    card.model.set({ head: { ...sample("cancelled").head, run_id: `run-${run}` } });
    expect(() => card.button("Cancelling…")).toThrow();
    expect(card.text()).not.toContain(BUSY);
  });

  it("is one click for all views of the page", () => {
    const first = own("running");
    const second = draw(first.model);
    cancel(first);
    expect(isOff(second.button("Cancelling…"))).toBe(true);
    second.button("Cancelling…").click();
    expect(first.model.commands().length).toBe(1);
  });

  it("is one button with Stop filling, in another word and question", () => {
    const card = own("running");
    const button = card.button("Cancel");
    button.click();
    card.model.set({ head: { ...sample("filling").head, run_id: `run-${run}` } });
    // What was asked is no longer what would happen.
    expect(card.text()).not.toContain(CANCEL_ASKS);
    expect(card.button("Stop filling 2 cells")).toBe(button);
    confirm(card, "Stop filling 2 cells", "Yes, stop filling");
    expect(card.model.commands()).toMatchObject([{ name: "cancel", run_id: `run-${run}` }]);
    expect(shown(button)).toBe("Stopping…");
    expect(isOff(button)).toBe(true);
  });

  it("keeps its question and the focus while cells are counted down", () => {
    const card = own("filling");
    card.button("Stop filling 2 cells").click();
    const yes = card.button("Yes, stop filling");
    const head = { ...sample("filling").head, run_id: `run-${run}` };
    card.model.set({ head: { ...head, buttons: [stopOf("filling", { label: "Stop filling 1 cell" })] } });
    expect(card.button("Yes, stop filling")).toBe(yes);
    expect(active()).toBe(yes);
    expect(card.text()).toContain(STOP_ASKS);
  });

  it.each([
    ["running", "Cancel"],
    ["filling", "Stop filling 2 cells"],
  ])("is off without a kernel: %s", (name, label) => {
    const card = own(name);
    card.button(label).click();
    card.model.stop();
    expect(isOff(card.button(label))).toBe(true);
    expect(card.text()).not.toContain("Used credits");
    card.button(label).click();
    expect(card.model.commands()).toEqual([]);
  });
});

describe("the same click", () => {
  it("is sent once, also when it is sent past the buttons", () => {
    const card = own("running");
    const sessions = [1, 2].map(() => new Session(card.model, card.host, () => {}));
    for (const session of sessions) session.command(`run-${run}`, "follow_up", "Find more");
    for (const session of sessions) session.command(`run-${run}`, "follow_up", "Find other ones");
    expect(card.model.commands().map(({ prompt }) => prompt)).toEqual(["Find more", "Find other ones"]);
    for (const session of sessions) session.close();
  });
});

describe("a click without an answer", () => {
  it("is taken back when the kernel is gone, so that a new kernel's card of the run can send it", () => {
    const old = own("running");
    cancel(old);
    old.model.stop();
    const fresh = draw("running", (view) => {
      view.head.run_id = `run-${run}`;
    });
    cancel(fresh);
    expect(fresh.model.commands().length).toBe(1);
  });

  it("is free again some time after its view was closed", () => {
    const old = own("running");
    cancel(old);
    old.close();
    const next = draw(old.model);
    expect(isOff(next.button("Cancelling…"))).toBe(true);
    vi.advanceTimersByTime(11_000);
    expect(isOff(next.button("Cancel"))).toBe(false);
  });
});

describe("a button that spends credits", () => {
  const LABEL = "Find more bakeries like these";

  it("asks once, and No sends nothing", () => {
    const card = own("completed");
    card.button("Follow up").click();
    card.button(LABEL).click();
    expect(card.text()).toContain("This starts another turn, which uses credits.");
    card.button("No").click();
    expect(card.text()).not.toContain("This starts another turn");
    expect(card.model.commands()).toEqual([]);
    expect(active()).toBe(card.button(LABEL));
  });

  it("is sent with its words", () => {
    const card = own("completed");
    card.button("Follow up").click();
    confirm(card, LABEL, "Yes, start it");
    expect(card.model.commands()).toMatchObject([{ name: "follow_up", prompt: LABEL, run_id: `run-${run}` }]);
    expect(isOff(card.button("Requested"))).toBe(true);
  });

  it("is free again some time after it was accepted without effect", () => {
    const card = own("completed");
    card.button("Follow up").click();
    confirm(card, LABEL, "Yes, start it");
    card.model.acknowledge();
    vi.advanceTimersByTime(5000);
    expect(isOff(card.button("Requested"))).toBe(true);
    vi.advanceTimersByTime(6000);
    expect(isOff(card.button(LABEL))).toBe(false);
  });
});

describe("a check at once", () => {
  it("can be asked for again as soon as it was done", () => {
    const card = own("reconnecting");
    card.button("Retry now").click();
    card.model.acknowledge();
    expect(isOff(card.button("Retry now"))).toBe(false);
  });
});

describe("keys", () => {
  const press = (target: Element, init: KeyboardEventInit): { event: KeyboardEvent; reached: boolean } => {
    let reached = false;
    const host = (): void => {
      reached = true;
    };
    document.addEventListener("keydown", host, true);
    const event = new KeyboardEvent("keydown", { bubbles: true, composed: true, cancelable: true, ...init });
    target.dispatchEvent(event);
    document.removeEventListener("keydown", host, true);
    return { event, reached };
  };

  it.each(["b", "d", "x", "Enter", " ", "ArrowDown"])("%s on a button stays with the card", (key) => {
    const { event, reached } = press(own("running").button("Cancel"), { key });
    expect(reached).toBe(false);
    expect(event.defaultPrevented).toBe(false);
  });

  it("of the host's own shortcuts pass, except those that would run the cell again", () => {
    const button = own("running").button("Cancel");
    expect(press(button, { key: "s", ctrlKey: true }).reached).toBe(true);
    expect(press(button, { key: "Enter", ctrlKey: true }).reached).toBe(false);
    expect(press(button, { key: "Enter", shiftKey: true }).reached).toBe(false);
    expect(press(document.body, { key: "b" }).reached).toBe(true);
  });

  it("that are held down don't press twice", () => {
    const button = own("running").button("Cancel");
    expect(press(button, { key: "Enter", repeat: true }).event.defaultPrevented).toBe(true);
  });

  it("Escape takes a question back", () => {
    const card = own("completed");
    card.button("Follow up").click();
    card.button("Add opening hours").click();
    press(card.button("Yes, start it"), { key: "Escape" });
    expect(active()).toBe(card.button("Add opening hours"));
  });
});

describe("Copy", () => {
  it("copies the line and says so", async () => {
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
    const card = own("completed");
    const { line } = sample("completed").head;
    card.button("⋯").click();
    const button = card.one<HTMLButtonElement>(".menu button");
    expect(button.ariaLabel).toBe("Copy the line that shows this run");
    button.click();
    await vi.advanceTimersByTimeAsync(10);
    expect(written).toEqual([line]);
    expect(shown(button)).toBe("Copied");
    await vi.advanceTimersByTimeAsync(2000);
    expect(shown(button)).toBe("Copy");
    vi.unstubAllGlobals();
  });
});
