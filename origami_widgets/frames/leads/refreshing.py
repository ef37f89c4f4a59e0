"""Reread leads whose table has changed, and find out which rows are new, changed or gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets._version import __version__
from origami_widgets.api.background.sync_bridge import OnLoop
from origami_widgets.api.default_client import AnyClient, operations_for
from origami_widgets.api.errors import InvalidInput, TableNotFound
from origami_widgets.frames.frame_builder import read_only
from origami_widgets.frames.values import as_json, parsed_object

from .lead_table import OURS
from .leads_reading import LeadsReading, TableLeads, origins_of, stack_leads
from .refreshed_table import GivenTable, RefreshedTable
from .rows_request import ChosenColumns, RowsRequest, request_from
from .stacking import check_columns, check_leads, columns_of, python_values, table_notes

if TYPE_CHECKING:
    from origami_widgets.api.rows.row_progress import Progress


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RefreshedLeads:
    """Current leads, and what has changed since they were last read: `leads, new, changed, gone = refresh_leads(leads)`.

    Attributes:
        frame: all current leads.
        new: the rows of `frame` that the earlier frame lacks.
        changed: the rows of `frame` whose cells have changed.
        gone: the rows of the earlier frame that no longer exist.
        cells: the changed cells, one row each: `lead` (its name), `column`, `before`, `after`, `table_id`, `row_id` (all
            string).
        note: of a file, or a frame without `attrs`: which columns are kept and not compared, as they aren't known, which a
            spreadsheet has rewritten, and whether it lacks so many leads that `new` are rather those that it never had;
            else empty.
    """

    frame: pd.DataFrame
    new: pd.DataFrame
    changed: pd.DataFrame
    gone: pd.DataFrame
    cells: pd.DataFrame
    note: str = ""

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return iter((self.frame, self.new, self.changed, self.gone))

    def __repr__(self) -> str:
        # Shows no leads, as they are personal data.
        parts = f"{len(self.new):,} new, {len(self.changed):,} changed, {len(self.gone):,} gone"
        return f"<RefreshedLeads: {self.note}{' ' if self.note else ''}{len(self.frame):,} leads, {parts}>"


async def refreshed(
    frame: pd.DataFrame, client: AnyClient | None, progress: Progress | None, said: str = ""
) -> RefreshedLeads:
    """Refresh leads as `refresh_leads` does, for the sync bridge.

    Args:
        frame: the leads as they were read before, or what analysts have made of them.
        client: the argument `client=`.
        progress: as in `leads_frame`.
        said: what there is to say about the file of the frame.

    Raises:
        InvalidInput: the frame does not say which tables it comes from, or what was read before.
    """
    tables = _tables_of(frame, client)
    requests = {each.table_id: await OnLoop(_due(each)) for each in tables}
    due = {table_id: request for table_id, request in requests.items() if request is not None}
    if not due:
        nothing = frame.iloc[:0]
        return RefreshedLeads(frame, nothing, nothing, nothing, _changed_cells([]))
    for each in tables:
        if each.table_id in due and due[each.table_id].table is not None:
            _check_rows(each)
    about = frame.attrs.get("origami") or {}
    read = await _read(tables, due, progress)
    others = {name for note in table_notes(frame) for name in columns_of(note)}
    parts = [
        RefreshedTable(each, read.get(each.table_id), others, ChosenColumns.noted(about))
        for each in tables
        if each.table_id not in due or due[each.table_id].table is not None
    ]
    origin = origins_of(each.operations for each in tables)
    result = _joined(frame, parts, about, origin) if parts else frame.iloc[:0]
    return _compared(frame, result, parts, tables, said)


def _tables_of(frame: pd.DataFrame, client: AnyClient | None) -> list[GivenTable]:
    """Return the leads of a frame by table.

    Raises:
        InvalidInput: the frame does not say which table a lead is of, or has rows that are no leads.
    """
    check_columns(frame)
    notes = {str(note.get("table_id")): note for note in table_notes(frame)}
    if "row_id" not in frame.columns:
        raise InvalidInput(
            "This frame holds no leads",
            cause="It has no column row_id.",
            remedy="Use a frame of leads_frame. If row_id is its index: frame.reset_index().",
        )
    if not notes and ("table_id" not in frame.columns or frame.empty):
        raise InvalidInput(
            "This frame doesn't say which table it is of",
            cause="It has no table_id, and no attrs, which pandas drops in some operations and files.",
            remedy="Add the table: frame.assign(table_id=run.tables[0].id).",
        )
    check_leads(frame)
    if "table_id" in frame.columns:
        ids = [None if pd.isna(each) else str(each) for each in frame["table_id"].astype(object).to_list()]
    else:
        ids = [next(iter(notes))] * len(frame) if len(notes) == 1 else [None] * len(frame)
    if None in ids:
        raise InvalidInput(
            "This frame doesn't say which table a lead is of",
            cause=f"{ids.count(None):,} of {len(frame):,} rows have no table_id.",
            remedy="Keep table_id and row_id when you choose columns, or fill table_id in.",
        )
    places: dict[str, list[int]] = {table_id: [] for table_id in notes}
    for place, table_id in enumerate(ids):
        places.setdefault(str(table_id), []).append(place)
    # A table without rows was left out on purpose, unless nothing else is left.
    return [
        GivenTable(
            table_id,
            note := notes.get(table_id, {}),
            operations_for(client, note, *notes.values()),
            frame.iloc[rows],
            rows,
        )
        for table_id, rows in places.items()
        if rows or not ids or not notes[table_id].get("rows")
    ]


def _check_rows(table: GivenTable) -> None:
    """Check that a frame has the leads that were read, as only then a lead that it lacks is new."""
    ids = table.ids
    if len(set(ids)) < len(ids):
        raise InvalidInput(
            "This frame has some leads more than once",
            cause=f"{len(ids) - len(set(ids)):,} rows repeat the row_id of another, for example after a merge.",
            remedy='Keep one row of each: frame.drop_duplicates(["table_id", "row_id"]).',
        )
    read = table.note.get("rows")
    if read is not None and read != len(ids):
        raise InvalidInput(
            "This frame doesn't tell which leads are new",
            cause=f"{read:,} leads of a table were read, and the frame has {len(ids):,} of them. The table has changed.",
            remedy="Refresh the whole frame, then filter: refresh_leads(leads).frame.query(…).",
        )


async def _due(each: GivenTable) -> RowsRequest | None:
    """Return the request that rereads a table; None if the table has not changed. A request without a table: it is gone."""
    note = each.note
    if note:
        query = {key: note[key] for key in ("filters", "sort", "limit")} | note["options"]
    else:
        query = _options_of(each.rows)
    try:
        # With its statistics, which say whether its leads are judged.
        table = await each.operations.get_table(each.table_id)
    except TableNotFound:
        return request_from(each.table_id, **query)
    if note.get("complete") and list(table.version) == list(note.get("table_version") or ()):
        return None
    return request_from(table, **query)


def _options_of(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the options of `leads_frame` that give the columns of a frame without notes."""
    names = [str(name) for name in rows.columns]
    for name in names:
        if name in OURS or any(name.startswith(f"{main}_") for main in names):
            continue
        for cell in python_values(rows[name]):
            is_written = isinstance(cell, str) and cell.startswith("{'")
            if is_written or isinstance(parsed_object(cell), dict):
                return {"flatten": False}
    return {}


async def _read(
    tables: Sequence[GivenTable],
    due: Mapping[str, RowsRequest],
    progress: Progress | None,
) -> dict[str, pd.DataFrame]:
    """Return the leads of the tables that have changed and still exist, each with its notes."""

    async def read(
        wanted: Sequence[tuple[GivenTable, RowsRequest]], progress: Progress | None
    ) -> dict[str, pd.DataFrame]:
        reading = LeadsReading(
            [(*_run_of(each), request, each.operations) for each, request in wanted],
            origin=origins_of(each.operations for each, _ in wanted),
            dtype_backend=wanted[0][1].dtype_backend,
        )
        found = await reading.steps(progress)
        return {each.table_id: _of_table(found, each.table_id) for each, _ in wanted}

    wanted = [(each, due[each.table_id]) for each in tables if each.table_id in due]
    wanted = [(each, request) for each, request in wanted if request.table is not None]
    found = await read(wanted, progress) if wanted else {}
    # Of a file, nothing tells for sure with which filters its leads were read. One that is only hidden is not gone.
    hidden = [
        (each, request_from(request.table, include_hidden=True, **_options_of(each.rows)))
        for each, request in wanted
        if not each.note and not set(each.ids) <= set(found[each.table_id]["row_id"])
    ]
    for table_id, more in (await read(hidden, None)).items() if hidden else ():
        known = found[table_id]
        ids = next(set(each.ids) for each, _ in hidden if each.table_id == table_id)
        others = more[more["row_id"].isin(ids - set(known["row_id"]))]
        others.attrs = {}
        made = stack_leads([TableLeads(known), TableLeads(others)], dtype_backend="numpy_nullable")
        found[table_id] = _of_table(made, table_id)
    return found


def _run_of(table: GivenTable) -> tuple[str | None, str | None]:
    """Return the run of a table and its name, from the notes or, without these, from the leads."""
    if table.note:
        return table.note.get("run_id"), table.note.get("run_name")
    names = python_values(table.rows["run_name"]) if "run_name" in table.rows else []
    return None, next((name for name in names if name is not None), None)


def _of_table(frame: pd.DataFrame, table_id: str) -> pd.DataFrame:
    """Return the leads of one table with its notes."""
    part = frame[frame["table_id"].eq(table_id).fillna(value=False)].reset_index(drop=True)
    notes = [note for note in table_notes(frame) if note["table_id"] == table_id][:1]
    # Without the columns of other tables.
    part = part[[name for name in frame.columns if name in OURS or any(name in columns_of(each) for each in notes)]]
    part.attrs = read_only({"units": {}, "origami": {"tables": notes}})
    return part


def _joined(
    frame: pd.DataFrame, parts: Sequence[RefreshedTable], about: Mapping[str, Any], origin: str
) -> pd.DataFrame:
    """Return the current leads of all tables in one frame."""
    made = []
    for part in parts:
        rows = part.frame()
        notes = table_notes(rows) if part.has_changed else [part.table.note]
        known, dtypes = {"table_id": part.table.table_id}, {"qualified": "boolean"}
        ours = {
            name: pd.Series([known.get(name, pd.NA)] * len(rows), dtype=dtypes.get(name, "string"))
            for name in OURS
            if name not in rows
        }
        rows = rows.assign(**ours)
        rows.attrs = read_only({"units": {}, "origami": {"tables": [note for note in notes if note]}})
        made.append(rows)
    options: Mapping[str, Any] = next((part.table.note["options"] for part in parts if part.table.note), {})
    stacked = stack_leads(
        [TableLeads(each) for each in made],
        dtype_backend=options.get("dtype_backend", "numpy_nullable"),
        origin=origin,
    )
    if "chosen" in about:
        stacked.attrs["origami"] |= {"chosen": about["chosen"]}
    return stacked.drop(columns=[name for name in OURS if name not in frame.columns])


def _compared(
    before: pd.DataFrame,
    result: pd.DataFrame,
    parts: Sequence[RefreshedTable],
    tables: Sequence[GivenTable],
    said: str = "",
) -> RefreshedLeads:
    """Return the current leads with those that are new or changed, and those of the given frame that are gone."""
    known_columns = iter([name for name in before.columns if name in result.columns])
    # New columns stay where they are in their table.
    result = result[[next(known_columns) if name in before.columns else name for name in result.columns]]
    new, changed = [], []
    changes = [each for part in parts for each in part.changes()]
    different = {(table_id, row_id) for table_id, row_id, *_ in changes}
    current = {part.table.table_id: set(part.ids) for part in parts}
    at = 0
    for part in parts:
        known = set(part.table.ids)
        for row_id in part.ids:
            if row_id not in known:
                new.append(at)
            elif (part.table.table_id, row_id) in different:
                changed.append(at)
            at += 1
    gone = [
        place
        for table in tables
        for row_id, place in zip(table.ids, table.places, strict=True)
        if row_id not in current.get(table.table_id, ())
    ]
    frames = (_rows(result, new), _rows(result, changed), _rows(before, sorted(gone)))
    return RefreshedLeads(result, *frames, _changed_cells(changes), " ".join(filter(None, [said, *_doubts(parts)])))


def _doubts(parts: Sequence[RefreshedTable]) -> Iterator[str]:
    """Say what frames without notes, such as files, leave open."""
    of_files = [part for part in parts if not part.table.note]
    ids = [row_id for part in of_files for row_id in part.ids]
    lacking = len(set(ids).difference(*(part.table.ids for part in of_files)))
    if 5 * lacking > len(ids):
        yield f"{lacking:,} of {len(ids):,} leads aren't in what was given: new means no more than that."
    if unknown := dict.fromkeys(chain(*(part.unknown for part in of_files))):
        yield f"Kept and not compared, as not known by name or values: {', '.join(unknown)}."
    if rewritten := dict.fromkeys(chain(*(part.rewritten for part in of_files))):
        yield f"Rewritten by a spreadsheet, and compared as it writes: {', '.join(rewritten)}."


def _changed_cells(changes: Sequence[tuple[str, str, str | None, str, Any, Any]]) -> pd.DataFrame:
    texts = [
        (name, column, *(_as_text(cell) for cell in cells), table_id, row_id)
        for table_id, row_id, name, column, *cells in changes
    ]
    names = ["lead", "column", "before", "after", "table_id", "row_id"]
    frame = pd.DataFrame(texts, columns=names, dtype="string")
    frame.attrs = read_only(
        {"units": {}, "origami": {"frame": "refresh_leads", "version": __version__, "untrusted": True}}
    )
    return frame


def _as_text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else as_json(cell)


def _rows(frame: pd.DataFrame, places: list[int]) -> pd.DataFrame:
    return frame.take(places).reset_index(drop=True)
