"""Frames as an Excel workbook."""

from __future__ import annotations

import math
import re
import warnings
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets.api.errors import InvalidInput

from .formulas import is_formula
from .plain import plain_cell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
LONGEST_NAME = 31
LARGEST_EXACT = 10**15
"""Excel keeps fifteen digits."""
FIRST_YEAR = 1900
NARROWEST, WIDEST, LOOKED_AT = 8, 60, 200


def write_workbook(frames: Mapping[str, pd.DataFrame], path: Path, *, neutralize: bool) -> None:
    """Write a sheet per frame: frozen header, widths, dates as UTC without zone, no formula and no link.

    Raises:
        InvalidInput: xlsxwriter is not installed, or a frame has more rows than a sheet.
    """
    try:
        xlsxwriter: Any = import_module("xlsxwriter")
    except ImportError as error:
        raise InvalidInput(
            "xlsxwriter is not installed",
            cause="Excel workbooks need it.",
            remedy="Run: pip install 'origami-widgets[excel]'. CSV works without it.",
        ) from error
    for name, frame in frames.items():
        if len(frame) > MOST_ROWS:
            raise InvalidInput(
                "Too many rows for a sheet",
                cause=f"{name} has {len(frame):,}; a sheet holds {MOST_ROWS:,}.",
                remedy='Export to a folder of CSV or Parquet files: export(source, "folder", format="parquet").',
            )
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"comments": "Times are UTC. Cells are not to be trusted: they come from the web."})
        formats = {
            "header": book.add_format({"bold": True}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            # What the apostrophe does that one types into Excel: text, also after it is edited.
            "quoted": book.add_format({"quote_prefix": True}),
        }
        taken: set[str] = set()
        for name, frame in frames.items():
            sheet = book.add_worksheet(sheet_name(name, taken))
            if cut := _fill(sheet, frame, formats, neutralize=neutralize):
                warnings.warn(
                    f"{cut:,} texts of {name} were cut: an Excel cell holds {LONGEST_TEXT:,} characters. "
                    "CSV and Parquet keep them whole.",
                    stacklevel=3,
                )


def sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel allows and that is not taken.

    >>> sheet_name("a/b" * 20, set())
    'a_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba'
    """
    base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", name).strip("' ")[:LONGEST_NAME] or "Sheet"
    found, number = base, 1
    while found.lower() in taken or found.lower() == "history":
        number += 1
        found = f"{base[: LONGEST_NAME - len(str(number)) - 1]}_{number}"
    taken.add(found.lower())
    return found


def _fill(sheet: Any, frame: pd.DataFrame, formats: Mapping[str, Any], *, neutralize: bool) -> int:
    """Write one frame; gives how many texts were too long for a cell."""
    cut = 0
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(frame.columns):
        column = frame[name]
        moments = isinstance(column.dtype, pd.DatetimeTZDtype) or "timestamp" in str(column.dtype)
        heading = f"{name} (UTC)" if moments else str(name)
        sheet.write_string(0, at, heading[:LONGEST_TEXT], formats["header"])
        width = len(heading)
        for row, value in enumerate(column.astype(object), start=1):
            cell = plain_cell(value)
            if cell is None:
                continue
            cut += isinstance(cell, str) and len(cell) > LONGEST_TEXT
            _write(sheet, row, at, cell, formats, neutralize=neutralize)
            if row <= LOOKED_AT:
                width = max(width, len(str(cell)[:WIDEST]))
        sheet.set_column(at, at, min(WIDEST, max(NARROWEST, width + 2)))
    return cut


def _write(sheet: Any, row: int, at: int, cell: Any, formats: Mapping[str, Any], *, neutralize: bool) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(row, at, cell)
    elif isinstance(cell, datetime) and cell.year >= FIRST_YEAR:
        sheet.write_datetime(row, at, cell.replace(tzinfo=None), formats["moment"])
    elif isinstance(cell, int | float) and abs(cell) <= LARGEST_EXACT and math.isfinite(cell):
        sheet.write_number(row, at, cell)
    else:
        text = str(cell)[:LONGEST_TEXT]
        sheet.write_string(row, at, text, formats["quoted"] if neutralize and is_formula(text) else None)
