"""Files of the leads that a grid shows: the same leads, columns, order and words."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from origami_widgets.card.view.lead_cells import cell_words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pandas as pd

    from origami_widgets.card.view.lead_contract import LeadCell, LeadHead


@dataclass(frozen=True, slots=True)
class ShownLeads:
    """The leads that a grid shows, as far as they were read, in its order.

    Attributes:
        heads: the heads of the columns.
        rows: the id and the cells of each lead.
    """

    heads: Sequence[LeadHead]
    rows: Sequence[tuple[str, Sequence[LeadCell]]]

    def chosen(self, ids: Collection[str], columns: Collection[str]) -> ShownLeads:
        """Return some leads and columns of these.

        Args:
            ids: the ids of the leads; empty for all.
            columns: the slugs of the columns; empty for all.
        """
        places = [at for at, head in enumerate(self.heads) if not columns or head["slug"] in columns]
        rows = [(row_id, [cells[at] for at in places]) for row_id, cells in self.rows if not ids or row_id in ids]
        return ShownLeads([self.heads[at] for at in places], rows)

    def words(self) -> dict[str, list[str | None]]:
        """Return the words of the cells by the slugs of the columns; None where there is no value."""
        words = [[cell_words(cell) or None for cell in cells] for _, cells in self.rows]
        columns = map(list, zip(*words, strict=True)) if words else ([] for _ in self.heads)
        return dict(zip((head["slug"] for head in self.heads), columns, strict=True))


def csv_bytes(shown: ShownLeads) -> bytes:
    """Return the leads as a CSV file for people: headings and words as they are shown, without ids."""
    import pandas as pd

    from origami_widgets.frames.files.csv_files import csv_text

    frame = pd.DataFrame(shown.words(), dtype="string")
    frame.columns = pd.Index([head["name"] for head in shown.heads])
    return csv_text(frame).encode()


def workbook_bytes(
    shown: ShownLeads,
    leads: pd.DataFrame,
    name: str,
    slugs: Mapping[str, str],
    summary: Callable[[pd.DataFrame], pd.DataFrame],
) -> bytes:
    """Return the leads as an Excel workbook: a summary, and a sheet with their values; what explains these is folded.

    Args:
        shown: the leads as they are shown.
        leads: the same leads as a frame, with its `attrs`.
        name: the name of the sheet.
        slugs: the slugs of the tables' columns, by the ids of the columns.
        summary: makes the summary of the leads in the sheet.

    Raises:
        InvalidInput: the package that writes workbooks is missing.
    """
    from origami_widgets.frames.files.export_parts import ExportPart
    from origami_widgets.frames.files.lead_export import SUMMARY, with_table
    from origami_widgets.frames.files.xlsx_files import write_workbook

    sheet = with_table(_as_shown(leads, shown, slugs))
    parts = [ExportPart(SUMMARY, lambda: summary(sheet), "summary"), ExportPart(name, lambda: sheet, "leads")]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leads.xlsx"
        write_workbook(parts, file, Path(folder), neutralize=True)
        return file.read_bytes()


def _as_shown(leads: pd.DataFrame, shown: ShownLeads, slugs: Mapping[str, str]) -> pd.DataFrame:
    """Return the leads with the shown columns only, and with words for values that people don't read as they are.

    Numbers, dates and addresses stay what they are, so that a sheet can compute and open them.
    """
    import pandas as pd

    from origami_widgets.api.rows.cell_values import is_remark
    from origami_widgets.frames.leads.lead_column import FOUND
    from origami_widgets.frames.leads.stacking import mains_of, table_notes

    notes = table_notes(leads)
    kinds = {each["column"]: (slugs.get(each["id"]), each["kind"]) for note in notes for each in note["table_columns"]}
    words, places = shown.words(), {row_id: at for at, (row_id, _) in enumerate(shown.rows)}
    kept = leads[leads["row_id"].isin(places)]
    kept = kept.sort_values("row_id", key=lambda ids: ids.map(places), ignore_index=True)
    mains = mains_of(notes)
    for name in map(str, leads.columns):
        main = mains.get(name, name)
        slug, kind = kinds.get(main, (None, ""))
        is_part = name != main
        explains = is_part and ((key := name[len(main) + 1 :]) == FOUND or is_remark(key))
        if main in kinds and (slug not in words or (is_part and not explains)):
            kept = kept.drop(columns=name)
        elif main == name and slug in words and (kind == "sequence" or kept[name].dtype in ("boolean", "object")):
            kept[name] = pd.array(words[slug], dtype="string")
    kept.attrs = leads.attrs
    return kept
