"""Reread leads whose table has changed, and find out which rows are new, changed or gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from origami_widgets.api.errors import InvalidInput, TableNotFound
from origami_widgets.api.sync_bridge import OnLoop
from origami_widgets.frames.frame_attrs import read_only

from .leads_reading import LeadsReading, TableLeads, stack_leads
from .pinned_dtypes import check_schema
from .row_reading import RowsReading
from .rows_request import request_from
from .stacking import HEAD, python_values, table_notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from origami_widgets.api.operations import Operations

    from .row_reading import Progress
    from .rows_request import RowsRequest


class RefreshedLeads(NamedTuple):
    """Current leads, and what has changed since they were last read.

    Attributes:
        frame: all current leads.
        new: the rows of `frame` that are new.
        changed: the rows of `frame` whose cells have changed.
        gone: the rows of the earlier frame that no longer exist.
    """

    frame: pd.DataFrame
    new: pd.DataFrame
    changed: pd.DataFrame
    gone: pd.DataFrame

    def __repr__(self) -> str:
        # Shows no leads, as they are personal data.
        parts = f"{len(self.new):,} new, {len(self.changed):,} changed, {len(self.gone):,} gone"
        return f"<RefreshedLeads: {len(self.frame):,} leads, {parts}>"


async def refreshed(frame: pd.DataFrame, operations: Operations, progress: Progress | None) -> RefreshedLeads:
    """Refresh leads as `refresh_leads` does, for the sync bridge.

    Args:
        frame: the leads as they were read before.
        operations: the API.
        progress: as in `rows_frame`.

    Raises:
        InvalidInput: the frame does not say which tables it comes from.
    """
    notes = table_notes(frame)
    if not notes or "row_id" not in frame.columns:
        raise InvalidInput(
            "This frame doesn't say which table it is of",
            cause='Its attrs["origami"] is missing: pandas drops it in some operations, such as concat.',
            remedy="Use a frame as rows_frame or leads_frame returned it.",
        )
    requests = {note["table_id"]: await OnLoop(_due(note, operations)) for note in notes}
    due = {table_id: request for table_id, request in requests.items() if request is not None}
    if not due:
        nothing = frame.iloc[:0]
        return RefreshedLeads(frame, nothing, nothing, nothing)
    if not set(HEAD) <= set(frame.columns):
        (request,) = due.values()
        now = await RowsReading(operations, request).steps(progress) if request.table is not None else frame.iloc[:0]
        return _compared(frame, now)
    read = await _read(notes, due, frame, operations, progress)
    parts = [_of_table(read if note["table_id"] in due else frame, note["table_id"]) for note in notes]
    about = frame.attrs["origami"]
    now = stack_leads(
        [TableLeads(part) for part in parts if part is not None],
        domain_from=about.get("domain_from"),
        dtype_backend=notes[0]["options"]["dtype_backend"],
        origin=operations.origin,
        schema=check_schema(about.get("schema")),
    )
    return _compared(frame, now)


async def _read(
    notes: list[Mapping[str, Any]],
    due: Mapping[str, RowsRequest],
    frame: pd.DataFrame,
    operations: Operations,
    progress: Progress | None,
) -> pd.DataFrame:
    """Return the leads of the tables that have changed and still exist."""
    tables = [
        (note.get("run_id"), note.get("name"), due[note["table_id"]])
        for note in notes
        if note["table_id"] in due and due[note["table_id"]].table is not None
    ]
    reading = LeadsReading(
        operations,
        tables,
        domain_from=frame.attrs["origami"].get("domain_from"),
        dtype_backend=notes[0]["options"]["dtype_backend"],
        schema=check_schema(frame.attrs["origami"].get("schema")),
    )
    return await reading.steps(progress)


async def _due(note: Mapping[str, Any], operations: Operations) -> RowsRequest | None:
    """Return the request that rereads a table; None if the table has not changed. A request without a table: it is gone."""
    query: dict[str, Any] = {
        "filters": None if note["saved_filters"] else note["filters"],
        "sort": note["sort"],
        "limit": note["limit"],
        **note["options"],
    }
    try:
        table = await operations.get_table(note["table_id"], include=())
    except TableNotFound:
        return request_from(note["table_id"], **query, caller="refresh_leads")
    if note.get("complete") and list(table.version) == list(note.get("table_version") or ()):
        return None
    return request_from(table, **query, caller="refresh_leads")


def _of_table(frame: pd.DataFrame, table_id: str) -> pd.DataFrame | None:
    """Return the leads of one table with its notes; None if the table is gone."""
    notes = [note for note in table_notes(frame) if note["table_id"] == table_id]
    if not notes:
        return None
    part = frame[frame["table_id"].eq(table_id).fillna(value=False)].reset_index(drop=True)
    part.attrs = read_only({"units": {}, "origami": {"tables": notes[:1]}})
    return part


def _compared(before: pd.DataFrame, now: pd.DataFrame) -> RefreshedLeads:
    old, new = _places(before), _places(now)
    common = [key for key in new if key in old]
    places_before = np.array([old[key] for key in common], np.intp)
    places_now = np.array([new[key] for key in common], np.intp)
    is_changed = np.zeros(len(common), np.bool_)
    for name in dict.fromkeys([*before.columns, *now.columns]):
        cells = [_cells(before, name, places_before), _cells(now, name, places_now)]
        is_changed |= np.fromiter((was != this for was, this in zip(*cells, strict=True)), np.bool_, len(common))
    return RefreshedLeads(
        now,
        _rows(now, [place for key, place in new.items() if key not in old]),
        _rows(now, places_now[is_changed].tolist()),
        _rows(before, [place for key, place in old.items() if key not in new]),
    )


def _places(frame: pd.DataFrame) -> dict[tuple[Any, ...], int]:
    keys = [frame[name].astype(object).to_list() for name in ("table_id", "row_id") if name in frame]
    return {key: place for place, key in enumerate(zip(*keys, strict=True))}


def _cells(frame: pd.DataFrame, name: str, places: npt.NDArray[np.intp]) -> list[Any]:
    return python_values(frame[name].take(places)) if name in frame else [None] * len(places)


def _rows(frame: pd.DataFrame, places: list[int]) -> pd.DataFrame:
    return frame.take(places).reset_index(drop=True)
