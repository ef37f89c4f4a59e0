"""Write frames as CSV that is safe even in programs that split at semicolons or tabs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .safe_cells import STARTS, is_formula, plain_cell, plain_column, visible_text

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_ONCE = 10_000
_AS_IT_IS = re.compile(r'\w[^,;|"\t\r\n\ud800-\udfff]*(?<!\s)')
"""Matches most texts, which need neither quotation marks nor a check for formulas."""
_QUOTED = re.compile(r'[,;|"\t\r\n]|^\s|\s$|^$')


_SEPARATOR = re.compile(r"([;\t\r\n])")
"""Where a spreadsheet may begin a new cell inside a text: in half of Europe, Excel splits at semicolons, and then ignores
quotation marks in the middle of a line."""
_CALL = re.compile(r"\w\(|\|")


def write_csv(
    frame: pd.DataFrame, file: Path, *, bom: bool, neutralize: bool, separator: str = ",", encoding: str = "utf-8"
) -> None:
    """Write a frame by RFC 4180, and quote texts that contain separators other than its own, too.

    A missing value is empty; an empty text is two quotation marks. Dates and times look as in pandas. If an encoding lacks
    a character, the file is UTF-8 with a byte order mark.
    """
    encoding = "utf-8-sig" if bom and encoding == "utf-8" else encoding
    try:
        with file.open("w", encoding=encoding, newline="") as out:
            out.writelines(_lines(frame, neutralize=neutralize, separator=separator))
    except UnicodeEncodeError:
        write_csv(frame, file, bom=True, neutralize=neutralize, separator=separator)


def csv_text(frame: pd.DataFrame) -> str:
    """Return what `write_csv` writes, neutralized and with a byte order mark."""
    return "\ufeff" + "".join(_lines(frame, neutralize=True, separator=","))


def _lines(frame: pd.DataFrame, *, neutralize: bool, separator: str) -> Iterator[str]:
    shown = [plain_column(frame.iloc[:, at]) for at in range(frame.shape[1])]
    yield _line(separator, [_text(str(name), neutralize=neutralize) for name in frame.columns])
    for start in range(0, len(frame), ROWS_AT_ONCE):
        columns = [
            [_text(value, neutralize=neutralize) for value in each.iloc[start : start + ROWS_AT_ONCE].astype(object)]
            for each in shown
        ]
        yield from (_line(separator, cells) for cells in zip(*columns, strict=True))


def _line(separator: str, cells: Any) -> str:
    # Readers skip empty lines.
    return (separator.join(cells) or '""') + "\r\n"


def _text(value: Any, *, neutralize: bool) -> str:
    if isinstance(value, str) and _AS_IT_IS.fullmatch(value):
        return value
    cell = plain_cell(value)
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    text = neutral(cell) if neutralize else cell
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def neutral(text: str) -> str:
    """Return the text with an apostrophe before formulas, so that spreadsheets show them as text.

    >>> neutral("=HYPERLINK(1)"), neutral("Padaria"), neutral("a;=HYPERLINK(1);b")
    ("'=HYPERLINK(1)", 'Padaria', "a;'=HYPERLINK(1);b")
    """
    if _SEPARATOR.search(text) is None:
        return f"'{text}" if is_formula(text) else text
    first, *rest = _SEPARATOR.split(text)
    guarded = "".join(f"'{part}" if _is_call(part) else part for part in rest)
    return f"'{first}{guarded}" if is_formula(text) else f"{first}{guarded}"


def _is_call(part: str) -> bool:
    """Return whether a part may be computed. Lines that begin with a dash are common, and harmless without a call or pipe."""
    bare = visible_text(part)
    if not bare or bare[0] not in STARTS:
        return False
    return not (bare[0] in "+-" and _CALL.search(bare) is None)
