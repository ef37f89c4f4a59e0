"""The static card from a view: head, notices, questions, tables, prose, changes, next steps, foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.card import words
from origami_widgets.card.html.prose import prose_html
from origami_widgets.card.html.tables import SECTION, tables_html
from origami_widgets.card.html.tags import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    LINE,
    QUIET,
    RED,
    SOFT,
    Html,
    bare,
    bold,
    code,
    div,
    join,
    link,
    span,
    text,
)
from origami_widgets.card.prose import prune
from origami_widgets.card.view.saved import FOLLOW_UP_LINE, answer_line, as_saved, meta_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.card.contract import (
        Actions,
        Ask,
        Earlier,
        Foot,
        Head,
        Node,
        Notice,
        Prose,
        Suggestion,
        Tone,
        View,
    )

SIZE_LIMIT = 27_000
"""A saved output holds the text twin too; the two together stay under 40 kB."""

_PROSE_SIZE = 5_000
_ASK_SIZE = 5_000
_NOTICES_SIZE = 5_000
_ACTIONS_SIZE = 3_000
_OTHERS_SIZE = 2_000

_TONES: Final[dict[Tone, tuple[str, str]]] = {
    "running": (BLUE, "●"),
    "good": (GREEN, "✓"),
    "attention": (AMBER, "◆"),
    "bad": (RED, "✕"),
    "neutral": (GREY, "■"),
}
_CARD = (
    f"box-sizing:border-box;max-width:900px;border:{LINE};border-radius:10px;overflow:hidden;overflow-wrap:anywhere;text-align:left;"
    "font:13px/1.45 system-ui,-apple-system,'Segoe UI',sans-serif"
)
_HEADING = f"margin:0 0 5px;font-size:11px;font-weight:600;letter-spacing:.05em;text-transform:uppercase;{QUIET}"


def render_html(view: View, *, now: float) -> str:
    """The card as one static piece of HTML.

    Inline styles only, no script, no style sheet, no image; nothing is fetched. It reads well with every style
    removed, on light and on dark pages, and says when it was saved.

    Args:
        view: what `make_view` returned.
        now: the moment of saving, in Unix seconds.

    Returns:
        HTML of at most 27 kB, so that it stays under 40 kB together with its text twin.
    """
    past = as_saved(view)
    before = [
        _head(past, now),
        _within(map(_earlier, past["earlier"]), _OTHERS_SIZE),
        _within(map(_notice, past["notices"]), _NOTICES_SIZE),
        _ask(past["ask"]) if past["ask"] else Html(""),
    ]
    after = [
        _prose(past["prose"]),
        _actions(past["actions"]),
        _suggestions(past["suggestions"]),
        _foot(past["foot"]),
    ]
    used = sum(len(part.encode()) for part in (*before, *after))
    tables = tables_html(past["tables"], SIZE_LIMIT - 500 - used)
    return div(_CARD, *before, tables, *after)


def _within(parts: Iterable[Html], size: int) -> Html:
    """The first parts that fit into a size in bytes."""
    kept: list[Html] = []
    for part in parts:
        size -= len(part.encode())
        if size < 0:
            break
        kept.append(part)
    return join(*kept)


def _head(view: View, now: float) -> Html:
    head = view["head"]
    pieces = [text(piece) for piece in meta_line(view, now=now, past=True)]
    if head["origin"]:
        pieces.append(text(head["origin"]))
    if head["link"]:
        pieces.append(link(head["link"]["href"], text(head["link"]["label"])))
    pieces.append(text(f"saved copy, as of {words.moment(now * 1000)}"))
    prompt = bold(span("unicode-bidi:isolate", text(head["prompt"])))
    return div(
        "padding:12px 14px",
        div("", _pill(head), Html(" "), prompt),
        div(f"margin-top:5px;font-size:12px;{QUIET}", join(*pieces, by=" · ")),
    )


def _pill(head: Head) -> Html:
    colour, sign = _TONES[head["tone"]]
    style = f"display:inline-block;margin-right:8px;padding:1px 10px 1px 8px;border:1px solid {colour};border-radius:99px;font-size:12px;font-weight:600;white-space:nowrap"
    return span(style, span(f"color:{colour}", text(sign)), text(f" {head['status_label']}"))


def _earlier(run: Earlier) -> Html:
    outcome = f" · {run['outcome']}" if run["outcome"] else ""
    words_of_it = join(text(f"Earlier: {run['prompt']} · "), bold(text(run["status_label"])), text(outcome))
    return div(f"padding:6px 14px;border-top:{LINE};font-size:12px;{QUIET}", words_of_it)


def _notice(notice: Notice) -> Html:
    colour, sign = _TONES[notice["tone"]]
    further = [text(notice["text"])]
    if notice["link"]:
        further.append(link(notice["link"]["href"], text(notice["link"]["label"])))
    return div(
        f"padding:9px 14px 9px 11px;border-top:{LINE};border-left:3px solid {colour};background:{SOFT}",
        div("", span(f"color:{colour}", text(sign)), Html(" "), bold(text(notice["title"]))),
        div(f"font-size:12px;{QUIET}", join(*further, by=" ")),
        div("", code(notice["code"])),
    )


def _ask(ask: Ask) -> Html:
    asked = [
        div(
            "margin-bottom:6px",
            div("", bold(text(question["question"]))),
            div(QUIET, text(" · ".join([*question["suggestions"], question["freeform"]]))),
        )
        for question in ask["questions"]
    ]
    return div(
        SECTION,
        div(_HEADING, text("Questions")),
        _within(asked, _ASK_SIZE),
        div("", code(answer_line(ask)), Html(" "), span(f"font-size:12px;{QUIET}", text(ask["cost_note"]))),
    )


def _prose(prose: Prose) -> Html:
    if not prose["nodes"]:
        return Html("")
    nodes: list[str | Node] = list(prose["nodes"])
    body, room = prose_html(nodes), _PROSE_SIZE
    while len(body.encode()) > _PROSE_SIZE:
        # Markup and escapes make it longer than its JSON, by how much is known only afterwards.
        nodes = prune(prose["nodes"], room)
        body, room = prose_html(nodes), room * 4 // 5
    more = join(text("The text goes on: "), code("run.text")) if prose["cut"] or nodes != prose["nodes"] else Html("")
    return div(SECTION, body, div(f"font-size:12px;{QUIET}", more))


def _actions(actions: Actions) -> Html:
    if not actions["groups"]:
        return Html("")
    groups = []
    for group in actions["groups"]:
        lines = [bare("li", prose_html(line)) for line in group["lines"]]
        title = div("", bold(span("unicode-bidi:isolate", text(group["table"]))))
        groups.append(join(title, bare("ul", *lines, style="margin:0 0 5px;padding-left:20px")))
    kept = _newest(groups)
    earlier = actions["earlier"] + sum(len(group["lines"]) for group in actions["groups"][: len(groups) - len(kept)])
    more = words.plural(earlier, "earlier change") if earlier else ""
    return div(SECTION, div(_HEADING, text(actions["title"])), div(QUIET, text(more)), *kept)


def _newest(groups: list[Html]) -> list[Html]:
    kept: list[Html] = []
    room = _ACTIONS_SIZE
    for group in reversed(groups):
        room -= len(group.encode())
        if room < 0:
            break
        kept.append(group)
    return kept[::-1]


def _suggestions(suggestions: list[Suggestion]) -> Html:
    if not suggestions:
        return Html("")
    items = [bare("li", text(suggestion["label"])) for suggestion in suggestions]
    return div(
        SECTION,
        div(_HEADING, text("Next steps the agent proposes")),
        bare("ul", _within(items, _OTHERS_SIZE), style="margin:0;padding-left:20px"),
        div("margin-top:4px", code(FOLLOW_UP_LINE)) if any(one["button"] for one in suggestions) else Html(""),
    )


def _foot(foot: Foot) -> Html:
    pieces = [
        text(foot["credits"]),
        join(text("run "), code(foot["run_id"])),
        join(text("resume anywhere: "), code(foot["attach_line"])),
        join(text("data: "), code(foot["data_line"])) if foot["data_line"] else Html(""),
    ]
    return div(f"padding:8px 14px;border-top:{LINE};background:{SOFT};font-size:12px", join(*pieces, by=" · "))
