"""The leads of one table as a DataFrame: those that are read, or that are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.operations import Operations

    from .leads.lead_table import ListedColumn
    from .source import HasRaw


def read_rows_frame(
    table: HasRaw | Mapping[str, Any], operations: Operations, options: Mapping[str, Any]
) -> pd.DataFrame:
    """Read all leads of a table through a given API, as `leads_frame` does.

    Args:
        table: the table.
        operations: the API to read through.
        options: further arguments of `leads_frame`, without `client`.
    """
    from .leads.leads_reading import LeadsReading, origins_of
    from .leads.rows_request import request_from

    options = dict(options)
    progress = options.pop("progress", None)
    request = request_from(table, **options)
    reading = LeadsReading(
        [(None, None, request, operations)], origin=origins_of([operations]), dtype_backend=request.dtype_backend
    )
    return reading.read(progress)


def loaded_rows_frame(
    table: HasRaw | None,
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[dict[str, Any]],
    *,
    filters: Sequence[Mapping[str, Any]] | None,
    include_hidden: bool,
    sort: Mapping[str, Any] | None,
    total: int | None,
    pages: int,
    complete: bool,
    version: Sequence[Any] | None,
    operations: Operations | None,
) -> pd.DataFrame:
    """Return leads that are already loaded, as `stack_leads` takes them. Sends nothing.

    Args:
        table: the table; None if there is none yet.
        columns: the table's columns, as the server lists them.
        rows: the leads, as the server sent them.
        filters: the filters that the leads were read with, besides the saved ones.
        include_hidden: whether leads that fail the saved filters are among them.
        sort: the order that the leads were read in; None for the saved one.
        total: the server's count of leads.
        pages: the number of pages read.
        complete: whether these are all leads.
        version: the version of the table when the leads were read; None if there were several.
        operations: the API that the leads came from; None if there are none yet.
    """
    from origami_widgets.api.rows.row_paging import RowWalk

    from .frame_attrs import read_only
    from .leads.lead_table import LeadTable
    from .leads.row_reading import note_of, origin_notes
    from .leads.rows_request import request_from

    listed, origin = _listed(columns), "" if operations is None else operations.origin
    collected = LeadTable(listed, dtype_backend="numpy_nullable")
    collected.add(rows)
    frame, findings = collected.frame()
    reason = "" if complete else "These are the leads that were loaded."
    about = {**origin_notes(origin), "rows": len(frame), "complete": complete, "stopped": reason}
    if table is not None:
        walk = RowWalk()
        walk.rows, walk.total, walk.pages = len(rows), total, pages
        request = request_from(table, filters=filters, include_hidden=include_hidden, sort=sort)
        note = note_of(request, walk, len(frame), findings, listed, origin=origin, reason=reason, complete=complete)
        about = {"tables": [{**note, "table_version": None if version is None else list(version)}]}
    frame.attrs = read_only({"units": {}, "origami": about}, operations)
    return frame


def _listed(columns: Sequence[Mapping[str, Any]]) -> list[ListedColumn]:
    from .leads.lead_table import ListedColumn

    return [
        ListedColumn(str(each.get("id", "")), str(each.get("name", "")), each.get("slug"), str(each.get("kind", "")))
        for each in columns
    ]
