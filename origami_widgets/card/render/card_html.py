"""Snapshot of a card as HTML, part by part in the order of the live card. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.card.render.html_tables import SECTION, tables_html
from origami_widgets.card.render.html_tags import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    LINE,
    MONO,
    QUIET,
    RED,
    SMALL,
    SOFT,
    Html,
    bold,
    code,
    div,
    element,
    grid,
    heading,
    isolated,
    join,
    link,
    link_button,
    span,
    text,
)
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.prose import prune
from origami_widgets.card.view.snapshot_words import (
    FOLLOW_UP_LINE,
    TEXT_GOES_ON,
    answer_line,
    as_final_snapshot,
    as_live_snapshot,
    as_of,
    meta_line,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from origami_widgets.card.view.contract import (
        Actions,
        Ask,
        EarlierRun,
        Foot,
        Head,
        Node,
        Notice,
        Prose,
        QuestionView,
        SuggestionView,
        Tone,
        View,
    )

SIZE_LIMIT = 28_500
"""Bytes in the file of a notebook, which holds the text too: the two together stay under 40 kB."""

_AROUND = 1_000
_TABLES_LEAST = 3_500
_PROSE_SIZE = 5_000
_FEW_TABLES = 8
_ASK_SIZE = 5_000
_NOTICES_SIZE = 5_000
_ACTIONS_SIZE = 3_600
_OTHERS_SIZE = 2_000

TONES: Final[dict[Tone, tuple[str, str]]] = {
    "running": (BLUE, "●"),
    "good": (GREEN, "✓"),
    "attention": (AMBER, "◆"),
    "bad": (RED, "✕"),
    "neutral": (GREY, "■"),
}
CARD = (
    f"box-sizing:border-box;margin:2px 0;border:{LINE};border-radius:10px;overflow:hidden;overflow-wrap:anywhere;"
    "text-align:left;font:13px/1.45 system-ui,'Segoe UI',Inter,'DejaVu Sans',sans-serif"
)
STRIP = f"padding:8px 14px;background:{SOFT};font-size:12px"
_LIST = "margin:0;padding-left:20px"

_ABOVE = 7
_BLOCK = f"margin:{_ABOVE}px 0 0"
# Element and style of each node. `p` becomes a `div` and `h` a bold one, because the strictest sanitizer keeps neither.
_AS: Final[dict[str, tuple[str, str]]] = {
    "p": ("div", _BLOCK),
    "h": ("div", f"{_BLOCK};font-weight:600"),
    "ul": ("ul", f"{_BLOCK};padding-left:20px"),
    "ol": ("ol", f"{_BLOCK};padding-left:22px"),
    "li": ("li", ""),
    "quote": ("blockquote", f"{_BLOCK};padding:0 0 0 10px;border-left:3px solid rgba(128,128,128,.4)"),
    "pre": ("pre", f"{MONO};{_BLOCK};padding:7px 9px;border-radius:4px;background:{SOFT};white-space:pre-wrap"),
    "code": ("code", f"{MONO};padding:0 3px;border-radius:4px;background:{SOFT}"),
    "b": ("b", ""),
    "i": ("i", ""),
}


def render_html(view: View, *, now: float, final: bool = True) -> str:
    """Return the card as one static piece of HTML.

    Inline styles only, no script, no style sheet, no image; nothing is fetched. It reads well with every style
    removed, on light and on dark pages, and says when it was saved.

    Args:
        view: what `make_view` returned.
        now: the moment of saving, in Unix seconds.
        final: nothing will change it any more; False where it is replaced as the run goes on.

    Returns:
        HTML that takes at most 28.5 kB in a notebook, so that it stays under 40 kB together with its text.
    """
    past = as_final_snapshot(view) if final else as_live_snapshot(view)
    before = [
        _earlier(past["earlier"]),
        _head(past, now, final=final),
        _within(map(_notice, past["notices"]), _NOTICES_SIZE),
        _ask(past["ask"]) if past["ask"] else Html(""),
    ]
    after = [_actions(past["actions"]), _suggestions(past["suggestions"]), _foot(past["foot"])]
    bytes_left = SIZE_LIMIT - _AROUND - sum(map(stored, (*before, *after)))
    # Words that consist of escapes are up to six times as long here: the prose gives way first, also to many tables.
    wanted = _PROSE_SIZE if len(past["tables"]["items"]) <= _FEW_TABLES else _PROSE_SIZE // 2
    prose = _prose(past["prose"], min(wanted, bytes_left - _TABLES_LEAST))
    tables = tables_html(past["tables"], bytes_left - stored(prose))
    return div(CARD, *before, tables, prose, *after)


def _within(parts: Iterable[Html], size: int) -> Html:
    """Return the first parts that fit into a size in bytes."""
    kept: list[Html] = []
    for part in parts:
        size -= stored(part)
        if size < 0:
            break
        kept.append(part)
    return join(*kept)


def _earlier(runs: list[EarlierRun]) -> Html:
    if not runs:
        return Html("")
    lines = [
        element("li", bold(isolated(run["prompt"])), text(f" {run['status_label']}"), _outcome(run)) for run in runs
    ]
    title = f"{words.plural(len(runs), 'earlier run')} of this conversation"
    listed = element("ol", _within(lines, _OTHERS_SIZE), style=f"{_LIST};margin-top:4px")
    return div(f"{STRIP};border-bottom:{LINE}", span(QUIET, text(title)), listed)


def _outcome(run: EarlierRun) -> Html:
    return join(text(" · "), isolated(run["outcome"])) if run["outcome"] else Html("")


def _head(view: View, now: float, *, final: bool) -> Html:
    head = view["head"]
    pieces = [text(piece) for piece in meta_line(view, now=now, past=final)]
    if head["origin"]:
        pieces.append(span(f"padding:0 6px;border:{LINE};border-radius:5px;font-size:11px", isolated(head["origin"])))
    pieces.append(text(as_of(now, final=final)))
    reply = div(SMALL, isolated(head["reply"]))
    prompt = div("flex:1 1 240px;padding:4px 12px 4px 0", bold(isolated(head["prompt"])), reply)
    opened = link_button(head["link"]) if head["link"] else Html("")
    return div(
        "padding:12px 14px",
        div("display:flex;flex-wrap:wrap;align-items:flex-start", join(_pill(head), prompt, opened, by=" ")),
        div(f"margin-top:5px;{SMALL};font-variant-numeric:tabular-nums", join(*pieces, by=" · ")),
    )


def _pill(head: Head) -> Html:
    colour, sign = TONES[head["tone"]]
    style = f"margin:2px 12px 2px 0;padding:2px 10px 2px 8px;border:1px solid {colour};border-radius:99px;font-size:12px;font-weight:600"
    return span(style, span(f"color:{colour}", text(sign)), text(f" {head['status_label']}"))


def _notice(notice: Notice) -> Html:
    colour, sign = TONES[notice["tone"]]
    said = div(
        "flex:1 1 220px",
        div("", span(f"color:{colour}", text(sign)), Html(" "), bold(isolated(notice["title"]))),
        div(SMALL, isolated(notice["text"])),
        div("", code(notice["code"])),
    )
    to = div("margin-left:14px", link_button(notice["link"])) if notice["link"] else Html("")
    return div(
        f"display:flex;flex-wrap:wrap;padding:8px 14px 8px 11px;border-top:{LINE};border-left:3px solid {colour};background:{SOFT}",
        said,
        to,
    )


def _ask(ask: Ask) -> Html:
    asked = [
        div("margin-bottom:12px", bold(isolated(question["question"])), _choices(question))
        for question in ask["questions"]
    ]
    line = join(code(answer_line(ask)), span(SMALL, text(ask["cost_note"])), by=" ")
    return div(SECTION, _within(asked, _ASK_SIZE), div("", line))


def _choices(question: QuestionView) -> Html:
    choices = [*question["suggestions"], question["freeform"]]
    circle = span(QUIET, text("○ "))
    # Like the live card's radio buttons; with all styles removed the circles still separate the answers.
    return div(
        "margin-top:4px", *(span("margin-right:16px", circle, isolated(choice), text(" ")) for choice in choices)
    )


def _prose(prose: Prose, size: int) -> Html:
    if not prose["nodes"]:
        return Html("")
    nodes: list[str | Node] = list(prose["nodes"])
    body, bytes_left = prose_blocks(nodes), size
    while stored(body) > size and nodes:
        # Markup and escapes make it longer than its JSON, by how much is known only afterwards.
        nodes = prune(prose["nodes"], bytes_left)
        body, bytes_left = prose_blocks(nodes), bytes_left * 4 // 5
    more = join(text(f"{TEXT_GOES_ON} "), code("run.text"), text("."))
    cut = prose["cut"] or nodes != prose["nodes"]
    return div(SECTION, body, div(SMALL, more) if cut else Html(""))


def _actions(actions: Actions) -> Html:
    if not actions["groups"] and not actions["earlier"]:
        return Html("")
    groups = []
    for group in actions["groups"]:
        lines = [element("li", prose_html(line)) for line in group["lines"]]
        title = div(f"margin-top:6px;{SMALL}", bold(isolated(group["table"])) if group["table"] else Html(""))
        groups.append(join(title, element("ul", *lines, style=_LIST)))
    kept = _newest(groups)
    earlier = actions["earlier"] + sum(len(group["lines"]) for group in actions["groups"][: len(groups) - len(kept)])
    more = words.plural(earlier, "earlier change") if earlier else ""
    return div(SECTION, heading(actions["title"]), div(SMALL, text(more)), *kept)


def _newest(groups: list[Html]) -> list[Html]:
    kept: list[Html] = []
    bytes_left = _ACTIONS_SIZE
    for group in reversed(groups):
        bytes_left -= stored(group)
        if bytes_left < 0:
            break
        kept.append(group)
    return kept[::-1]


def _suggestions(suggestions: list[SuggestionView]) -> Html:
    if not suggestions:
        return Html("")
    items = [element("li", isolated(suggestion["label"])) for suggestion in suggestions]
    return div(
        SECTION,
        heading("Next steps"),
        element("ul", _within(items, _OTHERS_SIZE), style=_LIST),
        div("margin-top:4px", code(FOLLOW_UP_LINE)) if any(one["button"] for one in suggestions) else Html(""),
    )


def _foot(foot: Foot) -> Html:
    first = [
        bold(text(foot["credits"])) if foot["credits"] else Html(""),
        _line("run", foot["run_id"]),
    ]
    return div(
        f"{STRIP};border-top:{LINE}",
        div("", join(*first, by=" · ")),
        div("", _line("data", foot["data_line"])),
        div("", _line("resume anywhere", foot["attach_line"])),
    )


def _line(label: str, line: str) -> Html:
    return join(span(QUIET, text(label)), code(line), by=" ") if line else Html("")


def prose_html(nodes: Sequence[str | Node]) -> Html:
    """Return nodes of prose as HTML, inline or block."""
    return Html("".join(_one(node) for node in nodes))


def prose_blocks(nodes: Sequence[str | Node]) -> Html:
    """Return blocks of prose as HTML, the first without a margin above it."""
    return div(f"margin-top:-{_ABOVE}px", prose_html(nodes))


def _one(node: str | Node) -> Html:
    if isinstance(node, str):
        return text(node)
    if node["t"] == "table":
        return _table(node)
    children = prose_html(node.get("c", ()))
    match node["t"]:
        case "a":
            return link(node.get("href", ""), children)
        case "br":
            return element("div")
        case "hr":
            return element("div", text("· · ·"), style=f"{_BLOCK};{QUIET}")
        case name:
            tag, style = _AS[name]
            return element(tag, children, style=style)


def _table(node: Node) -> Html:
    """Return a table of the agent's prose, with its first row as headings."""
    rows = [
        [prose_html(cell.get("c", ())) for cell in row.get("c", ()) if isinstance(cell, dict)]
        for row in node.get("c", ())
        if isinstance(row, dict)
    ]
    return div(f"{_BLOCK};overflow-x:auto", grid(rows, style="text-align:left"))
