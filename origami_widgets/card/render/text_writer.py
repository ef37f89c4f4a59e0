"""Writes documents as plain text, for terminals, logs and the text of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from origami_widgets.card.render.document import (
    SIGNS,
    Bar,
    Block,
    Items,
    Line,
    Part,
    Prose,
    SavedLeads,
    Table,
    document_of,
    table_of,
)
from origami_widgets.words.foreign_text import break_to_width, width_of

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import BoardView, Node, View
    from origami_widgets.card.view.messages import LeadGridView

WIDTH = 100
MIN_WIDTH = 20
_LEAST_ROOM = 8
"""Least columns for a piece of a word, however deep its indent: too wide a line is better than one that never ends."""
_NAME_WIDTH = 16
"""Least columns for the first cells of a table; with fewer, the others go below them."""
_INLINE: Final = frozenset({"b", "i", "code", "a", "br"})
_INDENT = "  "


def render_text(
    view: View | BoardView | LeadGridView,
    *,
    now: float,
    saved: Sequence[SavedLeads] = (),
    ticking: bool = False,
    width: int = WIDTH,
) -> str:
    """Return a card, a board or a grid of leads as text in lines of limited width, without colour.

    Args:
        view: a view in any form but `live`.
        now: when the text is printed, in Unix seconds.
        saved: the leads of a grid to save.
        ticking: whether the text is replaced every second, so that it can give its age instead of its time.
        width: columns of the page, at least 20. Lines of Python are laid out for 100, unless `ticking`: a terminal
            wraps them itself, and they are copied whole.

    Returns:
        Text without a line break at the end.
    """
    width = max(width, MIN_WIDTH)
    page = _Page(width, width if ticking else max(width, WIDTH))
    sections = document_of(view, now=now, ticking=ticking, saved=saved)
    return "\n\n".join(
        "\n".join(each for block in section.blocks for each in page.block(block)) for section in sections
    )


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


class _Page(NamedTuple):
    """How wide lines are, and those of Python, which are copied whole."""

    width: int
    copied: int

    def block(self, block: Block) -> list[str]:
        """Return the lines of a block."""
        match block:
            case Line():
                return self._line(block)
            case Bar():
                return []
            case Items():
                marks = (f"{number}. " if block.mark == "1. " else block.mark for number in count(1))
                items = zip(block.items, marks, strict=False)
                return [each for item, mark in items for line in item for each in self._line(line, mark)]
            case Table():
                return self._table(block)
            case Prose():
                nodes = (list(self._flow([node], "", "")) for node in block.nodes)
                return [line for at, lines in enumerate(nodes) for line in (["", *lines] if at else lines)]

    def _line(self, line: Line, mark: str = "") -> list[str]:
        """Return a line, and its links below it."""
        parts = [part for group in line.groups for part in group]
        said = " · ".join(" ".join(_said(part) for part in group) for group in line.groups if not group[0].href)
        begin, width = _INDENT + mark, self.copied if any(part.look == "code" for part in parts) else self.width
        lines = wrap(said, "" if line.is_head else begin, _INDENT + " " * len(mark), width)
        # A broken address is useless.
        linked = [part for part in parts if part.href and width_of(_INDENT + part.href) <= self.width]
        return lines + [
            each for part in linked for each in wrap(f"{part.text}: {part.href}", _INDENT, width=self.width)
        ]

    def _table(self, table: Table) -> list[str]:
        """Return a table: in columns, or each row below its name if these are too wide."""
        heads, *rows = lines = [[_inline(cell) for cell in row] for row in (table.heads, *table.rows)]
        widths = [max(map(width_of, column)) for column in zip_longest(*lines, fillvalue="")]
        # Numbers keep their width, and names are cut, so that a line fits.
        room = self.width - len(_INDENT) * len(widths) - sum(widths[1:])
        if room >= min(widths[0], _NAME_WIDTH):
            widths[0] = min(widths[0], room)
            return [each for row in lines for each in _columns(row, widths, is_text=table.is_text)]
        return [each for row in rows for each in self._below(heads, row)]

    def _below(self, heads: Sequence[str], row: Sequence[str]) -> Iterator[str]:
        yield from wrap(row[0], _INDENT, "    ", self.width)
        values = [f"{head}: {word}" if head else word for head, word in zip(heads[1:], row[1:], strict=False) if word]
        yield from wrap(", ".join(values), "    ", "      ", self.width)

    def _node(self, node: Node, indent: str) -> Iterator[str]:
        children = node.get("c", [])
        match node["t"]:
            case "ul" | "ol":
                for number, child in enumerate((child for child in children if isinstance(child, dict)), 1):
                    mark = f"{number}. " if node["t"] == "ol" else "- "
                    yield from self._flow(child.get("c", []), indent, mark)
            case "quote":
                yield from self._flow(children, indent, "> ")
            case "pre":
                for line in _inline(children).splitlines():
                    yield from break_to_width(f"{indent}    {line}".expandtabs(4), self.width) if line.strip() else [""]
            case "table":
                inner = self._replace(width=max(self.width - len(indent), MIN_WIDTH))
                yield from (indent + line for line in inner.block(table_of(node)))
            case "hr":
                yield f"{indent}· · ·"
            case _:
                yield from self._flow(children, indent, "")

    def _flow(self, children: Sequence[str | Node], indent: str, mark: str) -> Iterator[str]:
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
                    yield from wrap(line, first, inner, self.width)
                    first = inner
            pending = []
            if child is not None:
                yield from self._node(child, inner)


def _said(part: Part) -> str:
    return f"{SIGNS[part.tone]} {part.text}" if part.tone else part.text


def _columns(row: Sequence[str], widths: Sequence[int], *, is_text: bool) -> Iterator[str]:
    first, *others = row
    name, *further = wrap(first, "", _INDENT, widths[0]) or [""]
    cells = [name + " " * (widths[0] - width_of(name))]
    for word, width in zip(others, widths[1:], strict=False):
        space = " " * (width - width_of(word))
        cells.append(word + space if is_text else space + word)
    yield _INDENT + _INDENT.join(cells).rstrip()
    yield from (_INDENT + line for line in further)


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
