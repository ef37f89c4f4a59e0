"""Files of the leads that a page shows: the same leads, columns, order and words."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from origami_widgets.api.rows.cell_values import is_remark
from origami_widgets.frames.leads.lead_column import FOUND
from origami_widgets.frames.leads.stacking import mains_of, table_notes

from .csv_files import csv_text
from .export_parts import ExportPart
from .html_files import write_page
from .lead_export import SUMMARY, summary_of
from .xlsx_files import write_workbook

if TYPE_CHECKING:
    from origami_widgets.frames.source import SourceData

Words = dict[str, list[str | None]]
"""The words of the cells of each shown column, by its slug; None where there is no value."""


def shown_csv(heads: Sequence[str], words: Words) -> bytes:
    """Return leads as a CSV file for people: headings and words as they are shown, without ids.

    Args:
        heads: the headings of the columns.
        words: the columns, in the same order.
    """
    frame = pd.DataFrame(words, dtype="string")
    frame.columns = pd.Index(heads)
    return csv_text(frame).encode()


def shown_file(
    ending: str,
    leads: pd.DataFrame,
    name: str,
    *,
    ids: Sequence[str],
    words: Words,
    slugs: Mapping[str, str],
    source: SourceData,
) -> bytes:
    """Return leads as a workbook or page: a summary, and a table with their values; what explains these is folded.

    Numbers, dates and addresses stay what they are, so that a sheet can compute and open them.

    Args:
        ending: `xlsx` or `html`.
        leads: the leads, with their `attrs`.
        name: the name of the sheet.
        ids: the ids of the shown leads, in their order.
        words: the shown columns.
        slugs: the slugs of the tables' columns, by the ids of the columns.
        source: the runs or tables of which the summary is.

    Raises:
        InvalidInput: the package that writes workbooks is missing.
    """
    notes = table_notes(leads)
    mains = mains_of(notes)
    kinds = {each["column"]: (slugs.get(each["id"]), each["kind"]) for note in notes for each in note["table_columns"]}
    places = {row_id: at for at, row_id in enumerate(ids)}
    kept = leads[leads["row_id"].isin(places)]
    kept = kept.sort_values("row_id", key=lambda each: each.map(places), ignore_index=True)
    for column in map(str, leads.columns):
        main = mains.get(column, column)
        slug, kind = kinds.get(main, (None, ""))
        key = column[len(main) + 1 :]
        if main in kinds and (slug not in words or (key and key != FOUND and not is_remark(key))):
            kept = kept.drop(columns=column)
        elif slug in words and not key and (kind == "sequence" or kept[column].dtype in ("boolean", "object")):
            kept[column] = pd.array(words[slug], dtype="string")
    kept.attrs = leads.attrs
    parts = [
        ExportPart(SUMMARY, lambda: summary_of(source, kept), "summary"),
        ExportPart(name, lambda: kept, "leads"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leads"
        if ending == "html":
            write_page(parts, file)
        else:
            write_workbook(parts, file, Path(folder), neutralize=True)
        return file.read_bytes()
