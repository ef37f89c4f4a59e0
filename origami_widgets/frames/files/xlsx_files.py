"""Write frames as an Excel workbook."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import is_address
from origami_widgets.frames.dtype_backend import optional_package
from origami_widgets.words.foreign_text import link_of, unicode_text

from .lead_export import SheetColumn, frame_columns, sheet_columns
from .table_files import is_formula, plain_cell, plain_cells

if TYPE_CHECKING:
    from .export_parts import ExportPart

MOST_ROWS, MOST_COLUMNS = 1_048_575, 16_384
LONGEST_TEXT, LONGEST_NAME = 32_767, 31
"""Longest text in a cell and longest name of a sheet, in UTF-16 code units: most emoji count twice."""
LARGEST_EXACT = 10**15
"""Integers from here on may lose digits, as Excel keeps fifteen."""
FIRST_DAY = date(1900, 3, 1)
"""Earliest date to write as a date. Excel has a 29 February 1900, so programs disagree on the dates before it."""
LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - Excel's times have no zone
NARROWEST, WIDEST, LOOKED_AT = 8, 50, 200
LINE_HEIGHT = 15
"""Points, as in Excel's usual font."""
FILTER_WIDTH = 2
"""Characters that the filter button of a column covers."""
HEADING_WIDTH = 20
"""Characters from which on a heading has two lines, as it is often longer than the cells below it."""
LINKS_LIMIT = 65_000
"""Most links of a sheet: Excel opens none with more than 65,530."""
GROUPED_FROM = 10_000
"""Numbers from which on their column has commas, as on the card. Smaller ones may be years."""
SCORE_COLOURS = {
    "type": "3_color_scale",
    **{f"{each}_type": "num" for each in ("min", "mid", "max")},
    "min_value": 0,
    "mid_value": 60,
    "max_value": 100,
    "min_color": "#f3f4f6",
    "mid_color": "#fef3c7",
    "max_color": "#bbf7d0",
}
NUMBER_FORMATS = {
    "number": "General",
    "whole": "#,##0",
    "cents": "#,##0.00",
    "moment": "yyyy-mm-dd hh:mm:ss",
    "moment_utc": 'yyyy-mm-dd hh:mm "UTC"',
    "day": "yyyy-mm-dd",
    "duration": "[h]:mm:ss",
}
CHART_COLOURS = {"Leads found": "#9ca3af", "Qualified": "#15803d", "With e-mail": "#2563eb"}
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f\ufffe\uffff]")


def engine() -> Any:
    """Import and return the package that writes workbooks.

    Raises:
        InvalidInput: it is not installed.
    """
    return optional_package(
        "xlsxwriter",
        cause="It's needed for Excel workbooks.",
        remedy="Run: pip install 'origami-widgets[excel]'. CSV works without it.",
    )


def write_workbook(parts: Sequence[ExportPart], path: Path, work: Path, *, neutralize: bool) -> None:
    """Write one sheet per part, with a frozen header with filters, column widths, times in UTC, and no formulas.

    Sheets of leads have links, folded and hidden columns.

    Args:
        parts: the sheets.
        path: the file.
        work: a folder for temporary files.
        neutralize: mark texts that look like formulas as text, even when they are edited.

    Raises:
        InvalidInput: a frame has more rows or columns than a sheet.
        OSError: the file cannot be written.
    """
    xlsxwriter: Any = engine()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "tmpdir": str(work)}
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"comments": "Times are UTC. Don't trust the cells: they come from the web."})
    formats = {
        "header": book.add_format(header := {"bold": True, "bottom": 1, "bg_color": "#f3f4f6", "valign": "vcenter"}),
        "quoted_header": book.add_format({**header, "quote_prefix": True}),
        "wrapped_header": book.add_format({**header, "text_wrap": True}),
        "quoted_wrapped_header": book.add_format({**header, "text_wrap": True, "quote_prefix": True}),
        "right_header": book.add_format({**header, **(right := {"align": "right", "indent": 1})}),
        # At a distance from the text in the next column, or on the left beside a label.
        **{name: book.add_format({"num_format": each, **right}) for name, each in NUMBER_FORMATS.items()},
        **{
            f"left_{name}": book.add_format({"num_format": each, "align": "left"})
            for name, each in NUMBER_FORMATS.items()
        },
        # Like an apostrophe typed into Excel: the cell stays text when it is edited.
        "quoted": book.add_format({"quote_prefix": True}),
        "plain": book.add_format(),
        "link": book.add_format({"font_color": "#0563c1", "underline": 1}),
        "wrapped": book.add_format(wrapped := {"text_wrap": True, "valign": "top", "align": "left"}),
        "quoted_wrapped": book.add_format({**wrapped, "quote_prefix": True}),
        # Beside a number, and on its line.
        "beside": book.add_format(beside := {**wrapped, "valign": "bottom", "indent": 1}),
        "quoted_beside": book.add_format({**beside, "quote_prefix": True}),
    }
    taken: set[str] = set()
    for part in parts:
        frame = part.make()
        if part.kind == "detail" and frame.empty:
            continue
        _check_size(part.name, frame)
        sheet = book.add_worksheet(sheet_name(part.name, taken))
        writer = _Sheet(sheet, formats, neutralize=neutralize)
        if part.kind == "summary":
            cut = writer.fill_summary(frame)
            _add_chart(book, sheet, frame, writer.tables_at)
        else:
            cut = writer.fill(frame, sheet_columns(frame) if part.kind == "leads" else frame_columns(frame))
        if cut:
            warnings.warn(
                f"{cut:,} texts of {part.name} were cut, because an Excel cell holds {LONGEST_TEXT:,} characters. "
                "CSV and Parquet keep the full text.",
                stacklevel=3,
            )
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        # xlsxwriter's error hides the one from the disk (3.3).
        raise (error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error))) from error


def _check_size(name: str, frame: pd.DataFrame) -> None:
    rows, columns = frame.shape
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        many = f"{rows:,} rows" if rows > MOST_ROWS else f"{columns:,} columns"
        raise InvalidInput(
            "Too large for a sheet",
            cause=f"{name} has {many}. A sheet holds {MOST_ROWS:,} rows below its header and {MOST_COLUMNS:,} columns.",
            remedy='Export to a folder of CSV or Parquet files: export(source, "folder", format="parquet").',
        )


def _add_chart(book: Any, sheet: Any, frame: pd.DataFrame, top: int) -> None:
    """Draw how many leads of each table, whose heads are in row `top`, were found, qualify and have an e-mail address."""
    counted = [at for at, name in enumerate(frame.columns) if name in CHART_COLOURS]
    if not len(frame) or not counted:
        return
    first, last = top + 1, top + len(frame)
    named = frame.columns.get_loc("Table")
    chart = book.add_chart({"type": "bar"})
    for at in counted:
        series = {
            "name": [sheet.name, top, at],
            "categories": [sheet.name, first, named, last, named],
            "values": [sheet.name, first, at, last, at],
            "fill": {"color": CHART_COLOURS[str(frame.columns[at])]},
            "data_labels": {"value": True, "num_format": "#,##0"},
        }
        chart.add_series(series)
    chart.set_title({"name": "Leads of each table"})
    # Excel draws the first category at the bottom. Reversed, the numbers would be on top: they belong to the far end.
    chart.set_y_axis({"reverse": True, "crossing": "max", "num_font": {"size": 9}})
    chart.set_x_axis({"major_gridlines": {"visible": True, "line": {"color": "#d9d9d9"}}, "num_format": "0"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 760, "height": 140 + 70 * min(len(frame), 12)})
    sheet.insert_chart(last + 2, 0, chart)


def sheet_name(name: str, taken: set[str]) -> str:
    """Return a free name that Excel allows. Excel reserves the name History.

    >>> sheet_name("a/b" * 20, set()), sheet_name("history", set())
    ('a_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba', 'history_')
    """
    base = _cut(_NOT_IN_NAMES.sub("_", unicode_text(name)).strip("' "), LONGEST_NAME).strip("' ") or "Sheet"
    base = f"{base}_" if base.lower() == "history" else base
    found, number = base, 1
    while found.lower() in taken:
        number += 1
        found = f"{_cut(base, LONGEST_NAME - len(str(number)) - 1)}_{number}"
    taken.add(found.lower())
    return found


def _cut(text: str, most: int) -> str:
    """Cut a text to `most` characters as Excel counts them, without half a character at the end."""
    if len(text) * 2 <= most:
        return text
    return text.encode("utf-16-le")[: most * 2].decode("utf-16-le", "ignore")


class _Sheet:
    """Writes one sheet."""

    def __init__(self, sheet: Any, formats: Mapping[str, Any], *, neutralize: bool) -> None:
        self._sheet = sheet
        self._formats = formats
        self._neutralize = neutralize
        self._too_long = 0
        self._links = 0
        self.tables_at = 0

    def fill(self, frame: pd.DataFrame, columns: Sequence[SheetColumn]) -> int:
        """Write the frame and return the number of texts that were too long for a cell."""
        self._sheet.freeze_panes(1, int(any(column.role == "name" for column in columns)))
        if frame.shape[1]:
            self._sheet.autofilter(0, 0, len(frame), frame.shape[1] - 1)
        # On paper, all columns are on one page, below the headings.
        self._set_page()
        self._sheet.repeat_rows(0)
        # Folded columns open with the button over the column behind them.
        self._sheet.outline_settings(symbols_right=False)
        is_tall = False
        for at, place in enumerate(columns):
            dtype = frame.dtypes.iloc[place.at]
            moments = isinstance(dtype, pd.DatetimeTZDtype) or ", tz=" in str(dtype)
            heading = unicode_text(f"{place.heading} (UTC)" if moments else place.heading)
            lines = _heading_lines(heading)
            is_tall = is_tall or len(lines) > 1
            self._text(0, at, heading, header=True)
            width = max(map(len, lines)) + FILTER_WIDTH
            cells = plain_cells(frame, place.at)
            kind = _number_kind(cells, place)
            for row, cell in enumerate(cells, start=1):
                if cell is None:
                    continue
                if link := self._link(place, cell):
                    self._sheet.write_url(row, at, link, self._formats["link"], cell)
                    shown = cell
                else:
                    shown = self._write(row, at, cell, kind)
                if row <= LOOKED_AT:
                    width = max(width, *map(len, shown[: WIDEST * 4].split("\n")))
            options = {"shown": {}, "folded": {"level": 1, "hidden": True}, "hidden": {"hidden": True}}[place.place]
            self._sheet.set_column(at, at, min(WIDEST, max(NARROWEST, width + 2)), None, options)
            if place.role == "score" and len(frame):
                self._sheet.conditional_format(1, at, len(frame), at, SCORE_COLOURS)
        if is_tall:
            self._sheet.set_row(0, 2 * LINE_HEIGHT)
        return self._too_long

    def fill_summary(self, frame: pd.DataFrame) -> int:
        """Write what is said of all tables, below it one row for each run and table, and return how many texts were cut."""
        facts, runs = frame.attrs["facts"], frame.attrs["runs"]
        self._set_page()
        for at, name in enumerate(frame.columns):
            self._sheet.set_column(at, at, 30 if at == 0 or name == "Table" else max(18, len(name) + 3))
        for row, (name, value) in enumerate(facts):
            self._text(row, 0, name, header=True)
            cell = plain_cell(value)
            if isinstance(cell, str):
                self._wrapped(row, (1, 6), cell, 95, "wrapped")
            else:
                kind = "moment_utc" if isinstance(cell, datetime) else _summary_number(cell)
                self._write(row, 1, cell, kind, beside_label=True)
        top = len(facts) + 1
        if runs:
            self._fill_block(pd.DataFrame(runs).convert_dtypes(), top)
            top += len(runs) + 2
        self.tables_at = top
        self._fill_block(frame, top)
        return self._too_long

    def _fill_block(self, frame: pd.DataFrame, top: int) -> None:
        """Write a part of the summary: heads, and rows below them."""
        for at, name in enumerate(frame.columns):
            is_right = frame.dtypes.iloc[at].kind in "biufM"
            self._text(top, at, str(name), style=self._formats["right_header" if is_right else "header"])
            for row, value in enumerate(frame.iloc[:, at].astype(object), start=top + 1):
                cell = plain_cell(value)
                if name == "Brief" and isinstance(cell, str):
                    self._wrapped(row, (at, at + 1), cell, 55, "beside")
                elif cell is not None:
                    cell = round(cell, 2) if isinstance(cell, float) else cell
                    self._write(row, at, cell, "moment_utc" if isinstance(cell, datetime) else _summary_number(cell))

    def _wrapped(self, row: int, columns: tuple[int, int], text: str, width: int, style: str) -> None:
        """Write a text over several columns, of about `width` characters, so that a brief is read without a click."""
        quoted = "quoted_" if self._neutralize and is_formula(text) else ""
        self._sheet.merge_range(row, columns[0], row, columns[1], "", self._formats[style])
        self._sheet.set_row(row, LINE_HEIGHT * min(6, 1 + len(text) // width))
        self._text(row, columns[0], text, style=self._formats[f"{quoted}{style}"])

    def _set_page(self) -> None:
        """On paper, show all columns on one page, with small margins, below the name of the sheet."""
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.6)
        self._sheet.set_header("&L&A")
        self._sheet.set_footer("&RPage &P of &N")

    def _link(self, place: SheetColumn, cell: Any) -> str:
        """Return the link of a cell; empty if it has none, or the sheet has as many as Excel opens."""
        if not isinstance(cell, str) or self._links >= LINKS_LIMIT:
            return ""
        link = link_of("website" if place.has_links and is_address(cell) else place.role, cell)
        self._links += bool(link)
        return link

    def _write(self, row: int, at: int, cell: Any, kind: str = "number", *, beside_label: bool = False) -> str:
        """Write one cell and return the text that is shown.

        Args:
            row: its row.
            at: its column.
            cell: its value.
            kind: how to show a number, or a time of the summary: a key of `NUMBER_FORMATS`.
            beside_label: start numbers at the left, as texts do.
        """
        sheet, aside = self._sheet, "left_" if beside_label else ""
        if isinstance(cell, bool):
            sheet.write_boolean(row, at, cell)
        elif isinstance(cell, datetime) and cell.date() >= FIRST_DAY:
            kind = "moment_utc" if kind == "moment_utc" else "moment"
            sheet.write_datetime(row, at, _moment(cell), self._formats[f"{aside}{kind}"])
            return "yyyy-mm-dd hh:mm:ss"
        elif isinstance(cell, date) and not isinstance(cell, datetime) and cell >= FIRST_DAY:
            sheet.write_datetime(row, at, cell, self._formats[f"{aside}day"])
        elif isinstance(cell, timedelta) and cell >= timedelta(0):
            sheet.write_number(row, at, cell / timedelta(days=1), self._formats[f"{aside}duration"])
        elif _is_number(cell):
            sheet.write_number(row, at, cell, self._formats[f"{aside}{kind}"])
            return str(cell) if kind == "number" else f"{cell:,.2f}"
        else:
            text = cell.isoformat(sep=" ") if isinstance(cell, datetime) else str(cell)
            self._text(row, at, text)
            return text
        return str(cell)

    def _text(self, row: int, at: int, text: str, *, header: bool = False, style: Any = None) -> None:
        # End lines as Excel does; other programs would show a carriage return as _x000D_.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        whole, text = text, _cut(text, LONGEST_TEXT)
        self._too_long += len(text) < len(whole)
        quoted = self._neutralize and is_formula(text)
        if header:
            wrapped = "wrapped_" if len(_heading_lines(text)) > 1 else ""
            style = self._formats[f"{'quoted_' if quoted else ''}{wrapped}header"]
        elif quoted:
            style = style or self._formats["quoted"]
        if text.startswith("<r>") and text.endswith("</r>"):
            # xlsxwriter takes such a text for its own markup and would write it unescaped (3.3.1, without an issue).
            self._sheet.write_rich_string(row, at, text[0], self._formats["plain"], text[1:])
        else:
            self._sheet.write_string(row, at, text, style)


def _heading_lines(heading: str) -> list[str]:
    """Return a heading as one line or, if it is long, as two of nearly equal length.

    >>> _heading_lines("Latest funding: announced on"), _heading_lines("Company")
    (['Latest funding:', 'announced on'], ['Company'])
    """
    words = heading.split(" ")
    if len(heading) <= HEADING_WIDTH or len(words) == 1 or "\n" in heading:
        return [heading]
    halves = [[" ".join(words[:at]), " ".join(words[at:])] for at in range(1, len(words))]
    return min(halves, key=lambda each: max(map(len, each)))


def _number_kind(cells: Sequence[Any], place: SheetColumn) -> str:
    """Return how to show the numbers of a column: with commas if some are large, unless they are no amounts."""
    numbers = [cell for cell in cells if not isinstance(cell, bool) and _is_number(cell)]
    if not place.has_amounts or not any(abs(number) >= GROUPED_FROM for number in numbers):
        return "number"
    return "whole" if all(number == int(number) for number in numbers) else "cents"


def _summary_number(cell: Any) -> str:
    return "cents" if isinstance(cell, float) and not cell.is_integer() else "whole"


def _is_number(cell: Any) -> bool:
    """Return whether Excel keeps a cell's value: always for floats, up to fifteen digits for other numbers."""
    if isinstance(cell, float):
        return math.isfinite(cell)
    if isinstance(cell, Decimal):
        return cell.is_finite() and len(cell.as_tuple().digits) < len(str(LARGEST_EXACT)) and abs(cell) <= LARGEST_EXACT
    return isinstance(cell, int) and abs(cell) <= LARGEST_EXACT


def _moment(cell: datetime) -> datetime:
    """Return the time in UTC without time zone. A fraction after the last second of 9999 would show the year 10000."""
    naive = cell.to_pydatetime(warn=False) if isinstance(cell, pd.Timestamp) else cell
    if naive.tzinfo is not None:
        naive = naive.astimezone(UTC).replace(tzinfo=None)
    return min(naive, LAST_SECOND)
