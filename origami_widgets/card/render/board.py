"""A board as plain text, and as static HTML: plain elements with inline styles, which every host can always show. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.render.card_html import CARD, SIZE_LIMIT, STRIP, TONES
from origami_widgets.card.render.card_text import SIGNS, WIDTH, wrap
from origami_widgets.card.render.card_text import SIZE_LIMIT as TEXT_LIMIT
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
from origami_widgets.card.view.run_head import lasted_at_last_update
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import cut_to_width, stored_size, take, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from origami_widgets.card.view.contract import BoardHead, BoardRow, BoardView, CheckTimes, Notice


def render_board_text(view: BoardView, *, now: float) -> str:
    """Return a board as text in lines of at most 100 columns, without colour.

    If the details of all runs do not fit, each run has one line; if those do not fit either, the last runs are only
    counted.

    Args:
        view: a view from `make_board`, in any form but `live`.
        now: when the board is printed, in Unix seconds.

    Returns:
        Text of at most 11 kB in the notebook file, without a line break at the end.
    """
    head = [*_text_head(view)]
    again = wrap(f"{_again_words(view['head'])} {view['head']['again_line']}", "", "  ")
    room = TEXT_LIMIT - _size(head) - _size(again)
    full = [line for row in zip(view["rows"], view["moments"], strict=True) for line in _full(*row, now)]
    lines = full if _size(full) <= room else _short(view, room)
    return "\n".join([*head, *lines, *again])


def _size(lines: list[str]) -> int:
    return sum(stored_size(line) + 2 for line in lines)


def title_line(head: BoardHead) -> str:
    """Return how many runs there are, and how many are in each stage."""
    counts = ", ".join(count["label"] for count in head["counts"])
    return f"{head['title']}: {counts}" if counts else head["title"]


def facts_of(row: BoardRow, moments: CheckTimes, now: float) -> list[str]:
    """Return the facts about a run as short texts: leads, qualified leads, credits, credits per qualified lead, time.

    Args:
        row: the run.
        moments: when the server was last heard about it.
        now: the time of the view, in Unix seconds.
    """
    return [piece for piece in (*amounts_of(row), _price(row), *_times(row, moments, now)) if piece]


def amounts_of(row: BoardRow) -> list[str]:
    """Return leads, qualified leads and credits, as far as the server gave them."""
    leads, _, used, _ = row["keys"]
    counts = (
        (row["leads"], "lead" if leads == 1 else "leads"),
        (row["qualified"], "qualified"),
        (row["credits"], "credit" if used == 1 else "credits"),
    )
    return [f"{value} {label}" for value, label in counts if value]


def _price(row: BoardRow) -> str:
    return f"{row['price']} per qualified lead" if row["price"] else ""


def _times(row: BoardRow, moments: CheckTimes, now: float) -> list[str]:
    started, ended = row["started_at"], row["completed_at"]
    if row["done"]:
        return [f"ended {words.moment(ended)}" if ended is not None else ""]
    heard, _, _, connection = moments
    if started is None:
        lasted = ""
    elif connection == "live":
        lasted = f"{words.duration(now - started / 1000)} so far"
    else:
        lasted = lasted_at_last_update(started, heard, connection)
    return [lasted, f"last update {words.moment(heard)}" if heard is not None else ""]


def _text_head(view: BoardView) -> Iterator[str]:
    head = view["head"]
    yield from wrap(title_line(head), "", "  ")
    yield from wrap(" · ".join(filter(None, (head["sums"], head["origin"], head["as_of"]))), "  ")
    for notice in head["notices"]:
        yield from wrap(f"{SIGNS[notice['tone']]} {notice['title']}", "", "  ")
        yield from wrap(notice["text"], "  ")
        yield from wrap(notice["code"], "  ")
        if notice["link"]:
            yield from wrap(f"{notice['link']['label']}: {notice['link']['href']}", "  ")
    yield from wrap(head["hidden"], "  ")
    yield from wrap(head["nothing"], "  ")


def _again_words(head: BoardHead) -> str:
    return f"{head['again_words']}, in any kernel:"


def _about(row: BoardRow) -> str:
    return ": ".join(filter(None, (row["name"], row["prompt"])))


def _full(row: BoardRow, moments: CheckTimes, now: float) -> Iterator[str]:
    yield from wrap(f"{SIGNS[row['tone']]} {row['status_label']}: {_about(row)}", "", "  ")
    yield from wrap(" · ".join(filter(None, (row["note"], *facts_of(row, moments, now)))), "  ")
    yield from wrap(row["token"], "  ")


def _short(view: BoardView, room: int) -> list[str]:
    rows = view["rows"]
    label = max(width_of(row["status_label"]) for row in rows)
    lines = [_text_line(row, label) for row in rows]
    kept: list[str] = []
    for line in lines:
        room -= stored_size(line) + 2
        if room < len(_more(len(rows))):
            break
        kept.append(line)
    return kept if len(kept) == len(lines) else [*kept, _more(len(lines) - len(kept))]


def _more(count: int) -> str:
    return f"  {words.plural(count, 'more run')}: ow.runs_frame(board)"


def _text_line(row: BoardRow, label: int) -> str:
    amounts = ", ".join(amounts_of(row))
    begin = f"{SIGNS[row['tone']]} {row['status_label']}{' ' * (label - width_of(row['status_label']))}  "
    room = WIDTH - width_of(begin) - width_of(amounts) - 2
    about = cut_to_width(_about(row), max(room, 10))
    return f"{begin}{about}{' ' * (room - width_of(about))}  {amounts}".rstrip()


_AROUND = 900


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
    kept = take(rows, room, stored_size)
    left = len(rows) - len(kept)
    more = f"{words.plural(left, 'more run')}: " if left else ""
    hidden = join(
        text(more),
        code("ow.runs_frame(board)") if left else Html(""),
        text(view["head"]["hidden"]),
        text(view["head"]["nothing"]),
        by=" ",
    )
    again = join(text(_again_words(view["head"])), code(view["head"]["again_line"]), by=" ")
    strip = join(*(div("", part) for part in (hidden, again) if part))
    return div(CARD, head, *kept, div(f"{STRIP};border-top:{LINE}", strip))


def _head(head: BoardHead) -> Html:
    pieces = [text(head["sums"])]
    if head["origin"]:
        pieces.append(span(f"padding:0 6px;border:{LINE};border-radius:5px;font-size:11px", isolated(head["origin"])))
    pieces.append(text(head["as_of"]))
    return join(
        div(
            "padding:12px 14px",
            bold(text(title_line(head))),
            div(f"margin-top:3px;{SMALL};font-variant-numeric:tabular-nums", join(*filter(None, pieces), by=" · ")),
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
