import { beforeEach, describe, expect, it, vi } from "vitest";
import { activity } from "../src/page_state";
import { active, type Drawn, draw, press, shown, visible, within } from "./draw";
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
    expect(card.all(".prompt").map(shown)).toEqual(head.prompt ? [head.prompt] : []);
    const before = card.text();
    const nodes = within(card.host).querySelectorAll("*").length;
    for (const section of Object.keys(sample(name))) {
      expect(card.model.callbacks.has(`change:${section}`)).toBe(true);
      card.model.emit(`change:${section}`);
    }
    expect(card.text()).toBe(before);
    expect(within(card.host).querySelectorAll("*").length).toBe(nodes);
    expect(complaint).not.toHaveBeenCalled();
  });

  it.each(NAMES)("%s looks the same when the card was another one before", (name) => {
    const fresh = draw(name);
    const other = draw(name === "completed" ? "needs_input" : "completed");
    other.model.set({ earlier: sample("conversation").earlier });
    other.model.set(sample(name));
    for (const part of [".head", ".result", ".tables", ".foot"])
      expect(shown(other.one(part))).toBe(shown(fresh.one(part)));
    for (const part of ["legend", "label"])
      expect(other.all(part).map(shown)).toEqual(fresh.all(part).map(shown));
    expect(other.all(".note").map(shown)).toEqual(fresh.all(".note").map(shown));
  });

  it("says every figure, notice, question, table and suggestion", () => {
    for (const name of NAMES) {
      const view = sample(name);
      const card = draw(view);
      // What the foot has no room for is opened over the leads.
      for (const more of card.all<HTMLElement>(".news > .more, .news > .drop")) more.click();
      const text = card.text();
      for (const { key, title, text: more } of view.notices)
        if (key !== "questions" || more) expect(text).toContain(title.replace(/\s+/g, " ").trim());
      for (const question of view.ask?.questions ?? [])
        expect(text).toContain(question.question.replace(/\s+/g, " ").trim());
      for (const table of view.tables.items) expect(text).toContain(table.name.replace(/\s+/g, " ").trim());
      for (const { value, label, note } of view.result.figures)
        expect(text).toContain(`${value} ${label}${note && ` ${note}`}`);
      for (const { label } of view.notices.length ? [] : view.suggestions)
        expect(text).toContain(label.replace(/\s+/g, " ").trim());
    }
  });
});

describe("a host that answers in Origami's place", () => {
  it("is named, and Origami itself is not", () => {
    const card = draw("completed");
    expect(card.all(".origin")).toEqual([]);
    card.model.set({ head: { ...sample("completed").head, origin: "staging.example:8443" } });
    expect(shown(card.one(".origin"))).toBe("staging.example:8443");
  });
});

describe("text from outside", () => {
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
    });
    card.button("⋯").click();
    expect(card.all("a")).toEqual([]);
    expect(card.text()).toContain("Open in Origami");
    card.button("more").click();
    expect(card.text()).toContain("words");
  });

  it("opens safe links elsewhere and sends the page no referrer", () => {
    const card = draw("completed");
    expect(card.all("a").length).toBeGreaterThan(0);
    for (const link of card.all<HTMLAnchorElement>("a")) {
      expect(link.target).toBe("_blank");
      expect(link.rel).toBe("noopener noreferrer nofollow");
    }
  });

  it("survives elements no version knows", () => {
    const card = draw("completed", (view) => {
      view.prose.nodes = [
        { t: "script" as "p", c: ["alert(1)"] },
        { t: "constructor" as "p", c: ["x"] },
      ];
    });
    expect(within(card.host).querySelector("script")).toBeNull();
    expect(card.text()).toContain("alert(1)");
  });

  it("of a broken section does not take the others with it", () => {
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    const card = draw("completed", (view) => {
      (view.tables.items[0] as unknown as Record<string, unknown>).columns = 7;
    });
    expect(complaint.mock.calls.map(([said]) => said)).toContain(
      '[origami] The section "tables" could not be drawn.',
    );
    expect(card.text()).toContain("15 leads");
    expect(card.button("Follow up").isConnected).toBe(true);
  });
});

describe("what the reader did", () => {
  it("stays while all changes: tab and focus", () => {
    const card = draw("large");
    const tab = card.all("[role=tab]")[1] as HTMLElement;
    tab.click();
    tab.focus();
    const view = sample("large");
    card.model.set({ ...view, result: sample("completed").result, prose: sample("conversation").prose });
    expect(active()).toBe(tab);
    const selected = card.all("[role=tab]").filter(({ ariaSelected }) => ariaSelected === "true");
    expect(selected.map((each) => shown(each).replace(/ [\d,]+$/, ""))).toEqual([
      "Independent food retail, region 1",
    ]);
  });

  it("opens the earlier briefs on demand", () => {
    const card = draw("conversation");
    card.button("2 turns").click();
    expect(card.all(".head ol li")).toHaveLength(1);
    const { earlier } = sample("conversation");
    card.model.set({ earlier: { title: "3 briefs", runs: [...earlier.runs, ...earlier.runs] } });
    expect(card.button("3 briefs").ariaExpanded).toBe("true");
    expect(card.all(".head ol li")).toHaveLength(2);
  });
});

describe("the menu", () => {
  it("is opened and closed by its button, which says so", () => {
    const card = draw("completed");
    const button = card.button("⋯");
    const panel = card.all(".head .menu").at(-1) as HTMLElement;
    expect([button.ariaExpanded, panel.hidden]).toEqual(["false", true]);
    expect(button.getAttribute("aria-controls")).toBe(panel.id);
    expect(button.ariaLabel).not.toBe("⋯");
    button.click();
    expect([button.ariaExpanded, panel.hidden]).toEqual(["true", false]);
    button.click();
    expect([button.ariaExpanded, panel.hidden]).toEqual(["false", true]);
  });

  it("is closed by Escape, which gives the focus back to its button", () => {
    const card = draw("completed");
    const button = card.button("⋯");
    const panel = card.all(".head .menu").at(-1) as HTMLElement;
    for (const inside of [button, panel.querySelector("button") as HTMLElement]) {
      button.click();
      inside.focus();
      press("Escape", inside);
      expect(panel.hidden).toBe(true);
      expect(active()).toBe(button);
    }
  });
});

describe("the result line", () => {
  it("has the figures, or the note while there are none", () => {
    const card = draw("running");
    expect(shown(card.one(".foot"))).toContain("11 leads added");
    card.model.set({ result: sample("completed").result });
    expect(card.all(".figure").map(shown)).toEqual([
      "15 leads",
      "12 qualified",
      "57 credits 4.75 per qualified lead",
    ]);
  });

  it("says nothing of what is not there yet: no figures, tabs or tools", () => {
    const card = draw("starting");
    for (const part of [".result", ".tables", ".tools"])
      expect(visible(card.one(part), card.host)).toBe(false);
    expect(shown(card.one(".foot"))).toBe("Starting…");
    const { head, result, tables } = sample("completed");
    card.model.set({ head, result, tables });
    for (const part of [".result", ".tables", ".tools"])
      expect(visible(card.one(part), card.host)).toBe(true);
  });

  it("says in words what the funnel's bar shows, in a legend and to assistive technology", () => {
    const card = draw("completed");
    const { words, parts } = sample("completed").result.funnel ?? { words: "", parts: [] };
    const bar = card.one(".funnel");
    expect([bar.getAttribute("role"), bar.getAttribute("aria-label")]).toEqual(["img", words]);
    expect(card.all(".legend > span").map(shown)).toEqual(parts.map(({ label }) => label));
    expect(card.one(".legend").getAttribute("aria-hidden")).toBe("true");
    expect(card.all(".legend i").map(({ className }) => className)).toEqual(
      parts.map(({ part }) => `p-${part}`),
    );
    expect(card.all(".funnel i").map(({ className, style }) => [className, style.flexGrow])).toEqual(
      parts.map(({ part, count }) => [`p-${part}`, `${count}`]),
    );
    card.model.set({ result: { ...sample("completed").result, funnel: null } });
    // Its line stays, so that nothing below it moves.
    expect(card.all(".funnel i")).toEqual([]);
  });
});

describe("the foot", () => {
  const foot = (card: Drawn): string => shown(card.one(".news"));

  it("says what happens, and then what the agent said and proposes", () => {
    const card = draw("running");
    expect(foot(card)).toBe("11 leads added.");
    card.model.set(sample("completed"));
    expect(shown(card.one(".now"))).toBe("I built a table of 15 bakeries; 12 of them sell online.");
    card.button("Follow up").click();
    expect(card.all(".next button").map(shown)).toEqual([
      "Find more bakeries like these",
      "Add opening hours",
    ]);
  });

  it("has one notice with its button; the others and the text open over the leads", () => {
    const card = draw("over_credit_limit");
    const { notices } = sample("over_credit_limit");
    expect(shown(card.one(".now"))).toBe(notices[0]?.title);
    expect(card.one(".news-all").hidden).toBe(true);
    card.one(".news > .more").click();
    const opened = shown(card.one(".news-all"));
    for (const { title, text } of notices.slice(1)) expect(opened).toContain(`${title}${text}`);
    expect(opened).toContain(notices[0]?.text);
  });

  it("closes a notice until the run's status changes", () => {
    const card = draw("over_credit_limit");
    const { notices, head } = sample("over_credit_limit");
    card.button("×").click();
    expect(shown(card.one(".now"))).not.toBe(notices[0]?.title);
    card.model.set({ head: { ...head, status: "running" } });
    card.model.set({ head });
    expect(shown(card.one(".now"))).toBe(notices[0]?.title);
  });

  it("counts the cells that failed, and offers to try them again", () => {
    const card = draw("to_try_again");
    expect(foot(card)).toContain("3 cells failed");
    expect(foot(card)).toContain("Try 2 again");
  });

  it("names proposals that can't be sent, without a button", () => {
    const card = draw("completed", (view) => {
      view.suggestions = [{ label: "Add opening hours", button: null }];
    });
    card.button("Follow up").click();
    expect(card.all(".next button").filter((each) => !each.closest("[hidden]"))).toEqual([]);
    expect(shown(card.one(".next"))).toBe("Add opening hours");
  });

  it("gives the answer of a run without tables all the room", () => {
    const card = draw("answered");
    expect(visible(card.one(".panel > .text"), card.host)).toBe(true);
    expect(visible(card.one(".tools"), card.host)).toBe(false);
  });
});

describe("announcements", () => {
  it("announce status, questions and the end, but no ticks, and nothing old", () => {
    const card = draw("running");
    const voice = card.one(".origami-card > [role=status]");
    expect(voice.textContent).toBe("");
    vi.advanceTimersByTime(5000);
    card.model.set({ now: sample("completed").now, tables: sample("completed").tables });
    expect(voice.textContent).toBe("");
    card.model.set(sample("needs_input"));
    expect(voice.textContent).toBe(
      "Run: Needs your answer. 2 questions: Which region should I search first? " +
        "Can I use credits to look up email addresses?",
    );
    card.model.set(sample("filling"));
    expect(voice.textContent).toBe("Run: Completed.");
    card.model.set(sample("completed"));
    expect(voice.textContent).toBe("Run: Completed. All cells are final.");
    card.model.set(sample("nothing_built"));
    expect(voice.textContent).toBe("Run: Completed. Nothing was built.");
  });
});

describe("the end of a view", () => {
  it("leaves no node, timer or listener, however often", () => {
    const timers = vi.getTimerCount();
    for (let i = 0; i < 20; i++) {
      const card = draw("running");
      expect(activity()).toBe(2);
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
    expect(activity()).toBe(3);
    first.close();
    first.model.set(sample("completed"));
    expect(second.text()).toContain("Completed");
    expect(first.host.textContent).toBe("");
  });

  it("does not tick once everything is settled", () => {
    // A view that ticks is counted with the timer of the page.
    draw("completed");
    expect(activity()).toBe(0);
    const card = draw("running");
    expect(activity()).toBe(2);
    card.model.set(sample("completed"));
    expect(activity()).toBe(0);
  });
});

describe("words for assistive technology", () => {
  it("say whose question a free answer is for, and keep decoration out", () => {
    const card = draw("needs_input");
    expect(card.one("input[type=text]").ariaLabel).toBe(
      "Which region should I search first? Or something else",
    );
    for (const mark of draw("filling").all(".funnel i, .pill > i"))
      expect(mark.getAttribute("aria-hidden")).toBe("true");
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
