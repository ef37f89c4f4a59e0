"""Static HTML of a board: plain elements with inline styles, which every host can always show. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.render.board_text import amounts_of, facts_of, title_line
from origami_widgets.card.render.card_html import CARD, SIZE_LIMIT, STRIP, TONES
from origami_widgets.card.render.html_tags import (
    LINE,
    SMALL,
    Html,
    bold,
    code,
    div,
    isolated,
    join,
    link_button,
    span,
    text,
)
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import stored_size

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import BoardHead, BoardRow, BoardView, CheckTimes, Notice

_AROUND = 700


def render_board_html(view: BoardView, *, now: float) -> str:
    """Return a board as static HTML, by the rules of the static card.

    Args:
        view: a view from `make_board`, in any form but `live`.
        now: when the board is saved, in Unix seconds.

    Returns:
        HTML that takes at most 28.5 kB in a notebook. If the details of all runs do not fit, each run has one line; if
        those do not fit either, the last runs are only counted.
    """
    head = _head(view["head"])
    room = SIZE_LIMIT - _AROUND - stored_size(head)
    rows = [_row(row, moments, now) for row, moments in zip(view["rows"], view["moments"], strict=True)]
    if sum(map(stored_size, rows)) > room:
        rows = [_line(row) for row in view["rows"]]
    kept: list[Html] = []
    for row in rows:
        room -= stored_size(row)
        if room < 0:
            break
        kept.append(row)
    left = len(rows) - len(kept)
    more = f"{words.plural(left, 'more run')}: " if left else ""
    hidden = join(
        text(more),
        code("ow.runs_frame(board)") if left else Html(""),
        text(view["head"]["hidden"]),
        text(view["head"]["nothing"]),
        by=" ",
    )
    return div(CARD, head, *kept, div(f"{STRIP};border-top:{LINE}", hidden) if hidden else Html(""))


def _head(head: BoardHead) -> Html:
    pieces = [text(fact) for fact in head["facts"]]
    if head["origin"]:
        pieces.append(span(f"padding:0 6px;border:{LINE};border-radius:5px;font-size:11px", isolated(head["origin"])))
    pieces.append(text(head["as_of"]))
    return join(
        div(
            "padding:12px 14px",
            bold(text(title_line(head))),
            div(f"margin-top:3px;{SMALL};font-variant-numeric:tabular-nums", join(*pieces, by=" · ")),
        ),
        *map(_notice, head["notices"]),
    )


def _notice(notice: Notice) -> Html:
    colour, sign = TONES[notice["tone"]]
    return div(
        f"padding:8px 14px 8px 11px;border-top:{LINE};border-left:3px solid {colour}",
        div("", span(f"color:{colour}", text(sign)), Html(" "), bold(isolated(notice["title"]))),
        div(SMALL, isolated(notice["text"])),
        div("", code(notice["code"])),
        div("margin-top:4px", link_button(notice["link"])) if notice["link"] else Html(""),
    )


def _sign(row: BoardRow) -> Html:
    colour, sign = TONES[row["tone"]]
    return join(span(f"color:{colour}", text(sign)), bold(text(row["status_label"])), by=" ")


def _row(row: BoardRow, moments: CheckTimes, now: float) -> Html:
    about = join(*(isolated(part) for part in (row["name"], row["prompt"]) if part), by=": ")
    facts = join(*(text(piece) for piece in (row["note"], *facts_of(row, moments, now)) if piece), by=" · ")
    return div(
        f"padding:6px 14px;border-top:{LINE}",
        div("", join(_sign(row), about, by=" · ")),
        div(SMALL, facts),
        div("", code(row["token"])),
    )


def _line(row: BoardRow) -> Html:
    """Return a row as one line, in few enough bytes for a hundred of them."""
    amounts = ", ".join(amounts_of(row))
    about = row["name"] or row["prompt"]
    return Html(f"<div>{_sign(row)} {isolated(about)} {text(amounts)} <code>{text(row['token'])}</code></div>")
