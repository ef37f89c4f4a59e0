import { beforeEach, describe, expect, it, vi } from "vitest";
import type { View } from "../src/contract";
import { SECTIONS } from "../src/contract";
import { activity } from "../src/shared";
import { active, draw, shown, within } from "./draw";
import { NAMES, sample } from "./samples";

beforeEach(() => {
  vi.useFakeTimers();
});

describe("every view", () => {
  it.each(NAMES)("%s is drawn without a complaint, and again", (name) => {
    const complaint = vi.spyOn(console, "error");
    const card = draw(name);
    const { head } = sample(name);
    expect(card.text()).toContain(head.status_label);
    expect(card.one(".prompt").textContent).toBe(head.prompt);
    const before = card.text();
    const nodes = within(card.host).querySelectorAll("*").length;
    for (const section of SECTIONS) card.model.emit(`change:${section}`);
    expect(card.text()).toBe(before);
    expect(within(card.host).querySelectorAll("*").length).toBe(nodes);
    expect(complaint).not.toHaveBeenCalled();
  });

  it.each(NAMES)("%s looks the same when the card was another one before", (name) => {
    const fresh = draw(name);
    const other = draw(name === "completed" ? "needs_input" : "completed");
    for (const details of other.all<HTMLDetailsElement>("details")) details.open = true;
    other.model.set(sample(name));
    for (const part of [".head", ".foot"]) expect(shown(other.one(part))).toBe(shown(fresh.one(part)));
    for (const part of ["legend", "label"])
      expect(other.all(part).map(shown)).toEqual(fresh.all(part).map(shown));
    expect(other.all(".note").map(shown)).toEqual(fresh.all(".note").map(shown));
  });

  it("tells every notice, question, table and action", () => {
    for (const name of NAMES) {
      const view = sample(name);
      const text = draw(view).text();
      for (const notice of view.notices) expect(text).toContain(notice.title.replace(/\s+/g, " ").trim());
      for (const question of view.ask?.questions ?? [])
        expect(text).toContain(question.question.replace(/\s+/g, " ").trim());
      for (const table of view.tables.items) expect(text).toContain(table.name.replace(/\s+/g, " ").trim());
      expect(text).toContain(view.foot.credits);
    }
  });
});

describe("a host that answers in Origami's place", () => {
  it("is named, and Origami itself is not", () => {
    const card = draw("completed");
    expect(card.all(".chip").filter((chip) => !chip.hidden)).toEqual([]);
    card.model.set({ head: { ...sample("completed").head, origin: "staging.example:8443" } });
    expect(shown(card.one(".chip"))).toBe("staging.example:8443");
    expect(card.one(".chip").hidden).toBe(false);
  });
});

describe("text from outside", () => {
  it("stays text", () => {
    const card = draw("hostile");
    const allowed = new Set(
      (
        "ARTICLE HEADER SECTION FOOTER DIV SPAN BDI B I EM STRONG P H4 UL OL LI BLOCKQUOTE PRE CODE BR HR A " +
        "BUTTON DETAILS SUMMARY FIELDSET LEGEND LABEL INPUT SELECT OPTION TABLE THEAD TBODY TR TH TD SMALL"
      ).split(" "),
    );
    for (const node of card.all(".origami-card *")) {
      expect(allowed).toContain(node.tagName);
      for (const { name } of [...node.attributes]) expect(name.startsWith("on")).toBe(false);
    }
    expect(card.text()).toContain("<script>alert(1)</script>");
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "http://origami.chat/",
    "//evil.example/",
    "https://origami.chat@evil.example/",
    " ",
    "vbscript:x",
  ])("does not become a link to %s", (href) => {
    const card = draw("completed", (view) => {
      view.head.link = { href, label: "Open in Origami" };
      view.prose.nodes = [{ t: "p", c: [{ t: "a", href, c: ["words"] }] }];
      for (const table of view.tables.items) table.link = { href, label: "the table" };
    });
    expect(card.all("a")).toEqual([]);
    for (const words of ["Open in Origami", "words", "the table"]) expect(card.text()).toContain(words);
  });

  it("opens safe links elsewhere and tells the page nothing", () => {
    const card = draw("completed");
    expect(card.all("a").length).toBeGreaterThan(0);
    for (const link of card.all<HTMLAnchorElement>("a")) {
      expect(link.target).toBe("_blank");
      expect(link.rel).toBe("noopener noreferrer nofollow");
    }
  });

  it("survives elements no version knows, and a tree without end", () => {
    let deep: View["prose"]["nodes"][number] = { t: "p", c: ["the end"] };
    for (let i = 0; i < 500; i++) deep = { t: "quote", c: [deep] };
    const card = draw("completed", (view) => {
      view.prose.nodes = [
        { t: "script" as "p", c: ["alert(1)"] },
        { t: "constructor" as "p", c: ["x"] },
        deep,
      ];
    });
    expect(within(card.host).querySelector("script")).toBeNull();
    expect(card.text()).toContain("alert(1)");
    expect(card.all("blockquote").length).toBeLessThan(100);
  });

  it("of a broken section does not take the others with it", () => {
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    const card = draw("completed", (view) => {
      (view.tables.items[0] as unknown as Record<string, unknown>).facts = 7;
    });
    expect(complaint).toHaveBeenCalledOnce();
    expect(card.text()).toContain("57 credits in this table");
  });
});

describe("what the reader did", () => {
  it("keeps details, expanded columns and nodes while the tables change", () => {
    const card = draw("large");
    const second = card.all<HTMLDetailsElement>(".table details")[1] as HTMLDetailsElement;
    second.open = false;
    const link = card.one(".table a");
    link.focus();
    const view = sample("large");
    for (const table of view.tables.items) table.facts = ["1 lead"];
    card.model.set({ tables: view.tables });
    expect(second.open).toBe(false);
    expect(active()).toBe(link);
    expect(card.one(".table summary").textContent).toContain("1 lead");
  });

  it("builds a folded table only when it is opened", () => {
    const card = draw("large");
    const tables = card.all(".table");
    expect(tables.length).toBe(sample("large").tables.items.length);
    const last = tables.at(-1) as HTMLElement;
    expect(last.querySelectorAll("tbody tr").length).toBe(0);
    const details = last.querySelector("details") as HTMLDetailsElement;
    details.open = true;
    details.dispatchEvent(new Event("toggle"));
    expect(last.querySelectorAll("tbody tr").length).toBeGreaterThan(0);
  });

  it("folds many columns and unfolds them again", () => {
    const card = draw("completed", (view) => {
      const table = view.tables.items[0];
      const row = table?.columns[1];
      if (table && row) table.columns = Array.from({ length: 40 }, () => row);
    });
    expect(card.all("tbody tr").length).toBe(8);
    card.button("All 40 columns").click();
    expect(card.all("tbody tr").length).toBe(40);
    card.button("Fewer columns").click();
    expect(card.all("tbody tr").length).toBe(8);
  });

  it("folds what people type in before what costs and judges", () => {
    const card = draw("completed", (view) => {
      const table = view.tables.items[0];
      const [typed, , judged] = table?.columns ?? [];
      if (table && typed && judged) table.columns = [...Array.from({ length: 12 }, () => typed), judged];
    });
    const rows = card.all("tbody tr");
    expect(rows.length).toBe(8);
    expect(rows[7]?.textContent).toContain("12 · 2 · 1");
  });

  it("follows a change of one column without touching the other rows", () => {
    const card = draw("filling");
    const rows = card.all("tbody tr");
    const cell = rows[2]?.lastElementChild;
    const view = sample("filling");
    const row = view.tables.items[0]?.columns[1];
    if (row) row[5] = 1;
    card.model.set({ tables: view.tables });
    expect(rows[1]?.textContent).toContain("1 running, 1 failed");
    expect(card.all("tbody tr")[2]?.lastElementChild).toBe(cell);
  });
});

describe("announcements", () => {
  it("tell a change of status, the questions and the end, but neither ticks nor what was there before", () => {
    const card = draw("running");
    const voice = card.one("[role=status], .hidden");
    expect(voice.textContent).toBe("");
    vi.advanceTimersByTime(5000);
    card.model.set({ actions: sample("completed").actions });
    expect(voice.textContent).toBe("");
    card.model.set(sample("needs_input"));
    expect(voice.textContent).toBe(
      "Run: Needs your answer. 2 questions: Which region should I search first? " +
        "May I look up e-mail addresses, which costs credits? All cells are settled.",
    );
    card.model.set(sample("filling"));
    expect(voice.textContent).toBe("Run: Completed.");
    card.model.set(sample("completed"));
    expect(voice.textContent).toBe("Run: Completed. All cells are settled.");
  });
});

describe("the end of a view", () => {
  it("leaves no node, timer or listener, however often", () => {
    const timers = vi.getTimerCount();
    for (let i = 0; i < 20; i++) {
      const card = draw("running");
      expect(activity()).toBe(3);
      card.close();
      expect(card.host.childNodes.length).toBe(0);
      expect(card.model.listeners).toBe(0);
    }
    expect(activity()).toBe(0);
    expect(vi.getTimerCount()).toBe(timers);
  });

  it("leaves the other view of the same model alive", () => {
    const first = draw("running");
    const second = draw(first.model);
    expect(activity()).toBe(5);
    first.close();
    first.model.set(sample("completed"));
    expect(second.text()).toContain("Completed");
    expect(first.host.textContent).toBe("");
  });

  it("does not tick once everything is settled", () => {
    draw("completed");
    expect(vi.getTimerCount()).toBe(0);
    const card = draw("running");
    expect(vi.getTimerCount()).toBe(1);
    card.model.set(sample("completed"));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("words for assistive technology", () => {
  it("name the table that a link opens", () => {
    const card = draw("completed");
    expect(card.one(".table a").ariaLabel).toBe("Open Porto bakeries");
  });

  it("say whose question a free answer is for, and keep decoration out", () => {
    const card = draw("needs_input");
    expect(card.one("input[type=text]").ariaLabel).toBe(
      "Which region should I search first? Or something else",
    );
    for (const mark of draw("filling").all(".funnel, .bar, .pill > i, .key i"))
      expect(mark.ariaHidden).toBe("true");
  });

  it("stand in their own direction", () => {
    const card = draw("needs_input", (view) => {
      view.head.prompt = "מצא מאפיות";
      view.prose.nodes = [{ t: "p", c: ["מאפיות"] }];
    });
    expect(card.one(".origami-card").dir).toBe("ltr");
    expect(card.one(".prompt").dir).toBe("auto");
    expect(card.one(".text p").dir).toBe("auto");
  });
});
