import { beforeEach, describe, expect, it, vi } from "vitest";
import { active, type Drawn, draw, isOff, press, shown } from "./draw";
import { sample } from "./samples";

let run = 0;
const form = (): Drawn =>
  draw("needs_input", (view) => {
    view.head.run_id = `ask-${++run}`;
    if (view.ask) view.ask.run_id = view.head.run_id;
  });

beforeEach(() => {
  vi.useFakeTimers();
});

const radios = (card: Drawn, question: number): HTMLInputElement[] => [
  ...(card.all("fieldset")[question] as HTMLElement).querySelectorAll<HTMLInputElement>("input[type=radio]"),
];
const free = (card: Drawn, question: number): HTMLInputElement =>
  (card.all("fieldset")[question] as HTMLElement).querySelector("input[type=text]") as HTMLInputElement;

const type = (field: HTMLInputElement, text: string): void => {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
const choose = (radio: HTMLInputElement): void => {
  radio.checked = true;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
};
const enter = (field: HTMLInputElement): void => {
  press("Enter", field);
};

describe("the answer form", () => {
  it("has a group per question, each with its suggestions and a free answer", () => {
    const card = form();
    expect(card.all("legend").map(shown)).toEqual(
      sample("needs_input").ask?.questions.map((each) => each.question),
    );
    expect(card.all("label").map(shown)).toEqual(["Iberia", "France", "Benelux", "Confirm"]);
    expect(new Set(card.all<HTMLInputElement>("input[type=radio]").map((each) => each.name)).size).toBe(2);
    expect(free(card, 0).placeholder).toBe("Or something else");
    expect(card.text()).toContain("Starts another turn, which uses credits.");
  });

  it("sends all answers together, once, when every question has one", () => {
    const card = form();
    const send = card.button("Send answers");
    expect(isOff(send)).toBe(true);
    choose(radios(card, 0)[2] as HTMLInputElement);
    expect(card.text()).toContain("1 of 2 answered");
    expect(isOff(send)).toBe(true);
    type(free(card, 1), "  only for bakeries  ");
    expect(radios(card, 1).at(-1)?.checked).toBe(true);
    expect(isOff(send)).toBe(false);
    send.click();
    send.click();
    enter(free(card, 1));
    expect(card.model.commands()).toEqual([
      {
        kind: "command",
        id: expect.any(String),
        name: "answer",
        run_id: `ask-${run}`,
        prompt: "",
        answers: ["Benelux", "only for bakeries"],
      },
    ]);
    expect(shown(send)).toBe("Sending…");
    expect(card.all<HTMLFieldSetElement>("fieldset").every((each) => each.disabled)).toBe(true);
  });

  it("is not sent by Enter while an answer is missing, nor twice", () => {
    const card = form();
    type(free(card, 0), "Iberia");
    enter(free(card, 0));
    expect(card.model.commands()).toEqual([]);
    type(free(card, 1), "yes");
    enter(free(card, 1));
    enter(free(card, 1));
    expect(card.model.commands().length).toBe(1);
  });

  it("keeps what was typed, chosen and focused while all else changes", () => {
    const card = form();
    const field = free(card, 0);
    type(field, "half a sen");
    field.focus();
    choose(radios(card, 1)[0] as HTMLInputElement);
    card.model.set({
      ...sample("completed"),
      head: sample("needs_input").head,
      ask: card.model.get("ask") as never,
    });
    card.model.emit("change:ask");
    vi.advanceTimersByTime(60_000);
    expect(free(card, 0)).toBe(field);
    expect(field.value).toBe("half a sen");
    expect(active()).toBe(field);
    expect(radios(card, 1)[0]?.checked).toBe(true);
  });

  it("keeps the answers when sending failed, and says why", () => {
    const card = form();
    type(free(card, 0), "Iberia");
    type(free(card, 1), "yes");
    card.button("Send answers").click();
    card.model.acknowledge(false, "Too few credits", "Add credits, then send again.");
    expect(card.text()).toContain("Too few credits. Add credits, then send again.");
    expect(free(card, 0).value).toBe("Iberia");
    card.button("Send answers").click();
    expect(card.model.commands().length).toBe(2);
  });

  it("is new for the next run's questions, and gone without any", () => {
    const card = form();
    type(free(card, 0), "for the first run");
    const ask = structuredClone(sample("needs_input").ask);
    if (ask) ask.run_id = "another-run";
    card.model.set({ ask });
    expect(free(card, 0).value).toBe("");
    card.model.set({ ask: null });
    expect(card.text()).not.toContain("Which region");
  });
});
