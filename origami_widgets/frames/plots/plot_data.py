"""Rows of frames picked for a plot, and names and numbers as plot text. Loads no Altair."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from importlib import import_module
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

Record = dict[str, Any]

MISSING = "n/a"
"""Text for a value that the server left out."""
FULL_NAME = 300
"""Characters of a name in a tooltip, which has more space than the plot."""
NARROWEST, WIDEST = 240, 4_000
CHARACTER = 5.8
"""Px of a character in a plot, on average."""
NAMES, NOTES = 0.3, 0.4
"""Shares of a plot's width that the names left of its bars and the notes right of them may take."""
_MOST_RUNS_NAMED = 2
_MOST_MARKS = 3
_LARGEST = 1e15
"""Numbers from here on are written with an exponent: their digits would fill the plot."""


def check_options(width: object, top: object = 1) -> int:
    """Return the width in px.

    Raises:
        InvalidInput: the width or `top` cannot be drawn, or Altair isn't installed.
    """
    if isinstance(width, bool) or not isinstance(width, int | float) or not NARROWEST <= width <= WIDEST:
        raise InvalidInput(
            "Invalid width",
            cause=f"Got width={width!r}.",
            remedy=f"Use the width of the whole plot in px, from {NARROWEST} to {WIDEST:,}.",
        )
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise InvalidInput(
            "Invalid top",
            cause=f"Got top={top!r}.",
            remedy="Use the most items to draw, 1 or more.",
        )
    try:
        import_module("altair")
    except ImportError as error:
        raise InvalidInput(
            "Altair isn't installed",
            cause="It's needed for plots.",
            remedy="Run: pip install 'origami-widgets[plots]'. Frames work without it.",
        ) from error
    return int(width)


def records(frame: pd.DataFrame, columns: Sequence[str]) -> list[Record]:
    """Return the rows of some columns, with None for missing values."""
    picked = frame[list(columns)].astype(object)
    return [dict(zip(columns, row, strict=True)) for row in picked.where(picked.notna(), None).to_numpy().tolist()]


def newest(rows: Sequence[Record]) -> list[Record]:
    """Return each table once, in its last state: a follow-up repeats the tables of the run before it.

    Args:
        rows: rows of tables, or of columns with their `position`, in the order of the source.
    """
    states: list[int] = []
    table, before = None, -1
    for row in rows:
        position = row.get("position", 0)
        begins = row["table_id"] != table or position <= before or not states
        states.append((states[-1] if states else 0) + begins)
        table, before = row["table_id"], position
    last = {row["table_id"]: state for row, state in zip(rows, states, strict=True)}
    numbered = zip(rows, states, strict=True)
    return [row for row, state in numbered if row["table_id"] is None or state == last[row["table_id"]]]


def by_table(rows: Iterable[Record]) -> dict[Any, list[Record]]:
    """Group rows by table, in the order of the source."""
    tables: dict[Any, list[Record]] = {}
    for row in rows:
        tables.setdefault(row["table_id"] or ("", row["table_name"]), []).append(row)
    return tables


def largest(rows: Sequence[Record], size: str, top: int) -> list[Record]:
    """Return the `top` rows with the largest `size`, in the order of the source."""
    ranked = sorted(range(len(rows)), key=lambda at: -(rows[at][size] or 0))
    return [rows[at] for at in sorted(ranked[:top])]


def under_heading(table_name: object, rows: Iterable[Record], *, several: bool, more: str = "") -> Iterator[Record]:
    """Yield the rows of a table with its name, after a heading with `more` behind the name where there are `several`."""
    name = {"table": name_of(table_name, FULL_NAME)}
    if several:
        yield {**name, "heading": name_of(table_name, 48), "more": more}
    for row in rows:
        yield {**name, **row}


def runs_named(rows: Iterable[Record]) -> str:
    """Return the ids of the runs of some rows in a few words; empty without runs."""
    runs = [name_of(run, 40) for run in dict.fromkeys(row["run_id"] for row in rows) if run is not None]
    if len(runs) <= 1:
        return "".join(f"run {run}" for run in runs)
    further = len(runs) - _MOST_RUNS_NAMED
    return f"runs {', '.join(runs[:_MOST_RUNS_NAMED])}" + (f" and {further:,} more" if further > 0 else "")


def subject(tables: Sequence[object]) -> str:
    """Return the name of the only table, or the number of tables."""
    return name_of(tables[0]) if len(tables) == 1 else many(len(tables), "table")


def left_out(number: int, what: str, why: str = "are not drawn") -> str:
    """Return a note about `number` things, such as "1 smaller table is not drawn"; empty for none."""
    if number == 1:
        why = why.replace("are ", "is ", 1).replace("have ", "has ", 1)
    return f"{many(number, what)} {why}" if number else ""


def many(number: int, what: str) -> str:
    """Return a number and its noun, in the plural where it needs it.

    Example:
        >>> many(1, "table"), many(1200, "table")
        ('1 table', '1,200 tables')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def name_of(value: object, limit: int = 60) -> str:
    r"""Return text from outside as one line of at most `limit` characters.

    Characters that hide other text or turn its direction are dropped.

    Example:
        >>> name_of("  Porto\n bakeries "), name_of(None), name_of("a long name", 7)
        ('Porto bakeries', '(no name)', 'a long…')
    """
    if not isinstance(value, str):
        return "(no name)"
    # Cut first: the text may have a megabyte.
    text = printable(" ".join(value[: limit * 4 + 64].split())).replace("\ufffd", " ")
    kept, marks = "", 0
    for character in " ".join(text.split()):
        # Marks that pile up on one letter cover the lines around it.
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        kept += character if marks <= _MOST_MARKS else ""
    return (kept if len(kept) <= limit else kept[: limit - 1].rstrip() + "…") or "(no name)"


def count(value: float | None) -> str:
    """Return a whole number with its thousands separated.

    Example:
        >>> count(12345), count(None)
        ('12,345', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{round(value):,}" if abs(value) < _LARGEST else f"{value:.3g}"


def amount(value: float | None) -> str:
    """Return credits with two decimals at most.

    Example:
        >>> amount(1234.5), amount(57.0), amount(0.001), amount(None)
        ('1,234.5', '57', '<0.01', 'n/a')
    """
    if value is None or not abs(value) < _LARGEST:
        return count(value)
    if 0 < value < 0.005:  # noqa: PLR2004 - what would be written as 0
        return "<0.01"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def share(part: float | None, whole: float | None) -> str:
    """Return a share in whole percent; never "0 %" for some and never "100 %" for not all.

    Example:
        >>> share(12, 21), share(1, 5000), share(4999, 5000), share(1, 0)
        ('57 %', '<1 %', '>99 %', 'n/a')
    """
    if part is None or whole is None or not whole > 0:
        return MISSING
    percent = math.floor(part / whole * 100 + 0.5)
    if percent == 0 and part > 0:
        return "<1 %"
    if percent == 100 and part < whole:  # noqa: PLR2004
        return ">99 %"
    return f"{percent:,} %"


def joined(*parts: str) -> str:
    """Join the phrases that are not empty into one line."""
    return " · ".join(part for part in parts if part)


def fitted(text: str, width: float) -> str:
    """Cut a text to about `width` px.

    Vega's own limits cut through emoji, which the library that makes pictures refuses.

    Example:
        >>> fitted("Contact e-mail", 50), fitted("Fit", 50)
        ('Contact…', 'Fit')
    """
    room = width
    for at, character in enumerate(text):
        is_wide = unicodedata.east_asian_width(character) in "WF"
        room -= CHARACTER * (2.3 if is_wide else 1.4 if character.isupper() or character in "mw@%" else 1)
        if room < 0:
            return text[: max(0, at - 1)].rstrip() + "…"
    return text


def lines_of(text: str, width: float, size: float = 1) -> list[str]:
    """Wrap a sentence to `width` px; `size` is its font's size relative to other texts of a plot."""
    return textwrap.wrap(text, max(12, int(width / (5.5 * size)))) or [""]
