"""The card and the grid of leads as plain text, for terminals, logs and the text of a snapshot."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import repeat
from typing import TYPE_CHECKING, Final

from origami_widgets.card.view.fixed_words import AGAIN, NEXT_STEPS
from origami_widgets.card.view.prose import GOES_ON
from origami_widgets.card.view.questions import FOLLOW_UP_LINE, answer_line
from origami_widgets.card.view.run_head import fresh_words, times_of
from origami_widgets.card.view.table_view import more_columns, more_tables
from origami_widgets.words.foreign_text import break_to_width, stored_size, take, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from origami_widgets.card.view.contract import (
        Ask,
        Earlier,
        Node,
        Notice,
        Prose,
        SuggestionView,
        TablesView,
        TableView,
        Tone,
        View,
    )
    from origami_widgets.card.view.lead_contract import LeadGridView

WIDTH = 100
MIN_WIDTH = 20
_LEAST_ROOM = 8
"""Least columns for a piece of a word, however deep its indent: too wide a line is better than one that never ends."""
_NAME_WIDTH = 16
"""Least columns for a column's name; with fewer, its numbers go below it."""
SIZE_LIMIT = 11_000
"""Bytes that the text may take in a notebook file. Together with the HTML, which is saved as well, it stays under 40 kB."""

_PROSE_SIZE = 3_500

SIGNS: Final[dict[Tone, str]] = {"running": "●", "good": "✓", "attention": "◆", "bad": "✕", "neutral": "■"}
_INLINE = frozenset({"b", "i", "code", "a", "br"})


def render_text(view: View, *, now: float, ticking: bool = False, width: int = WIDTH, height: float = math.inf) -> str:
    """Return a card as text in lines of limited width, without colour.

    Args:
        view: a view from `make_view`, in any form but `live`.
        now: when the card is printed, in Unix seconds.
        ticking: whether the text is replaced every second, so that it can give its age instead of its time.
        width: columns of the page, at least 20. Lines of Python are laid out for 100, unless `ticking`: a terminal
            wraps them itself, and they are copied whole.
        height: lines that the text may take down to the last table; columns of tables are left out to fit.

    Returns:
        Text of at most 11 kB, without a line break at the end.
    """
    width = max(width, MIN_WIDTH)
    copied = width if ticking else max(width, WIDTH)
    before = [
        list(_earlier(view["earlier"], width)),
        list(_head(view, now, width, ticking=ticking)),
        *(list(_notice(notice, width, copied)) for notice in view["notices"]),
    ]
    after = [
        _prose(view["prose"], width),
        list(_suggestions(view["suggestions"], width)),
        list(_ask(view["ask"], width)) if view["ask"] else [],
        wrap(_inline(view["now"]), width=width),
        wrap(f"{AGAIN} {view['head']['line']}", width=copied),
    ]
    tables = _tables(view["tables"], SIZE_LIMIT - _size(before) - _size(after), width, height - _height(before))
    blocks = _fitted([block for block in (*before, *tables, *after) if block])
    return "\n\n".join("\n".join(block) for block in blocks)


def _fitted(blocks: list[list[str]]) -> list[list[str]]:
    """Return the blocks within the size limit: if escapes make them too long, the longest blocks lose their last lines."""
    while _size(blocks) > SIZE_LIMIT:
        longest = max(blocks, key=lambda block: _size([block]))
        longest[-2:] = ["  …"]
    return blocks


def _size(blocks: list[list[str]]) -> int:
    return sum(stored_size(line) + 2 for block in blocks for line in block) + 2 * len(blocks)


def _height(blocks: list[list[str]]) -> int:
    """Return the number of lines, including the empty line below each block."""
    return sum(len(block) + 1 for block in blocks if block)


def _tables(tables: TablesView, room: int, width: int, height: float) -> list[list[str]]:
    """Return all tables with as many columns as room and height allow; if that is none, fewer tables."""
    items = tables["items"]
    most = max((len(table["columns"]["rows"]) for table in items), default=0)

    def blocks_of(limit: int) -> list[list[str]]:
        read = zip(items, tables["reading"] or repeat(""), strict=False)
        return [list(_table(each, reading, limit, width)) for each, reading in read]

    def are_too_many(limit: int) -> bool:
        blocks = blocks_of(limit)
        return _size(blocks) > room or _height(blocks) > height

    limit = bisect_right(range(most + 1), 0, key=are_too_many) - 1
    blocks = blocks_of(max(limit, 0))
    while _size(blocks) > room and len(blocks) > 1:
        blocks.pop()
    return [*blocks, wrap(tables["hidden"] or more_tables(len(items) - len(blocks)), width=width)]


def wrap(text: str, indent: str = "", hanging: str | None = None, width: int = WIDTH) -> list[str]:
    """Wrap a text into lines of limited width. A longer word is broken."""
    hanging = indent if hanging is None else hanging
    lines, line, empty = [], indent, True
    begun = width_of(hanging)
    taken = width_of(indent)
    room = max(width - max(taken, begun), _LEAST_ROOM)
    for word in text.split():
        for piece in break_to_width(word, room):
            wide = width_of(piece)
            if empty:
                line += piece
                taken += wide
            elif taken + 1 + wide <= width:
                line += f" {piece}"
                taken += 1 + wide
            else:
                lines.append(line)
                line = hanging + piece
                taken = begun + wide
            empty = False
    return lines if empty else [*lines, line]


def _head(view: View, now: float, width: int, *, ticking: bool) -> Iterator[str]:
    head, result = view["head"], view["result"]
    about = " · ".join(part for part in (head["status_label"], head["prompt"]) if part)
    yield from wrap(f"{SIGNS[head['tone']]} {about}", "", "  ", width)
    yield from wrap(head["reply"], "  ", width=width)
    figures = [
        f"{one['value']} {one['label']}" + (f" ({one['note']})" if one["note"] else "") for one in result["figures"]
    ]
    yield from wrap(" · ".join(filter(None, (*figures, result["note"]))), "  ", width=width)
    fresh = fresh_words(view["clock"], now=now) if ticking else head["as_of"]
    pieces = [*times_of(view, now=now, ticking=ticking), head["origin"], fresh]
    yield from wrap(" · ".join(filter(None, pieces)), "  ", width=width)
    if result["funnel"]:
        yield from wrap(result["funnel"]["words"], "  ", width=width)
    if head["link"]:
        yield from wrap(f"{head['link']['label']}: {head['link']['href']}", "  ", width=width)


def _earlier(earlier: Earlier, width: int) -> Iterator[str]:
    yield from wrap(earlier["title"], width=width)
    for number, run in enumerate(earlier["runs"], 1):
        mark = f"{number}. "
        said = " · ".join(filter(None, (run["prompt"], run["status_label"], run["outcome"])))
        yield from wrap(f"{mark}{said}", "  ", "  " + " " * len(mark), width)


def _notice(notice: Notice, width: int, copied: int) -> Iterator[str]:
    yield from wrap(f"{SIGNS[notice['tone']]} {notice['title']}", "", "  ", width)
    yield from wrap(notice["text"], "  ", width=width)
    if notice["link"]:
        yield from wrap(f"{notice['link']['label']}: {notice['link']['href']}", "  ", width=width)
    yield from wrap(notice["code"], "  ", width=copied)


def _ask(ask: Ask, width: int) -> Iterator[str]:
    for question in ask["questions"]:
        yield from wrap(question["question"], width=width)
        for choice in (*question["suggestions"], question["freeform"]):
            yield from wrap(f"○ {choice}", "  ", "    ", width)
    yield from wrap(answer_line(ask), width=width)
    yield from wrap(ask["cost_note"], width=width)


def _table(table: TableView, reading: str, limit: int, width: int) -> Iterator[str]:
    yield from wrap(table["name"], width=width)
    # A broken address is useless, and the head has the link to the workspace.
    if (opened := table["link"]) and width_of(line := f"  {opened['label']}: {opened['href']}") <= width:
        yield line
    remarks = [remark["text"] for remark in table["remarks"]]
    yield from wrap(" · ".join(filter(None, (table["facts"], reading, *remarks))), "  ", width=width)
    yield from wrap(table["funnel"], "  ", width=width)
    columns = table["columns"]
    shown = columns["rows"][:limit]
    if shown:
        yield from _grid(columns["heads"], shown, width)
    yield from wrap(more_columns(table["hidden"] + len(columns["rows"]) - len(shown)), "  ", width=width)


def _grid(heads: list[str], rows: list[list[str]], width: int) -> Iterator[str]:
    lines = [heads, *rows]
    widths = [max(width_of(line[i]) for line in lines) for i in range(len(heads))]
    # Numbers keep their width, and names are cut, so that a line fits.
    room = width - 2 - sum(widths[1:]) - 2 * (len(heads) - 1)
    if room < min(widths[0], _NAME_WIDTH):
        yield from _stacked(heads, rows, width)
        return
    widths[0] = min(widths[0], room)
    for first, *others in lines:
        name, *further = wrap(first, "", "  ", widths[0])
        cells = [" " * (width - width_of(word)) + word for width, word in zip(widths[1:], others, strict=True)]
        yield "  ".join(["  " + name + " " * (widths[0] - width_of(name)), *cells]).rstrip()
        yield from (f"  {line}" for line in further)


def _stacked(heads: list[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield the lines for a narrow page: each name, and below it the values with their headings."""
    for name, *others in rows:
        yield from wrap(name, "  ", "    ", width)
        line = ""
        for heading, word in zip(heads[1:], others, strict=True):
            if not word:
                continue
            piece = f"{heading}: {word}" if heading else word
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


def _prose(prose: Prose, width: int) -> list[str]:
    lines: list[str] = []
    for node in prose["nodes"]:
        lines += ["", *_block(node, "", width)] if lines else list(_block(node, "", width))
    shown = take(lines, _PROSE_SIZE, lambda line: stored_size(line) + 2)
    cut = prose["cut"] or (GOES_ON if len(shown) < len(lines) else "")
    return [*shown, *wrap(cut, width=width)]


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
    """Yield inline children as wrapped lines, with blocks among them below, and the mark before the first line."""
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


def _suggestions(suggestions: list[SuggestionView], width: int) -> Iterator[str]:
    if suggestions:
        yield NEXT_STEPS
    for suggestion in suggestions:
        yield from wrap(suggestion["label"], "  - ", "    ", width)
    if any(suggestion["button"] for suggestion in suggestions):
        yield from wrap(FOLLOW_UP_LINE, "  ", width=width)


def render_leads_text(view: LeadGridView) -> str:
    """Return the snapshot as text, without any lead."""
    head = view["head"]
    tabs = [f"{tab['name']}: {tab['leads']} leads" if tab["leads"] else tab["name"] for tab in head["tabs"]]
    return "\n".join([*(tabs or ["No leads yet."]), f"To see the leads, in any kernel: {head['line']}"])
