/**
 * The foot's news: what happens now, or one notice with its button. What else there is to say opens over the leads, with
 * the agent's text and its suggestions.
 */

import { CommandButton, copyLine } from "../buttons";
import { AGAIN, type Inline, type Notice, type SuggestionView, type View } from "../contract";
import {
  button,
  el,
  fill,
  keyedList,
  linkPlace,
  type Part,
  same,
  setText,
  show,
  showCut,
  showText,
  words,
} from "../dom";
import { filled } from "../format";
import { menu } from "../menu";
import { goneNotice, NOTHING, noticePart } from "../notice";
import { prose } from "../prose";
import type { Context } from "../session";
import * as say from "../words";

export type NewsView = Pick<View, "head" | "result" | "notices" | "now" | "prose" | "suggestions" | "tables">;

/** One piece of news: a notice, what happens now, what failed, or the agent's text. */
interface News extends Notice {
  inline?: Inline;
}

const PROSE = ":prose";
const FAILED = ":failed";
const GONE = ":gone";
const NOW = ":now";
/** Notices that say that the kernel repeats a request. */
const ASKED = ["cancel_requested", "stopping"];

/** The words of prose in one line. */
const flat = (inline: Inline): string =>
  inline.map((each) => (typeof each === "string" ? each : flat(each.c ?? []))).join(" ");

export class NewsSection implements Part<NewsView> {
  /** The line in the foot. */
  readonly node: HTMLElement;
  /** What comes of the clicks on the head's buttons. */
  readonly outcomes = el("span", "outcomes");
  readonly #context: Context;
  readonly #title = words("now cut");
  readonly #press: CommandButton;
  readonly #showFailed: HTMLButtonElement;
  readonly #link = linkPlace("act", "button");
  readonly #line = copyLine("", "the line that shows this run");
  readonly #follow = menu(say.FOLLOW_UP, "drop");
  readonly #all = menu(say.MORE, "link more");
  readonly #close = button("×", () => this.#dismiss(), "quiet x");
  readonly #others: Part<readonly Notice[]>;
  readonly #text = el("div", "text");
  readonly #cut = el("p", "mute");
  readonly #suggestions: Part<readonly SuggestionView[]>;
  #view: NewsView | null = null;
  #shown: News | null = null;
  /** The news that were closed, until the run's status changes. */
  #closed = new Set<string>();

  /** @param failed - Leads to the cells that failed. */
  constructor(context: Context, failed: () => void) {
    this.#context = context;
    const { session, view } = context;
    this.#press = new CommandButton(session);
    this.#showFailed = button("", failed, "link t-bad cut");
    this.#close.ariaLabel = this.#close.title = say.DISMISS;
    const run = (): string => view("head").run_id;
    this.#others = keyedList(
      el("div"),
      () => noticePart(session, run),
      ({ key }: Notice) => key,
    );
    const suggestion = (): Part<SuggestionView> => {
      const press = new CommandButton(session);
      const label = words("off");
      return {
        node: el("li", "", press.node, label, press.outcome),
        refresh: press.refresh,
        update(item) {
          showText(label, item.button ? "" : item.label);
          press.update(item.button && { spec: item.button, run: run() });
        },
      };
    };
    this.#suggestions = keyedList(el("ul", "next"), suggestion, ({ label }: SuggestionView) => label);
    this.#all.panel.classList.add("news-all");
    this.#all.panel.append(this.#others.node, this.#text, this.#cut);
    this.#follow.panel.append(this.#suggestions.node);
    const [all, follow, press] = [this.#all, this.#follow, this.#press];
    const says = [this.#title, this.#showFailed, all.press, all.panel, press.outcome, this.outcomes];
    const does = [press.node, this.#link.node, this.#line.node, follow.press, follow.panel, this.#close];
    this.node = el("div", "news row", ...says, ...does);
  }

  update(view: NewsView): void {
    const before = this.#view;
    this.#view = view;
    if (before?.head.status !== view.head.status) this.#closed.clear();
    if (!same(before?.prose.nodes, view.prose.nodes)) fill(this.#text, ...prose(view.prose.nodes));
    showText(this.#cut, view.prose.cut);
    this.refresh();
  }

  refresh(): void {
    const view = this.#view;
    if (!view) return;
    const news = this.#news(view);
    const [first = null, ...others] = news.filter(({ key, title }) => !this.#closed.has(`${key} ${title}`));
    this.#shown = first;
    this.#drawLine(first);
    const rest = others.filter(({ key }) => key !== PROSE);
    this.#others.update([...(first && first.key !== PROSE && first.text ? [first] : []), ...rest]);
    const hasProse = !!view.tables.items.length && view.prose.nodes.length > 0;
    show(this.#text, hasProse);
    const follows = view.suggestions.filter((each) => each.button?.command !== "fill");
    // Where something more urgent stands in the line, they are among the rest.
    const isFollowed = first?.key === PROSE;
    const place = (isFollowed ? this.#follow : this.#all).panel;
    if (this.#suggestions.node.parentElement !== place) place.append(this.#suggestions.node);
    const hasOffer = !isFollowed && follows.length > 0;
    const hasMore = rest.length > 0 || hasProse || hasOffer || !!first?.text;
    const more = rest.length ? filled(say.MORE_NEWS, rest.length) : say.MORE;
    showText(this.#all.press, hasMore ? more : "");
    if (!hasMore) this.#all.shut();
    this.#suggestions.update(follows);
    show(this.#follow.press, follows.length && isFollowed);
    this.#others.refresh?.();
    this.#suggestions.refresh?.();
    show(this.node, first || this.outcomes.textContent);
  }

  /** What there is to say, the most urgent first. */
  #news({ head, result, notices, now, prose: answer, suggestions, tables }: NewsView): News[] {
    const { session } = this.#context;
    const isGone = session.presence === "gone";
    const isSaved = head.form !== "live";
    const gone = goneNotice(head, head.line);
    const shown = notices.filter(({ key }) => !(isGone && !isSaved && ASKED.includes(key)));
    const offer = suggestions.find((each) => each.button?.command === "fill")?.button ?? null;
    const has = (key: string): boolean =>
      shown.some((each) => each.button?.command === "fill" || each.key === key);
    const news: News[] = isGone
      ? [{ ...gone, title: `${gone.title}. ${gone.text}`, text: "" }, ...shown]
      : [...shown];
    if (tables.failed && !now.length) {
      const button = has("") ? null : offer;
      news.push({
        ...NOTHING,
        key: FAILED,
        tone: "bad",
        title: tables.failed,
        text: say.FAILED_DETAILS,
        button,
      });
    } else if (offer && !has(""))
      news.push({ ...NOTHING, key: "offer", tone: "neutral", title: "", button: offer });
    const latest: Inline = now.length ? now : result.note ? [result.note] : [];
    if (latest.length && !(isGone && !isSaved))
      news.push({ ...NOTHING, key: NOW, tone: "running", title: flat(latest), inline: latest });
    if (answer.nodes.length && tables.items.length)
      news.push({ ...NOTHING, key: PROSE, tone: "neutral", title: flat(answer.nodes.slice(0, 2)) });
    return news;
  }

  #drawLine(news: News | null): void {
    const { session, view } = this.#context;
    const isTold = news && news.key !== PROSE && news.key !== NOW;
    this.node.className = `news row t-${news?.tone ?? "neutral"}${isTold ? " told" : ""}`;
    if (news?.inline) fill(this.#title, ...prose(news.inline));
    else setText(this.#title, news?.title ?? "");
    this.#title.title = [news?.title, news?.text].filter(Boolean).join(". ");
    this.#press.update(news?.button ? { spec: news.button, run: view("head").run_id } : null);
    this.#press.node.title = news?.button?.label ?? "";
    this.#link.update(news?.link ?? null);
    this.#line.update(news?.key === GONE ? news.code : "");
    this.#line.node.title = AGAIN;
    // What failed leads to its cells.
    const isLink = news?.key === FAILED && session.reads;
    showCut(this.#showFailed, isLink ? news.title : "");
    show(this.#title, !isLink);
    show(this.#close, isTold && news.key !== GONE);
  }

  #dismiss(): void {
    if (this.#shown) this.#closed.add(`${this.#shown.key} ${this.#shown.title}`);
    this.refresh();
  }
}
