"""Board as plain text, for terminals, logs and the text of a snapshot. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.render.card_text import SIGNS, SIZE_LIMIT, WIDTH, cut_to_width, width_of, wrap
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.board_snapshot import (
    as_live_snapshot,
    as_printed_snapshot,
    row_amounts,
    row_facts,
    title_line,
)
from origami_widgets.card.view.snapshot_words import as_of, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from origami_widgets.card.view.contract import BoardRow, BoardView, CheckTimes


def render_board_text(view: BoardView, *, now: float, final: bool = True) -> str:
    """Return the board in lines of at most 100 columns, without colour.

    Where not all facts fit, each run has one line; where those do not fit either, the last runs are counted.

    Args:
        view: what `make_board` returned.
        now: the moment of printing, in Unix seconds.
        final: nothing will change it any more.

    Returns:
        Text of at most 11 kB in the file of a notebook, without a line break at its end.
    """
    past = as_printed_snapshot(view) if final else as_live_snapshot(view)
    head = [*_head(past, now, final=final)]
    bytes_left = SIZE_LIMIT - _size(head)
    full = [line for row in zip(past["rows"], past["moments"], strict=True) for line in _full(*row, now)]
    lines = full if _size(full) <= bytes_left else _short(past, bytes_left)
    return "\n".join([*head, *lines])


def _size(lines: list[str]) -> int:
    return sum(stored(line) + 2 for line in lines)


def _head(view: BoardView, now: float, *, final: bool) -> Iterator[str]:
    head = view["head"]
    yield from wrap(title_line(head), "", "  ")
    as_it_was = as_of(now, final=final).removeprefix("saved copy, ")
    yield from wrap(" · ".join(filter(None, (*head["facts"], head["origin"], as_it_was))), "  ")
    for notice in head["notices"]:
        yield from wrap(f"{SIGNS[notice['tone']]} {notice['title']}", "", "  ")
        yield from wrap(notice["text"], "  ")
        yield from wrap(notice["code"], "  ")
        if notice["link"]:
            yield from wrap(f"{notice['link']['label']}: {notice['link']['href']}", "  ")
    yield from wrap(head["hidden"], "  ")
    if not view["rows"]:
        yield "  There are no runs yet. ow.start(…) starts one."


def _about(row: BoardRow) -> str:
    return ": ".join(filter(None, (row["name"], row["prompt"])))


def _full(row: BoardRow, moments: CheckTimes, now: float) -> Iterator[str]:
    yield from wrap(f"{SIGNS[row['tone']]} {row['status_label']}: {_about(row)}", "", "  ")
    yield from wrap(" · ".join(filter(None, (row["note"], *row_facts(row, moments, now)))), "  ")
    yield from wrap(row["token"], "  ")


def _short(view: BoardView, bytes_left: int) -> list[str]:
    rows = view["rows"]
    label = max(width_of(row["status_label"]) for row in rows)
    lines = [_line(row, label) for row in rows]
    kept: list[str] = []
    for line in lines:
        bytes_left -= stored(line) + 2
        if bytes_left < len(_more(len(rows))):
            break
        kept.append(line)
    return kept if len(kept) == len(lines) else [*kept, _more(len(lines) - len(kept))]


def _more(count: int) -> str:
    return f"  {words.plural(count, 'more run')} not shown here: ow.runs_frame(board)"


def _line(row: BoardRow, label: int) -> str:
    amounts = ", ".join(row_amounts(row))
    begin = f"{SIGNS[row['tone']]} {row['status_label']}{' ' * (label - width_of(row['status_label']))}  "
    about_width = WIDTH - width_of(begin) - width_of(amounts) - 2
    about = cut_to_width(_about(row), max(about_width, 10))
    return f"{begin}{about}{' ' * (about_width - width_of(about))}  {amounts}".rstrip()
