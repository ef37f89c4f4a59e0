"""Card as plain text, for terminals, logs and the text of a snapshot. Pure."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from itertools import repeat
from typing import TYPE_CHECKING, Final

from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.contract import ColumnRow
from origami_widgets.card.view.snapshot_words import (
    FOLLOW_UP_LINE,
    TEXT_GOES_ON,
    answer_line,
    as_final_snapshot,
    as_known,
    as_live_snapshot,
    as_of,
    columns_not_shown,
    freshness_words,
    meta_line,
    stored,
    tables_not_shown,
)
from origami_widgets.card.view.table_view import HEADINGS, column_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from origami_widgets.card.view.contract import (
        Actions,
        Ask,
        EarlierRun,
        Foot,
        Node,
        Notice,
        Prose,
        SuggestionView,
        TablesView,
        TableView,
        Tone,
        View,
    )

WIDTH = 100
MIN_WIDTH = 20
_MIN_TEXT_WIDTH = 8
"""Columns for a piece of a word, however deep it stands: a line would rather be too wide than not end."""
_NAME_WIDTH = 16
"""What a column's name wants at least, or its numbers stand below it."""
SIZE_LIMIT = 11_000
"""Bytes in the file of a notebook, which holds the HTML too: the two together stay under 40 kB."""

_PROSE_SIZE = 3_500

SIGNS: Final[dict[Tone, str]] = {"running": "●", "good": "✓", "attention": "◆", "bad": "✕", "neutral": "■"}
_INLINE = frozenset({"b", "i", "code", "a", "br"})


def render_text(
    view: View, *, now: float, final: bool = True, ticking: bool = False, width: int = WIDTH, height: float = math.inf
) -> str:
    """Return the card in lines of at most `width` columns, without colour.

    Args:
        view: what `make_view` returned.
        now: the moment of printing, in Unix seconds.
        final: nothing will change it any more; False where it is replaced as the run goes on.
        ticking: it is replaced every second, so that it can say how old it is in the place of its moment.
        width: columns of the page, 20 at least. Lines of Python are laid out for 100 unless it is ticking: a terminal
            wraps them by itself, and they are copied whole.
        height: lines that all down to the last table may take: columns of tables give way to that.

    Returns:
        Text of at most 11 kB without a line break at its end.
    """
    width = max(width, MIN_WIDTH)
    code_width = width if ticking else max(width, WIDTH)
    past = as_live_snapshot(view) if ticking or not final else as_final_snapshot(view, then="then")
    before = [
        list(_earlier(past["earlier"], width)),
        list(_head({**view, "head": as_known(view)}, now, width, final=final, ticking=ticking)),
        *(list(_notice(notice, width, code_width)) for notice in past["notices"]),
        list(_ask(past["ask"], width)) if past["ask"] else [],
    ]
    after = [
        _prose(past["prose"], width),
        list(_actions(past["actions"], width)),
        list(_suggestions(past["suggestions"], width)),
        list(_foot(past["foot"], code_width)),
    ]
    tables = _tables(past["tables"], SIZE_LIMIT - _size(before) - _size(after), width, height - _height(before))
    blocks = _within_limit([block for block in (*before, *tables, *after) if block])
    return "\n\n".join("\n".join(block) for block in blocks)


def _within_limit(blocks: list[list[str]]) -> list[list[str]]:
    """Cut the longest blocks until all are within the size limit, which escapes can exceed by far."""
    while _size(blocks) > SIZE_LIMIT:
        longest = max(blocks, key=lambda block: _size([block]))
        longest[-2:] = ["  …"]
    return blocks


def _size(blocks: list[list[str]]) -> int:
    return sum(stored(line) + 2 for block in blocks for line in block) + 2 * len(blocks)


def _height(blocks: list[list[str]]) -> int:
    """Count the lines of blocks, with the empty one below each."""
    return sum(len(block) + 1 for block in blocks if block)


def _tables(tables: TablesView, size: int, width: int, height: float) -> list[list[str]]:
    """Return the tables with as many columns each as size and height allow; fewer tables where none fits."""
    every = len(tables["items"]) + tables["hidden"]
    title = [words.plural(every, "table")] if every > 1 else []
    most = max((len(table["columns"]) for table in tables["items"]), default=0)

    def blocks_of(limit: int) -> list[list[str]]:
        pairs = zip(tables["items"], tables["reading"] or repeat(""), strict=False)
        return [list(_table(table, reading, limit, width)) for table, reading in pairs]

    def are_too_many(limit: int) -> bool:
        blocks = blocks_of(limit)
        return _size(blocks) > size or _height([title, *blocks]) > height

    limit = bisect_right(range(most + 1), 0, key=are_too_many) - 1
    blocks = blocks_of(max(limit, 0))
    while _size(blocks) > size and len(blocks) > 1:
        blocks.pop()
    return [title, *blocks, wrap(tables_not_shown(every - len(blocks)), width=width)]


def width_of(text: str) -> int:
    """Return the columns a text takes in a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrap(text: str, indent: str = "", hanging: str | None = None, width: int = WIDTH) -> list[str]:
    """Break a text into lines of at most `width` columns; a word that is longer is broken."""
    hanging = indent if hanging is None else hanging
    lines, line, empty = [], indent, True
    for word in text.split():
        for piece in break_to_width(word, max(width - max(width_of(indent), width_of(hanging)), _MIN_TEXT_WIDTH)):
            if empty:
                line += piece
            elif width_of(line) + 1 + width_of(piece) <= width:
                line += f" {piece}"
            else:
                lines.append(line)
                line = hanging + piece
            empty = False
    return lines if empty else [*lines, line]


def break_to_width(word: str, width: int) -> Iterator[str]:
    """Break a text into pieces of at most so many columns, without regard to its blanks."""
    while width_of(word) > width:
        taken = cut_to_width(word, width)
        yield taken
        word = word[len(taken) :]
    if word:
        yield word


def cut_to_width(text: str, width: int) -> str:
    """Return the beginning of a text that fits into so many columns."""
    used = 0
    for index, character in enumerate(text):
        used += _width(character)
        if used > width:
            return text[:index]
    return text


def _head(view: View, now: float, width: int, *, final: bool, ticking: bool) -> Iterator[str]:
    head = view["head"]
    about = ": ".join(part for part in (head["status_label"], head["prompt"]) if part)
    yield from wrap(f"{SIGNS[head['tone']]} {about}", "", "  ", width)
    yield from wrap(head["reply"], "  ", width=width)
    pieces = meta_line(view, now=now, ticking=ticking)
    if head["origin"]:
        pieces.append(head["origin"])
    if ticking:
        pieces.append(freshness_words(view, now=now))
    elif not final:
        pieces.append(as_of(now, final=False))
    elif not head["settled"]:
        pieces.append(f"as of {words.moment(now * 1000)}")
    yield from wrap(" · ".join(filter(None, pieces)), "  ", width=width)
    if head["link"]:
        yield from wrap(f"{head['link']['label']}: {head['link']['href']}", "  ", width=width)


def _earlier(runs: list[EarlierRun], width: int) -> Iterator[str]:
    if runs:
        yield from wrap(f"{words.plural(len(runs), 'earlier run')} of this conversation", width=width)
    for number, run in enumerate(runs, 1):
        mark = f"{number}. "
        summary = " · ".join(filter(None, (run["prompt"], run["status_label"], run["outcome"])))
        yield from wrap(f"{mark}{summary}", "  ", "  " + " " * len(mark), width)


def _notice(notice: Notice, width: int, code_width: int) -> Iterator[str]:
    yield from wrap(f"{SIGNS[notice['tone']]} {notice['title']}", "", "  ", width)
    yield from wrap(notice["text"], "  ", width=width)
    if notice["link"]:
        yield from wrap(f"{notice['link']['label']}: {notice['link']['href']}", "  ", width=width)
    yield from wrap(notice["code"], "  ", width=code_width)


def _ask(ask: Ask, width: int) -> Iterator[str]:
    for question in ask["questions"]:
        yield from wrap(question["question"], width=width)
        for choice in (*question["suggestions"], question["freeform"]):
            yield from wrap(f"○ {choice}", "  ", "    ", width)
    yield from wrap(answer_line(ask), width=width)
    yield from wrap(ask["cost_note"], width=width)


def _table(table: TableView, reading: str, limit: int, width: int) -> Iterator[str]:
    yield from wrap(table["name"], width=width)
    # A broken address is of no use: the page of the workspace stands in the head.
    if (opened := table["link"]) and width_of(line := f"  {opened['label']}: {opened['href']}") <= width:
        yield line
    yield from wrap(" · ".join(filter(None, (*table["facts"], reading, table["filling"]))), "  ", width=width)
    if funnel := table["funnel"]:
        yield from wrap(
            " · ".join([*(part["label"] for part in funnel["parts"]), funnel["sourced_label"]]), "  ", width=width
        )
    rows = [ColumnRow(*row) for row in table["columns"]]
    if limit < len(rows):
        # Where not all fit, those without numbers go first.
        rows.sort(key=lambda row: set(column_words(row)) == {words.NOT_APPLICABLE})
    shown = rows[:limit]
    if shown:
        yield from _columns(shown, width)
    yield from wrap(columns_not_shown(table["columns_hidden"] + len(table["columns"]) - len(shown)), "  ", width=width)


def _columns(rows: list[ColumnRow], width: int) -> Iterator[str]:
    lines = [HEADINGS, *((_name(row), *column_words(row)) for row in rows)]
    widths = [max(width_of(line[i]) for line in lines) for i in range(len(HEADINGS))]
    # Numbers keep their width; names give way, so that a line stays within the width.
    name_width = width - 2 - sum(widths[1:]) - 2 * (len(HEADINGS) - 1)
    if name_width < min(widths[0], _NAME_WIDTH):
        yield from _stacked(lines[1:], width)
        return
    widths[0] = min(widths[0], name_width)
    for first, *others in lines:
        name, *further = wrap(first, "", "  ", widths[0])
        cells = [" " * (width - width_of(word)) + word for width, word in zip(widths[1:], others, strict=True)]
        yield "  ".join(["  " + name + " " * (widths[0] - width_of(name)), *cells]).rstrip()
        yield from (f"  {line}" for line in further)


def _stacked(lines: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Return the columns of a narrow page: each name, and below it its numbers with their headings."""
    untold = [name for name, *others in lines if set(others) == {words.NOT_APPLICABLE}]
    yield from wrap(" · ".join(untold), "  ", "    ", width)
    for name, *others in lines:
        if name in untold:
            continue
        yield from wrap(name, "  ", "    ", width)
        line = ""
        for heading, word in zip(HEADINGS[1:], others, strict=True):
            piece = f"{heading}: {word}"
            if word == words.NOT_APPLICABLE:
                continue
            longer = f"{line}  {piece}" if line else f"    {piece}"
            if line and width_of(longer) > width:
                yield line
                longer = f"    {piece}"
            if width_of(longer) > width:
                yield from wrap(piece, "    ", "      ", width)
                longer = ""
            line = longer
        if line:
            yield line


def _name(row: ColumnRow) -> str:
    name = row.name
    return f"{name} ({row.kind})" if row.kind else name


def _prose(prose: Prose, width: int) -> list[str]:
    lines: list[str] = []
    for node in prose["nodes"]:
        lines += ["", *_block(node, "", width)] if lines else list(_block(node, "", width))
    shown, bytes_left = [], _PROSE_SIZE
    for line in lines:
        bytes_left -= stored(line) + 2
        if bytes_left < 0:
            break
        shown.append(line)
    if prose["cut"] or len(shown) < len(lines):
        shown += wrap(f"{TEXT_GOES_ON} run.text.", width=width)
    return shown


def _block(node: Node, indent: str, width: int) -> Iterator[str]:
    children = node.get("c", [])
    match node["t"]:
        case "ul" | "ol":
            for number, child in enumerate((child for child in children if isinstance(child, dict)), 1):
                mark = f"{number}. " if node["t"] == "ol" else "- "
                yield from _flow(child.get("c", []), indent, mark, width)
        case "quote":
            yield from _flow(children, indent, "> ", width)
        case "pre":
            for line in _inline(children).splitlines():
                yield from break_to_width(f"{indent}    {line}".expandtabs(4), width) if line.strip() else [""]
        case "table":
            for row in children:
                if isinstance(row, dict):
                    cells = [_inline(cell.get("c", [])) for cell in row.get("c", []) if isinstance(cell, dict)]
                    yield from wrap(" | ".join(cells), indent, width=width)
        case "hr":
            yield f"{indent}· · ·"
        case _:
            yield from _flow(children, indent, "", width)


def _flow(children: Sequence[str | Node], indent: str, mark: str, width: int) -> Iterator[str]:
    """Return inline children as wrapped lines, blocks among them below, with a mark before the first line."""
    inner = indent + " " * len(mark)
    first = indent + mark
    pending: list[str | Node] = []
    for child in [*children, None]:
        if child is not None and (isinstance(child, str) or child["t"] in _INLINE):
            pending.append(child)
            continue
        for line in _inline(pending).split("\n"):
            if line.strip():
                yield from wrap(line, first, inner, width)
                first = inner
        pending = []
        if child is not None:
            yield from _block(child, inner, width)


def _inline(children: Sequence[str | Node]) -> str:
    parts = []
    for child in children:
        if isinstance(child, str):
            parts.append(child)
        elif child["t"] == "br":
            parts.append("\n")
        else:
            inner = _inline(child.get("c", []))
            href = child.get("href", "")
            parts.append(f"{inner} <{href}>" if href and href != inner else inner)
    return "".join(parts)


def _actions(actions: Actions, width: int) -> Iterator[str]:
    if not actions["groups"] and not actions["earlier"]:
        return
    yield from wrap(actions["title"], width=width)
    if actions["earlier"]:
        yield f"  {words.plural(actions['earlier'], 'earlier change')}"
    for group in actions["groups"]:
        yield from wrap(group["table"], "  ", width=width)
        for line in group["lines"]:
            yield from wrap(_inline(line), "  - ", "    ", width)


def _suggestions(suggestions: list[SuggestionView], width: int) -> Iterator[str]:
    if suggestions:
        yield "Next steps"
    for suggestion in suggestions:
        yield from wrap(suggestion["label"], "  - ", "    ", width)
    if any(suggestion["button"] for suggestion in suggestions):
        yield from wrap(FOLLOW_UP_LINE, "  ", width=width)


def _foot(foot: Foot, width: int) -> Iterator[str]:
    pieces = [foot["credits"], f"run {foot['run_id']}"]
    yield from wrap(" · ".join(piece for piece in pieces if piece), width=width)
    if foot["data_line"]:
        yield from wrap(f"data: {foot['data_line']}", width=width)
    yield from wrap(f"resume anywhere: {foot['attach_line']}", width=width)
