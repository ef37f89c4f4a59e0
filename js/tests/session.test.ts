import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ClockView } from "../src/contract";
import { type Drawn, draw, isOff, shown, visible } from "./draw";
import { sample } from "./samples";

const NOON = new Date(2026, 6, 21, 12, 0, 0).getTime();

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
});

const times = (card: Drawn): string => card.all(".age").map(shown).join("");
const hellos = (card: Drawn): number => card.model.sent.filter((each) => each.kind === "hello").length;

/** A running run that was heard 45 s ago and is asked every 15 s. */
const running = (change: Partial<ClockView> = {}): Drawn =>
  draw("running", (view) => Object.assign(view.clock, { heard_at: view.clock.now - 45_000 }, change));

function answer(card: Drawn, change: Partial<ClockView> = {}): void {
  const clock = { ...sample("running").clock, ...change };
  card.model.emit("msg:custom", { kind: "clock", clock }, []);
}

describe("the age", () => {
  it("is said from half a minute on, and ticks", () => {
    const card = running({ heard_at: NOON - 20_000 });
    expect(times(card)).toBe("");
    vi.advanceTimersByTime(12_000);
    expect(times(card)).toBe("updated 32 s ago");
    vi.advanceTimersByTime(3000);
    expect(times(card)).toBe("updated 35 s ago");
    answer(card, { now: Date.now(), heard_at: Date.now() });
    expect(times(card)).toBe("");
  });

  it("follows the kernel's clock, whatever the browser's says", () => {
    const card = running();
    const later = sample("running", NOON + 3_600_000);
    card.model.set({ ...later, clock: { ...later.clock, heard_at: NOON + 3_600_000 - 45_000 } });
    expect(times(card)).toBe("updated 45 s ago");
  });

  it("says when a failed connection is tried again", () => {
    expect(times(draw("reconnecting"))).toMatch(/last update \d+ min ago · retrying in \d+ s/);
    expect(times(draw("stopped"))).toContain("last update");
    expect(times(draw("stopped"))).not.toContain("retrying");
  });
});

describe("the kernel", () => {
  it("is greeted once after mounting and once after a long silence", () => {
    const card = running();
    expect(hellos(card)).toBe(1);
    answer(card);
    vi.advanceTimersByTime(35_000);
    expect(hellos(card)).toBe(1);
    vi.advanceTimersByTime(2000);
    expect(hellos(card)).toBe(2);
    vi.advanceTimersByTime(60_000);
    expect(hellos(card)).toBe(2);
  });

  it("that answers is not called busy", () => {
    const card = running();
    answer(card);
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(10_000);
      if (hellos(card) > i / 4)
        answer(card, { now: Date.now(), heard_at: Date.now() - 1000, next_at: Date.now() + 14_000 });
    }
    expect(times(card)).not.toContain("busy");
  });

  it("that is silent for long and doesn't answer is called busy, until it speaks", () => {
    const card = running();
    vi.advanceTimersByTime(35_000);
    vi.advanceTimersByTime(5000);
    expect(times(card)).toContain("kernel busy");
    vi.advanceTimersByTime(120_000);
    expect(times(card)).toContain("kernel busy");
    card.model.set({ result: { ...sample("running").result, note: "20 leads added." } });
    expect(times(card)).not.toContain("busy");
  });

  it("that has not spoken since a reload makes the state a past one", () => {
    const card = draw(sample("running", NOON - 3_600_000));
    expect(times(card)).toContain("as of 11:00");
    vi.advanceTimersByTime(4000);
    expect(times(card)).toContain("as of 11:00, kernel busy");
    answer(card);
    expect(times(card)).toBe("");
  });

  it("that is gone is said, nothing runs, and every command is off", () => {
    const card = draw("filling");
    const running = draw("running");
    for (const { host, model } of [card, running]) {
      host.className = "jupyter-widgets-disconnected";
      model.emit("comm_live_update");
    }
    expect(card.text()).toContain("Kernel stopped");
    const { last_known, gone, line } = sample("running").head;
    expect(shown(running.one(".pill"))).toBe(last_known);
    expect(times(running)).toContain("last update");
    expect(running.text()).toContain(gone);
    expect(running.one(".news code").textContent).toBe(line);
    for (const each of [card, running]) {
      for (const button of each.all<HTMLButtonElement>(".act > button:not(.toggle)")) {
        if (!visible(button, each.host)) continue;
        expect(isOff(button)).toBe(true);
        button.click();
      }
      expect(each.model.commands()).toEqual([]);
    }
  });

  it.each(["stop_delayed", "stopping", "cancel_delayed", "cancel_requested"])(
    "that is gone repeats no request to stop: %s",
    (name) => {
      const card = draw(name);
      expect(card.text()).toMatch(/Stopping…|Cancelling…/);
      card.model.stop();
      expect(card.text()).not.toMatch(/Stopping|Cancelling|Retrying|Waiting/);
      expect(shown(card.one(".now"))).toContain(sample(name).head.gone);
    },
  );

  it("that is gone shows in all the ways hosts say it", () => {
    const dead = running();
    dead.model.stop();
    expect(dead.text()).toContain("Kernel stopped");
    const closed = running();
    closed.model.failing = true;
    closed.button("Cancel").click();
    vi.advanceTimersByTime(500);
    closed.button("Yes, cancel it").click();
    expect(closed.text()).toContain("Kernel stopped");
    const late = running();
    late.model.emit("comm_live_update");
    late.host.className = "jupyter-widgets-disconnected";
    vi.advanceTimersByTime(1000);
    expect(late.text()).toContain("Kernel stopped");
    late.host.className = "";
    answer(late);
    expect(late.text()).not.toContain("Kernel stopped");
  });

  it("that was restarted shows by an event alone, also on a card that rests", () => {
    for (const name of ["running", "needs_input"]) {
      const card = draw(name);
      answer(card, sample(name).clock);
      vi.advanceTimersByTime(10_000);
      card.model.emit("comm_live_update");
      expect(card.text()).not.toContain("Kernel stopped");
      card.model.failing = true;
      vi.advanceTimersByTime(1000);
      expect(card.text()).toContain("Kernel stopped");
      if (name === "running") {
        vi.advanceTimersByTime(60_000);
      }
    }
  });

  it("is asked again when the page becomes visible", () => {
    const card = running();
    answer(card);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(hellos(card)).toBe(2);
  });
});
