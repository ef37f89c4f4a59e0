"""Leads as one page that a colleague opens: in a mail, on a phone, without kernel, network or scripts."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from origami_widgets.api.rows.cell_values import is_address
from origami_widgets.frames.leads.lead_table import FOUND
from origami_widgets.words.foreign_text import clean, link_of, strip_tricks
from origami_widgets.words.numbers import moment, plural

from .lead_export import PERSONAL, SheetColumn, names_people, shown_columns
from .table_files import plain_cells

if TYPE_CHECKING:
    import pandas as pd

    from .export_parts import ExportPart

NOT_SAID = ("Credits", "100 more")
"""How those parts of the summary begin that the page leaves out: what leads cost is not for everyone."""
ROWS_OF_A_BLOCK = 100
ROW_HEIGHT = (33.3, 35.0)
"""Of rows, and of those that unfold, so that the scroll bar does not jump when they are laid out."""
MOST_SEEN = 140
"""Characters of a text that are seen; the rest unfolds."""
NARROWEST, WIDEST, LOOKED_AT = 5, 36, 200
"""Widths of columns in characters, and the rows by which they are chosen."""


def write_page(parts: Sequence[ExportPart], path: Path) -> None:
    """Write leads as a page that loads nothing, and runs only the script that stands in it.

    The rows stand once, as tables, which everything shows that shows HTML. The script lets them be searched and sorted.

    Args:
        parts: the tables of leads, with their summary.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    facts: list[tuple[str, object]] = [("Written", datetime.now(UTC))]
    tables: list[_LeadTable] = []
    for part in parts:
        frame = part.make()
        if part.kind == "summary":
            facts = [(name, value) for name, value in frame.attrs["facts"] if not name.startswith(NOT_SAID)]
            facts += [(str(run["Run"]), run["Brief"]) for run in frame.attrs["runs"]]
        elif part.kind != "detail" or len(frame):
            tables.append(_LeadTable(part.name, frame, f"t{len(tables)}"))
            if names_people(frame.columns) and ("Personal data", PERSONAL) not in facts:
                facts.append(("Personal data", PERSONAL))
    title = clean(" · ".join(table.name for table in tables[:3]), 120) or "Leads"
    style = _built("web_page.css") + "".join(table.style for table in tables)
    script = _built("web_page.js")
    policy = f"default-src 'none'; style-src {_hash_of(style)}; script-src {_hash_of(script)}; base-uri 'none'; form-action 'none'"
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
            f"<title>{escape(title)}</title><style>{style}</style></head>\n<body><main><h1>{escape(title)}</h1>\n<dl>"
        )
        out.writelines(f"<dt>{_escaped(name)}</dt><dd>{_escaped(_words(value))}</dd>" for name, value in facts)
        out.write('</dl>\n<input type="search" placeholder="Search" aria-label="Search the leads" hidden>\n')
        for table in tables:
            out.writelines(table.markup())
        out.write(f"</main><script>{script}</script></body></html>\n")


@cache
def _built(name: str) -> str:
    return (files("origami_widgets") / "card" / "static" / name).read_text("utf-8").strip()


def _hash_of(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _escaped(text: str) -> str:
    return escape(strip_tricks(text))


def _words(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


class _LeadTable:
    """One table of the page.

    Attributes:
        name: its name.
    """

    def __init__(self, name: str, frame: pd.DataFrame, html_id: str) -> None:
        columns = shown_columns(frame)
        self.name = name
        self._frame, self._id = frame, html_id
        self._shown = [column for column in columns if column.place == "shown"]
        folded = [column for column in columns if column.place == "folded"]
        # "Phone: confidence" explains "Phone".
        self._about = [[each for each in folded if each.heading.startswith(f"{one.heading}: ")] for one in self._shown]
        self._cells = {column.at: self._texts_of(column) for column in (*self._shown, *folded)}

    def _texts_of(self, column: SheetColumn) -> list[Any]:
        cells = plain_cells(self._frame, column.at)
        if column.has_amounts and not any(isinstance(cell, str) for cell in cells):
            return [f"{cell:,}" if type(cell) in (int, float) else cell for cell in cells]
        return cells

    @property
    def style(self) -> str:
        """The widths of its columns, once the script has taken it over, and which are numbers."""
        widths, numbers = [], []
        for place, column in enumerate(self._shown):
            seen = [self._seen(cell) for cell in self._cells[column.at][:LOOKED_AT]]
            longest = sorted(map(len, seen))[len(seen) * 9 // 10] if seen else 0
            width = min(WIDEST, max(NARROWEST, longest, len(column.heading))) + 3
            widths.append(f"minmax({width}ch,{width}fr)")
            if getattr(self._frame.dtypes.iloc[column.at], "kind", "O") in "iuf":
                numbers.append(f"#{self._id} :nth-child({place + 1}):is(td,th)")
        right = f"{','.join(numbers)}{{text-align:end}}" if numbers else ""
        block = ROWS_OF_A_BLOCK * (ROW_HEIGHT[1] if any(self._about) else ROW_HEIGHT[0])
        return f"#{self._id}{{--columns:{' '.join(widths)};--block:{block:.0f}px}}{right}"

    @staticmethod
    def _seen(cell: object) -> str:
        """Return what is seen of a cell before it is unfolded."""
        if isinstance(cell, bool):
            return "yes" if cell else "no"
        return "" if cell is None else clean(str(cell), MOST_SEEN)

    def markup(self) -> Iterator[str]:
        """Yield the table, in blocks of rows."""
        heads = "".join(f'<th scope="col">{_escaped(column.heading)}</th>' for column in self._shown)
        yield f"<section><h2>{_escaped(self.name)} <small>{plural(len(self._frame), 'lead')}</small> <output></output></h2>\n"
        yield f'<div class="box" tabindex="0"><table id="{self._id}"><thead><tr>{heads}</tr></thead>\n'
        for start in range(0, len(self._frame), ROWS_OF_A_BLOCK):
            rows = range(start, min(start + ROWS_OF_A_BLOCK, len(self._frame)))
            yield "<tbody>" + "".join(f"<tr>{self._row(row)}</tr>\n" for row in rows) + "</tbody>"
        yield "</table></div></section>\n"

    def _row(self, row: int) -> str:
        cells = [self._cell(place, row) for place in range(len(self._shown))]
        return "".join(f"<td>{cell}</td>" if at else f'<th scope="row">{cell}</th>' for at, cell in enumerate(cells))

    def _cell(self, place: int, row: int) -> str:
        column = self._shown[place]
        cell = self._cells[column.at][row]
        seen = self._seen(cell)
        shown = self._linked(cell, seen, column.role, has_links=column.has_links) or escape(seen)
        about = []
        for each in self._about[place]:
            note, key = self._cells[each.at][row], each.heading.removeprefix(f"{column.heading}: ")
            if key == FOUND:
                shown = shown or ("<i>not found</i>" if note is False else "")
            elif note is not None:
                text = str(note)
                about.append(f"{_escaped(key)}: {self._linked(note, text, 'other', has_links=True) or _escaped(text)}")
        if isinstance(cell, str) and len(cell) > MOST_SEEN:
            about.insert(0, _escaped(cell))
        if not about:
            return shown
        notes = "\n".join(about)
        return f'{shown}<details><summary aria-label="Details"></summary><small>{notes}</small></details>'

    @staticmethod
    def _linked(cell: object, seen: str, role: str, *, has_links: bool) -> str:
        """Return a link, for addresses of pages and e-mail addresses that are safe; empty for all else."""
        text = cell.strip() if isinstance(cell, str) else ""
        address = link_of("website" if has_links and is_address(text) else role, text)
        link = f'<a href="{escape(address)}" rel="noopener noreferrer" target="_blank">{escape(seen)}</a>'
        return link if address else ""
