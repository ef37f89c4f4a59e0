"""Frames as CSV, for programs that take commas, semicolons or tabs for separators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from origami_widgets.frames.plain import plain_cell, plain_column

from .formulas import neutral

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

ROWS_AT_ONCE = 10_000
_AS_IT_IS = re.compile(r'\w[^,;"\t\r\n\ud800-\udfff]*(?<!\s)')
"""Most texts: they need neither quotation marks nor a closer look."""
_QUOTED = re.compile(r'[,;"\t\r\n]|^\s|\s$|^$')


def write_csv(frame: pd.DataFrame, file: Path, *, bom: bool, neutralize: bool) -> None:
    """Write a frame: RFC 4180, with quotation marks also where another separator than the comma stands.

    No value is nothing between two commas, an empty text two quotation marks. Dates and moments are as pandas shows them.
    """
    shown = [plain_column(frame.iloc[:, at]) for at in range(frame.shape[1])]
    with file.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as out:
        out.write(_line([_text(str(name), neutralize=neutralize) for name in frame.columns]))
        for start in range(0, len(frame), ROWS_AT_ONCE):
            columns = [
                [
                    _text(value, neutralize=neutralize)
                    for value in each.iloc[start : start + ROWS_AT_ONCE].astype(object)
                ]
                for each in shown
            ]
            out.writelines(map(_line, zip(*columns, strict=True)))


def _line(cells: Any) -> str:
    # A line without anything would be skipped by those who read it.
    return (",".join(cells) or '""') + "\r\n"


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
