"""The leads of a source as parts of an export: one for each table, and a summary of all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from origami_widgets.frames.lead_frames import stack_given
from origami_widgets.frames.leads.stacking import table_notes
from origami_widgets.frames.run_frames import runs_frame
from origami_widgets.frames.table_frames import tables_frame

from .lead_sheets import sheet_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from origami_widgets.frames.source import SourceData

SUMMARY = "Summary"


class LeadExport:
    """The leads of the tables of a source. Each table is read when a part first needs it, and only once.

    Tables of several runs that have the same columns are one part, with a column for the run.

    Args:
        data: the source.
        read: reads the leads of one table.
    """

    def __init__(self, data: SourceData, read: Callable[[Mapping[str, Any]], pd.DataFrame]) -> None:
        self._data = data
        self._read = read
        self._frames: dict[str, pd.DataFrame] = {}
        self._groups: dict[object, list[tuple[str | None, str | None, Mapping[str, Any]]]] = {}
        seen: set[str] = set()
        for part in data.parts:
            for table in part.tables:
                if not isinstance(table, Mapping) or (table_id := str(table.get("id"))) in seen:
                    # Runs of one agent share tables.
                    continue
                seen.add(table_id)
                columns = tuple(column.get("slug") for column in table.get("columns") or ())
                run_id, name = (value if isinstance(value, str) else None for value in (part.run_id, part.name))
                self._groups.setdefault(columns or table_id, []).append((run_id, name, table))

    def parts(self) -> list[tuple[str, Callable[[], pd.DataFrame]]]:
        """Return the name of each sheet or file of leads, and what makes it."""
        return [(self._name_of(group), partial(self._frame, group)) for group in self._groups.values()]

    def _name_of(self, group: Sequence[tuple[str | None, str | None, Mapping[str, Any]]]) -> str:
        names = [name if isinstance(name := table.get("name"), str) and name else "Leads" for _, _, table in group]
        if len(names) == 1:
            return names[0]
        # The tables of several runs begin alike: "Bakeries in Porto", "Bakeries in Faro".
        columns = takewhile(lambda words: len(set(words)) == 1, zip(*(name.split() for name in names), strict=False))
        common = " ".join(words[0] for words in columns)
        return common.removesuffix(" in").removesuffix(" at") or "Leads"

    def _frame(self, group: Sequence[tuple[str | None, str | None, Mapping[str, Any]]]) -> pd.DataFrame:
        frames = [self._leads_of(table) for _, _, table in group]
        if len(frames) == 1:
            (frame,) = frames
            # For the way back: without attrs, a file tells by this column which table its leads are of.
            ids = pd.array([str(group[0][2]["id"])] * len(frame), dtype="string")
            return frame if "table_id" in frame else frame.assign(table_id=ids)
        stacked = stack_given(frames, None, "numpy_nullable")
        runs = {str(table["id"]): (run, name or run) for run, name, table in group}
        for at, column in enumerate(("run_id", "name")):
            stacked[column] = stacked["table_id"].map({key: each[at] for key, each in runs.items()}).astype("string")
        return stacked

    def _leads_of(self, table: Mapping[str, Any]) -> pd.DataFrame:
        table_id = str(table["id"])
        if table_id not in self._frames:
            try:
                self._frames[table_id] = self._read(table)
            except BaseException as error:
                read = ", ".join(f"{_named(each)} ({len(each):,} rows)" for each in self._frames.values())
                before = f" Read before it: {read}." if read else ""
                error.add_note(f"The table was {str(table.get('name'))!r:.80}. Nothing was written.{before}")
                raise
        return self._frames[table_id]

    def summary(self) -> pd.DataFrame:
        """Return one row for each table: leads in the file, found and qualified, those with an e-mail address, and credits.

        `attrs["facts"]` has what is said of all: brief, date, credits.
        """
        source = cast("Any", self._data)
        tables = tables_frame(source).drop_duplicates("table_id")
        # In the order of the parts, with the newest numbers of each table.
        order = [str(table["id"]) for group in self._groups.values() for _, _, table in group]
        tables = tables.set_index("table_id").reindex(order)
        made = pd.DataFrame(index=tables.index)
        if len(tables["name"].unique()) > 1:
            made["Run"] = tables["name"]
        leads = {str(each["id"]): self._leads_of(each) for group in self._groups.values() for _, _, each in group}
        made["Table"] = tables["table_name"]
        made["Leads in this file"] = pd.array([len(leads[key]) for key in order], dtype="Int64")
        made["Leads found"] = tables["lead_count"]
        made["Qualified"] = tables["qualified_leads"]
        made["With e-mail"] = pd.array([_with_email(leads[key]) for key in order], dtype="Int64")
        made["Credits"] = tables["credits_lifetime_used"]
        made["Credits per qualified lead"] = tables["credits_per_qualified_lead"]
        made = made.dropna(axis="columns", how="all").reset_index(drop=True)
        made.attrs["facts"] = self._facts(tables, leads)
        return made

    def _facts(self, tables: pd.DataFrame, leads: Mapping[str, pd.DataFrame]) -> list[tuple[str, object]]:
        runs = runs_frame(cast("Any", self._data)).drop_duplicates("run_id")
        facts: list[tuple[str, object]] = []
        if len(runs) == 1:
            run = runs.iloc[0]
            facts = [("Brief", run["prompt"]), ("Run", run["status"]), ("Ended", run["completed_at"]), ("Credits used", run["credits_used"])]  # fmt: skip
        elif len(runs):
            facts = [("Runs", len(runs)), ("Credits used", runs["credits_used"].sum(min_count=1))]
        facts.append(("Written", datetime.now(UTC).replace(microsecond=0)))
        hidden = sum(max(0, count - len(leads[str(key)])) for key, count in tables["lead_count"].dropna().items())
        if hidden:
            facts.append(
                ("Left out", f"{hidden:,} leads that the table's saved filters hide: they don't meet the brief.")
            )
        return [(name, value) for name, value in facts if not pd.isna(cast("Any", value))]


def _named(frame: pd.DataFrame) -> str:
    return next((repr(note.get("table_name"))[:80] for note in table_notes(frame)), "a table")


def _with_email(frame: pd.DataFrame) -> int | None:
    """Return how many leads have an e-mail address; None if no column is for these."""
    columns = [column.at for column in sheet_columns(frame) if column.role == "email"]
    if not columns:
        return None
    return int(frame.iloc[:, columns].notna().any(axis="columns").sum())
