"""The leads of a source as parts of an export, how they stand in a sheet, and the way back from a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, TypeAlias, cast, get_args

import pandas as pd

from origami_widgets.api.models.run import STATUS_LABELS
from origami_widgets.api.rows.cell_values import Role, column_role, is_amount, is_remark
from origami_widgets.frames.economics.run_economics import RunPool, runs_frame
from origami_widgets.frames.economics.table_economics import PEOPLE, kind_of_leads
from origami_widgets.frames.files.list_reading import RUN
from origami_widgets.frames.lead_frames import stack_given
from origami_widgets.frames.leads.lead_table import FOUND, OURS
from origami_widgets.frames.leads.left_out import left_out_of
from origami_widgets.frames.leads.stacking import (
    IDS,
    columns_as_read,
    headings_of,
    keys_of,
    mains_of,
    table_notes,
    words_of,
)
from origami_widgets.frames.source import SourceData, SourcePart
from origami_widgets.frames.table_frames import tables_frame
from origami_widgets.words.foreign_text import common_name
from origami_widgets.words.numbers import plural

ROLES = get_args(Role)
SUMMARY = "Summary"
RUN_HEADS = {
    "run_name": RUN,
    "status": "Status",
    "completed_at": "Ended",
    "lead_count": "Leads",
    "qualified_leads": "Qualified",
    "credits_used": "Credits",
    "prompt": "Brief",
}
PERSONAL = (
    "These leads may name people. Who keeps this file answers for their data: "
    "https://origami-widgets.github.io/origami-widgets/personal-data.html"
)


_Known: TypeAlias = tuple[str | None, str | None, Mapping[str, Any]]
"""A run, its name, and one of its tables."""


class LeadExport:
    """The leads of the tables of a source. Each table is read when a part first needs it, and only once.

    Tables of several runs that have the same columns are one part, with a column for the run.

    Args:
        data: the source.
        read: reads the leads of one table.
        shown: the ids of the tables to write; None for all.
    """

    def __init__(
        self,
        data: SourceData,
        read: Callable[[Mapping[str, Any]], pd.DataFrame],
        shown: Collection[str] | None = None,
    ) -> None:
        self._data = data
        self._read = read
        self._frames: dict[str, pd.DataFrame] = {}
        self._groups: dict[object, list[_Known]] = {}
        # Runs of one agent share tables. A later run has changed them.
        found: dict[str, _Known] = {}
        for part in data.parts:
            run_id, name = (value if isinstance(value, str) else None for value in (part.run_id, part.name))
            for table in part.tables:
                if not isinstance(table, Mapping):
                    continue
                known = found.setdefault(str(table.get("id")), (run_id, name, table))
                if not _changed_at(table) < _changed_at(known[2]):
                    found[str(table.get("id"))] = (*known[:2], table)
        self._all = [*found.values()]
        for table_id, (run_id, name, table) in found.items():
            columns = tuple(column.get("slug") for column in table.get("columns") or ())
            if shown is None or table_id in shown:
                self._groups.setdefault(columns or table_id, []).append((run_id, name, table))

    def parts(self) -> list[tuple[str, Callable[[], pd.DataFrame]]]:
        """Return the name of each sheet or file of leads, and what makes it."""
        return [(self._name_of(group), partial(self._frame, group)) for group in self._groups.values()]

    def _name_of(self, group: Sequence[_Known]) -> str:
        names = [name if isinstance(name := table.get("name"), str) and name else "Leads" for _, _, table in group]
        return common_name(names) or "Leads"

    def _frame(self, group: Sequence[_Known]) -> pd.DataFrame:
        frames = [self._leads_of(table) for _, _, table in group]
        stacked = stack_given(frames, "numpy_nullable") if len(frames) > 1 else frames[0]
        runs = {str(table["id"]): name or run for run, name, table in group}
        stacked["run_name"] = stacked["table_id"].map(runs).astype("string")
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

        `attrs["facts"]` has what is said of all: brief, date, credits; `attrs["runs"]` one row for each of several runs.
        """
        rows = [row for group in self._groups.values() for row in group]
        everything = tables_frame(
            SourceData("list", tuple(SourcePart(run_id, (table,), name=name) for run_id, name, table in self._all))
        ).set_index("table_id")
        order = [str(table["id"]) for _, _, table in rows]
        tables = everything.loc[order]
        made = pd.DataFrame(index=tables.index)
        if len(tables["run_name"].unique()) > 1:
            made["Run"] = tables["run_name"]
        leads = {str(table["id"]): self._leads_of(table) for _, _, table in rows}
        made["Table"] = tables["table_name"].fillna("Leads")
        made["Leads in this file"] = pd.array([len(leads[key]) for key in order], dtype="Int64")
        made["Leads found"] = tables["lead_count"]
        made["Qualified"] = tables["qualified_leads"]
        made["With e-mail"] = pd.array([_with_email(leads[key]) for key in order], dtype="Int64")
        made["Credits"] = tables["credits_lifetime_used"]
        # The server estimates a price even for tables whose leads are not judged; the card doesn't show that either.
        is_priced = tables["qualified_leads"].gt(0).fillna(value=False)
        made["Table's credits per qualified lead"] = tables["credits_per_qualified_lead"].where(is_priced)
        made = made.dropna(axis="columns", how="all").reset_index(drop=True)
        runs = runs_frame(self._data).drop_duplicates("run_id")
        made.attrs = {"facts": self._facts(runs, everything, leads), "runs": self._runs(runs) if len(runs) > 1 else []}
        return made

    def _runs(self, runs: pd.DataFrame) -> list[dict[Any, Any]]:
        named = runs.assign(
            run_name=runs["run_name"].fillna(runs["run_id"]),
            status=[self._status(run) for _, run in runs.iterrows()],
        )
        return named[list(RUN_HEADS)].rename(columns=RUN_HEADS).to_dict("records")

    def _status(self, run: pd.Series) -> str:
        """Return the status of a row of `runs_frame` in the word of the card."""
        known = (part.shown_status for part in self._data.parts if part.run_id == run["run_id"])
        status = next(filter(None, known), run["status"])
        return STATUS_LABELS.get(status, status)

    def _facts(
        self, runs: pd.DataFrame, tables: pd.DataFrame, leads: Mapping[str, pd.DataFrame]
    ) -> list[tuple[str, object]]:
        facts: list[tuple[str, object]] = []
        if len(runs) == 1:
            run = runs.iloc[0]
            facts = [("Brief", run["prompt"]), (RUN, self._status(run)), ("Ended", run["completed_at"])]
        elif len(runs):
            facts = [("Runs", len(runs)), ("Last one ended", runs["completed_at"].max())]
        filters = next((words for frame in leads.values() if (words := _filters_in_words(frame))), "")
        if filters:
            facts.append(("Filters", filters))
        which = "these" if len(leads) == len(tables) else "all"
        whole = tables["credits_lifetime_used"].sum(min_count=1)
        facts.append((f"Credits of {which} tables", whole))
        # Tables that were given without a run are taken for those of one.
        alone = [table for part in self._data.parts if part.run is None for table in part.tables]
        of_runs = [part for part in self._data.parts if part.run is not None]
        pool = RunPool([*of_runs, SourcePart(None, alone)])
        if (used := pool.row["credits_used"]) is not None and used != whole:
            # A list that was there before had used some already.
            facts.append(("Credits since the run began", used))
        if pool.cost is not None:
            facts.append(("Credits per qualified lead", round(pool.cost, 2)))
        if len(runs) == 1 and pd.notna(more := runs["expected_cost"].iloc[0]):
            low, high = (runs[f"expected_cost_{end}"].iloc[0] for end in ("low", "high"))
            said = f"about {more:,.0f} credits, {low:,.0f} to {high:,.0f}, as far as this run alone tells"
            facts.append(("100 more qualified leads", said))
        facts.append(("Written", datetime.now(UTC).replace(microsecond=0)))
        if any(names_people(frame.columns) for frame in leads.values()):
            facts.append(("Personal data", PERSONAL))
        if left_out := sum(left_out_of(frame, key) for key, frame in leads.items()):
            facts.append(("Left out by your list", plural(left_out, "lead")))
        hidden = sum(
            max(0, count - len(frame) - left_out_of(frame, str(key)))
            for key, count in tables["lead_count"].dropna().items()
            if (frame := leads.get(str(key))) is not None
        )
        if hidden:
            why = "that the table's saved filters hide: they don't meet the brief, or were unsure or not judged."
            facts.append(("Left out", f"{hidden:,} leads {'by these filters, or ' if filters else ''}{why}"))
        return [(name, value) for name, value in facts if not pd.isna(cast("Any", value))]


def summary_of(data: SourceData, leads: pd.DataFrame) -> pd.DataFrame:
    """Return the summary of `LeadExport` of leads that a grid shows.

    Args:
        data: the runs, or else the tables, of the grid; it shows some of their tables.
        leads: the leads, with their tables.
    """
    shown = {str(note.get("table_id")) for note in table_notes(leads)}
    parts = [
        part
        for part in data.parts
        if any(isinstance(each, Mapping) and each.get("id") in shown for each in part.tables)
    ]
    of_runs = replace(data, parts=tuple(parts))
    return LeadExport(of_runs, lambda table: leads[leads["table_id"].eq(table["id"])], shown).summary()


def _filters_in_words(frame: pd.DataFrame) -> str:
    """Return the filters that leads were read with, such as `Contact e-mail is not empty; Fit greater than 80`."""
    headings = {
        each.get("slug"): each["name"] for note in table_notes(frame)[:1] for each in note.get("table_columns", ())
    }
    filters = [each for note in table_notes(frame)[:1] for each in note.get("filters") or ()]
    words = ((each["column"], str(each["operator"]).replace("_", " "), each.get("value", "")) for each in filters)
    return "; ".join(f"{headings.get(column, column)} {operator} {value}".strip() for column, operator, value in words)


def _changed_at(table: Mapping[str, Any]) -> Any:
    # pandas 2 returns None for None, which has no order.
    return pd.to_datetime(cast("Any", table.get("updatedAt") or pd.NaT), utc=True, errors="coerce")


def _named(frame: pd.DataFrame) -> str:
    return next((repr(note.get("table_name"))[:80] for note in table_notes(frame)), "a table")


def names_people(columns: Iterable[object]) -> bool:
    """Return whether columns may name people: one is for their addresses or phones, or for names beside a company.

    >>> names_people(["company", "contact_email"]), names_people(["Company", "Full name"])
    (True, True)
    >>> names_people(["company", "email_confidence", "row_id"])
    False
    """
    headings = [(name, "") for name in map(str, columns) if name not in OURS]
    has_contact = any(column_role(*each) in ("email", "phone") for each in headings)
    return has_contact or kind_of_leads(headings) == PEOPLE


def personal_data_note() -> str:
    """Return what to say where people are written to a file that has no place for it: once a process, then nothing."""
    return next(_unsaid, "")


_unsaid = iter([PERSONAL])


def _with_email(frame: pd.DataFrame) -> int | None:
    """Return how many leads have an e-mail address; None if no column is for these."""
    columns = [column.at for column in sheet_columns(frame) if column.role == "email"]
    return int(frame.iloc[:, columns].notna().any(axis="columns").sum()) if columns else None


Place = Literal["shown", "folded", "hidden"]


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of a sheet of leads.

    Attributes:
        at: the position of the column in the frame.
        heading: the heading that people read.
        role: what the column is for.
        place: whether it is shown, folded (confidence, reasoning, sources) or hidden (ids).
        has_links: whether addresses of pages in its cells are links, whatever it is for.
    """

    at: int
    heading: str
    role: Role = "other"
    place: Place = "shown"
    has_links: bool = True

    @property
    def has_amounts(self) -> bool:
        """Whether its numbers are amounts, rather than ids, years or phone numbers."""
        return self.role != "phone" and is_amount(self.heading)


def sheet_columns(frame: pd.DataFrame) -> list[SheetColumn]:
    """Return the columns of a frame of leads as people read them.

    The name, the score and the contact come first, then the rest in the table's order; each part of an object stands
    behind its main value. What explains a value is folded at the end. Ids are hidden.

    Args:
        frame: a frame of `leads_frame`, with its `attrs`.
    """
    names = [str(name) for name in frame.columns]
    parts = _parts(frame)
    shown: list[SheetColumn] = []
    folded: list[SheetColumn] = []
    if "run_name" in names and len(frame["run_name"].unique()) > 1:
        shown.append(SheetColumn(names.index("run_name"), RUN))
    for main, heading, role in _in_reading_order(frame):
        is_internal = role == "internal"
        column = SheetColumn(names.index(main), heading, role, "folded" if is_internal else "shown")
        (folded if is_internal else shown).append(column)
        for name, key in parts.get(main, ()):
            explains, words = key == FOUND or is_remark(key) or is_internal, f"{heading}: {words_of(key)}"
            part = SheetColumn(names.index(name), words, place="folded" if explains else "shown")
            (folded if explains else shown).append(part)
    taken = {column.at for column in (*shown, *folded)}
    rest = [at for at in range(len(names)) if at not in taken]
    # What the user has added to the frame stays in sight.
    shown += [SheetColumn(at, names[at]) for at in rest if names[at] not in OURS]
    hidden = [SheetColumn(at, names[at], place="hidden") for at in rest if names[at] in OURS]
    return [*shown, *folded, *hidden]


def shown_columns(frame: pd.DataFrame) -> list[SheetColumn]:
    """Return the columns of leads as people read them, or those of any other frame in its order."""
    return sheet_columns(frame) if table_notes(frame) else frame_columns(frame)


def for_people(leads: pd.DataFrame, *, ids: bool) -> pd.DataFrame:
    """Return leads as a sheet has them, for a file that can't fold or hide columns: the headings in that order.

    Args:
        leads: a frame of `leads_frame`, with its `attrs`.
        ids: whether what explains the values and the ids come last, for `refresh_leads`; without, there are none.
    """
    names = [str(leads.columns[column.at]) for column in sheet_columns(leads) if ids or column.place == "shown"]
    several = [name for name in ("run_name", "table_name") if name in leads and len(leads[name].unique()) > 1]
    last = [name for name in IDS if name in leads]
    shown = [*several, *(name for name in names if name not in (*several, *last)), *(last if ids else ())]
    return leads[shown].rename(columns=headings_of(table_notes(leads)))


def list_for_people(frame: pd.DataFrame, *, ids: bool) -> pd.DataFrame:
    """Return any frame in the same way, for example a user's own list: without what explains an agent's values.

    Args:
        frame: the frame; one of `join_leads` or `enrich` with its `attrs`.
        ids: whether what explains the values stays.
    """
    kept = [column.at for column in frame_columns(frame) if ids or column.place == "shown"]
    return frame.iloc[:, kept].rename(columns=list_headings(frame))


def frame_columns(frame: pd.DataFrame) -> list[SheetColumn]:
    """Return the columns of any frame in its order. In a list of the user's own, what explains an agent's value is folded.

    Args:
        frame: the frame; one of `join_leads` or `enrich` with its `attrs`.
    """
    notes = frame.attrs.get("origami")
    about = notes if isinstance(notes, Mapping) else {}
    found: tuple[str, ...] = tuple(about.get("found_columns") or ())
    headings, parts = list_headings(frame), about.get("parts") or {}
    columns = []
    for at, name in enumerate(map(str, frame.columns)):
        key = parts.get(name, "")
        explains = name in found and (key == FOUND or is_remark(key))
        role = column_role(name, "") if found else "other"
        columns.append(
            SheetColumn(at, headings.get(name, name), role, "folded" if explains else "shown", has_links=bool(found))
        )
    return columns


def list_headings(frame: pd.DataFrame) -> dict[str, str]:
    """Return the headings of what an agent has added to a user's own list, but not those that the list has itself."""
    notes = frame.attrs.get("origami")
    headings = notes.get("headings") if isinstance(notes, Mapping) else None
    given = headings if isinstance(headings, Mapping) else {}
    own = set(map(str, frame.columns)) - given.keys()
    return {str(name): str(heading) for name, heading in given.items() if heading not in own}


def _in_reading_order(frame: pd.DataFrame) -> list[tuple[str, str, Role]]:
    """Return the main columns of the frame in the order in which people read them, each with its heading and its role."""
    found: dict[str, tuple[str, str, Role]] = {}
    for note in table_notes(frame):
        for each, role in columns_as_read(frame, [note]):
            found.setdefault(str(each["column"]), (str(each["column"]), str(each["name"]), role))
    return sorted(found.values(), key=lambda each: ROLES.index(each[2]))


def _parts(frame: pd.DataFrame) -> dict[str, list[tuple[str, str]]]:
    """Return the parts of each main column: name in the frame, and key."""
    found: dict[str, list[tuple[str, str]]] = {}
    keys = keys_of(table_notes(frame))
    for name, main in mains_of(table_notes(frame)).items():
        if name in keys and name in frame:
            found.setdefault(main, []).append((name, keys[name]))
    return found
