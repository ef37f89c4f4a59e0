"""Options of plots, tables drawn once, and names and numbers as plot text. Loads no Altair."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from origami_widgets.api.errors import InvalidInput, printable
from origami_widgets.frames.source import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from origami_widgets.frames.source import Source, SourceData

Record = dict[str, Any]

MISSING = "n/a"
"""Text for a value that the server left out."""
FULL_NAME = 300
"""Characters of a name in a tooltip, which has more space than the plot."""
NARROWEST, WIDEST = 240, 4_000
CHARACTER = 5.8
"""Px of a character in a plot, on average."""
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


def each_table_once(source: Source, plot: str) -> SourceData:
    """Normalize a source and keep each table as it was given last: a follow-up repeats the tables of the run before it."""
    data = gather(source, plot)
    parts, seen = [], set()
    for part in reversed(data.parts):
        tables = []
        for table in reversed(part.tables):
            table_id = str(table.get("id") or id(table)) if isinstance(table, Mapping) else None
            if table_id not in seen:
                tables.append(table)
                seen.add(table_id)
        parts.append(replace(part, tables=tables[::-1]))
    return replace(data, parts=tuple(parts[::-1]))


def records(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame, with None for missing values."""
    return cast("list[Record]", frame.astype(object).where(frame.notna(), None).to_dict("records"))


def largest(frame: pd.DataFrame, size: str, top: int) -> pd.DataFrame:
    """Return the `top` rows with the largest `size`, in the order of the source."""
    return frame.loc[frame[size].fillna(0).nlargest(top).index].sort_index()


def by_table(frame: pd.DataFrame, rows_of: Callable[[list[Record]], Iterable[Record]], tables: int) -> list[Record]:
    """Return the rows that `rows_of` makes of each table, with its name above them where there are several `tables`.

    A column `heading` has what stands behind the name.
    """
    made: list[Record] = []
    for (_, table_name), table in frame.groupby(["table_id", "table_name"], sort=False, dropna=False):
        name = name_of(table_name, FULL_NAME)
        more = table["heading"].iloc[0] if "heading" in table else ""
        made += [{"table": name, "heading": joined(name_of(table_name, 48), more)}] if tables > 1 else []
        made += [{"table": name, **row} for row in rows_of(records(table))]
    return made


def runs_named(frame: pd.DataFrame) -> str:
    """Return the ids of the runs of some rows in a few words; empty without runs."""
    names = [name_of(run, 40) for run in frame["run_id"].dropna().unique()]
    further = f" and {len(names) - 2:,} more" if len(names) > 2 else ""  # noqa: PLR2004 - two are named
    return f"run{'s' * (len(names) > 1)} {', '.join(names[:2])}{further}" if names else ""


def subject(tables: pd.Series[str]) -> str:
    """Return the name of the only table, or the number of tables."""
    return name_of(tables.iloc[0]) if len(tables) == 1 else many(len(tables), "table")


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


def name_of(value: object, limit: float = 60) -> str:
    r"""Return text from outside as one line of at most `limit` characters; wide ones count twice.

    Characters that hide other text or turn its direction are dropped. Vega's own limits cut through emoji, which the
    library that makes pictures refuses.

    Example:
        >>> name_of("  Porto\n bakeries "), name_of(None), name_of("a long name", 7)
        ('Porto bakeries', '(no name)', 'a long…')
    """
    # Cut first: the text may have a megabyte.
    text = printable(" ".join(value[:2_000].split())) if isinstance(value, str) else ""
    kept, marks, room = "", 0, limit
    for character in " ".join(text.replace("\ufffd", " ").split()):
        # Marks that pile up on one letter cover the lines around it.
        is_mark = unicodedata.category(character) in ("Mn", "Me")
        marks = marks + 1 if is_mark else 0
        room -= 0 if is_mark else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if room < 0:
            return kept[:-1].rstrip() + "…"
        kept += character if marks <= _MOST_MARKS else ""
    return kept or "(no name)"


def amount(value: float | None) -> str:
    """Return a number with its thousands separated and two decimals at most.

    Example:
        >>> amount(1234.5), amount(57.0), amount(0.001), amount(None)
        ('1,234.5', '57', '<0.01', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) >= _LARGEST:
        return f"{value:.3g}"
    if 0 < value < 0.005:  # noqa: PLR2004 - what would be written as 0
        return "<0.01"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def amounts(values: pd.Series[Any]) -> pd.Series[str]:
    """Return a column of numbers as text."""
    return values.astype(object).map(amount, na_action="ignore").fillna(MISSING)


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


def joined(first: str, *others: str) -> str:
    """Join a phrase and those of the others that are known into one line.

    Example:
        >>> joined("n/a", "n/a", "", "1 errored")
        'n/a · 1 errored'
    """
    return " · ".join(filter(None, [first, *(each for each in others if each != MISSING)]))
