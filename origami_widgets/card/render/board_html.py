"""Snapshot of a board as HTML: plain elements with inline styles, which every host shows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.board_snapshot import (
    as_final_snapshot,
    as_live_snapshot,
    row_amounts,
    row_facts,
    title_line,
)
from origami_widgets.card.view.snapshot_words import as_of, stored

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import BoardHead, BoardRow, BoardView, CheckTimes, Notice

_AROUND = 700


def render_board_html(view: BoardView, *, now: float, final: bool = True) -> str:
    """Return the board as one static piece of HTML, by the rules of the card's snapshot.

    Args:
        view: what `make_board` returned.
        now: the moment of saving, in Unix seconds.
        final: nothing will change it any more.

    Returns:
        HTML that takes at most 28.5 kB in a notebook. Where that is too little for all that is known of each run, each
        has one line; where it is too little for that, the last ones are counted.
    """
    past = as_final_snapshot(view) if final else as_live_snapshot(view)
    head = _head(past["head"], now, final=final)
    bytes_left = SIZE_LIMIT - _AROUND - stored(head)
    rows = [_row(row, moments, now) for row, moments in zip(past["rows"], past["moments"], strict=True)]
    if sum(map(stored, rows)) > bytes_left:
        rows = [_line(row) for row in past["rows"]]
    kept: list[Html] = []
    for row in rows:
        bytes_left -= stored(row)
        if bytes_left < 0:
            break
        kept.append(row)
    left = len(rows) - len(kept)
    more = f"{words.plural(left, 'more run')} not shown here: " if left else ""
    hidden = join(text(more), code("ow.runs_frame(board)") if left else Html(""), text(past["head"]["hidden"]), by=" ")
    return div(CARD, head, *kept, div(f"{STRIP};border-top:{LINE}", hidden) if hidden else Html(""))


def _head(head: BoardHead, now: float, *, final: bool) -> Html:
    pieces = [text(fact) for fact in head["facts"]]
    if head["origin"]:
        pieces.append(span(f"padding:0 6px;border:{LINE};border-radius:5px;font-size:11px", isolated(head["origin"])))
    pieces.append(text(as_of(now, final=final)))
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
    facts = join(*(text(piece) for piece in (row["note"], *row_facts(row, moments, now)) if piece), by=" · ")
    return div(
        f"padding:6px 14px;border-top:{LINE}",
        div("", join(_sign(row), about, by=" · ")),
        div(SMALL, facts),
        div("", code(row["token"])),
    )


def _line(row: BoardRow) -> Html:
    """Return a row in as few bytes as a hundred of them allow."""
    amounts = ", ".join(row_amounts(row))
    about = row["name"] or row["prompt"]
    return Html(f"<div>{_sign(row)} {isolated(about)} {text(amounts)} <code>{text(row['token'])}</code></div>")
