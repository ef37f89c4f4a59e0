/**
 * The foot's news: what happens now, or one notice with its button. What else there is to say opens over the leads, with
 * the agent's text and its suggestions.
 */

import { html, render } from "lit-html";
import { CommandButton, copyLine } from "../buttons";
import { AGAIN, type Inline, type Notice, type SuggestionView } from "../contract";
import { button, el, keyedList, type Part, show } from "../dom";
import { filled } from "../format";
import { menu } from "../menu";
import { goneNotice, NOTHING, noticeList } from "../notice";
import { prose } from "../prose";
import type { Context, Session } from "../session";
import { linkTo } from "../templates";
import * as say from "../words";
import type { TablesSection } from "./tables";

/** One piece of news: a notice, what happens now, what failed, or the agent's text. */
interface News extends Notice {
  inline?: Inline;
}

const PROSE = ":prose";
const FAILED = ":failed";
const GONE = ":gone";
const NOW = ":now";
const NO_NEWS: News = { ...NOTHING, key: "", tone: "neutral", title: "" };
/** Notices that say that the kernel repeats a request. */
const ASKED = ["cancel_requested", "stopping"];

/** The words of prose in one line. */
const flat = (inline: Inline): string =>
  inline.map((each) => (typeof each === "string" ? each : flat(each.c ?? []))).join(" ");

/** A next step that the agent suggests, with its button where there is one. */
function suggestionPart(session: Session, run: () => string): Part<SuggestionView> {
  const press = new CommandButton(session);
  const node = el("li");
  return {
    node,
    update({ label, button }) {
      press.update(button && { spec: button, run: run() });
      render(
        [press.node, button ? "" : html`<span class="off" dir="auto">${label}</span>`, press.outcome],
        node,
      );
    },
  };
}

export class NewsSection {
  /** The line in the foot. */
  readonly node = el("div");
  /** What comes of the clicks on the head's buttons. */
  readonly outcomes = el("span", "outcomes");
  readonly #context: Context;
  readonly #tables: TablesSection;
  readonly #press: CommandButton;
  readonly #line = copyLine("", "the line that shows this run");
  readonly #follow = menu(say.FOLLOW_UP, "drop");
  readonly #all = menu("", "link more");
  readonly #close = button("×", () => this.#dismiss(), "quiet x");
  readonly #others: Part<readonly Notice[]>;
  readonly #suggestions: Part<readonly SuggestionView[]>;
  #status = "";
  #shown: News | null = null;
  /** The news that were closed, until the run's status changes. */
  readonly #closed = new Set<string>();

  constructor(context: Context, tables: TablesSection) {
    [this.#context, this.#tables] = [context, tables];
    const { session, view } = context;
    this.#press = new CommandButton(session);
    this.#line.node.title = AGAIN;
    this.#close.ariaLabel = this.#close.title = say.DISMISS;
    const run = (): string => view("head").run_id;
    this.#others = noticeList(session, run);
    this.#suggestions = keyedList(el("ul", "next"), () => suggestionPart(session, run), "label");
    this.#all.panel.classList.add("news-all");
  }

  refresh(): void {
    const { view } = this.#context;
    const { nodes, cut: note } = view("prose");
    const { status } = view("head");
    if (status !== this.#status) this.#closed.clear();
    this.#status = status;
    const news = this.#news();
    const [first = null, ...others] = news.filter(({ key, title }) => !this.#closed.has(`${key} ${title}`));
    this.#shown = first;
    const isProse = first?.key === PROSE;
    const rest = others.filter(({ key }) => key !== PROSE);
    this.#others.update(first && !isProse && first.text ? [first, ...rest] : rest);
    const follows = view("suggestions").filter((each) => each.button?.command !== "fill");
    this.#suggestions.update(follows);
    const hasProse = view("tables").items.length > 0 && nodes.length > 0;
    const next = follows.length ? this.#suggestions.node : "";
    // Where something more urgent stands in the line, they are among the rest.
    render(isProse ? next : "", this.#follow.panel);
    const { text } = this.#tables;
    const more = note && html`<p class="mute">${note}</p>`;
    render([this.#others.node, hasProse ? text : "", more, isProse ? "" : next], this.#all.panel);
    render(rest.length ? filled(say.MORE_NEWS, rest.length) : say.MORE, this.#all.press);
    const hasMore = rest.length > 0 || hasProse || (!isProse && !!next) || !!first?.text;
    if (!hasMore) this.#all.shut();
    this.#drawLine(first ?? NO_NEWS, hasMore, isProse && !!next);
    show(this.node, first || this.outcomes.textContent);
  }

  /** What there is to say, the most urgent first. */
  #news(): News[] {
    const { session, view } = this.#context;
    const [head, tables, now, answer] = [view("head"), view("tables"), view("now"), view("prose")];
    const isGone = session.presence === "gone";
    const isSaved = head.form !== "live";
    const gone = goneNotice(head, head.line);
    const isStopped = isGone && !isSaved;
    const { isAsking } = this.#tables;
    const shown = view("notices").filter(({ key, text }) =>
      // A question in front says it itself.
      isAsking && !text ? key !== "questions" : !(isStopped && ASKED.includes(key)),
    );
    const isFilled = shown.some((each) => each.button?.command === "fill");
    const offer = view("suggestions").find((each) => each.button?.command === "fill")?.button;
    const button = (!isFilled && offer) || null;
    const news: News[] = isGone ? [{ ...gone, title: `${gone.title}. ${gone.text}`, text: "" }] : [];
    news.push(...shown);
    const add = (key: string, title: string, more: Partial<News>): void =>
      void news.push({ ...NO_NEWS, key, title, ...more });
    if (tables.failed && !now.length)
      add(FAILED, tables.failed, { tone: "bad", text: say.FAILED_DETAILS, button });
    else if (button) add("offer", "", { button });
    const { note } = view("result");
    const inline: Inline = now.length ? now : note && !isAsking ? [note] : [];
    if (inline.length && !isStopped) add(NOW, flat(inline), { tone: "running", inline });
    if (answer.nodes.length && tables.items.length) add(PROSE, flat(answer.nodes.slice(0, 2)), {});
    return news;
  }

  #drawLine(news: News, hasMore: boolean, isFollowed: boolean): void {
    const { key, tone, title, text, inline, link, button, code } = news;
    const { session, view } = this.#context;
    const isTold = ![NO_NEWS.key, PROSE, NOW].includes(key);
    this.node.className = `news row t-${tone}${isTold ? " told" : ""}`;
    this.#press.update(button && { spec: button, run: view("head").run_id });
    this.#press.node.title = button?.label ?? "";
    this.#line.update(key === GONE ? code : "");
    const whole = [title, text].filter(Boolean).join(". ");
    // What failed leads to its cells.
    const says =
      key === FAILED && session.reads
        ? html`<button type="button" dir="auto" class="link t-bad cut" title=${title} @click=${this.#tables.showFailed}>${title}</button>`
        : html`<span class="now cut" dir="auto" title=${whole}>${inline ? prose(inline) : title}</span>`;
    const more = [hasMore ? this.#all.press : "", this.#all.panel, this.#press.outcome, this.outcomes];
    const does = [this.#press.node, linkTo(link, "button"), this.#line.node];
    const follow = [isFollowed ? this.#follow.press : "", this.#follow.panel];
    render([says, more, does, follow, isTold && key !== GONE ? this.#close : ""], this.node);
  }

  #dismiss(): void {
    if (this.#shown) this.#closed.add(`${this.#shown.key} ${this.#shown.title}`);
    this.refresh();
  }
}
