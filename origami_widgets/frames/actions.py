"""`actions_frame`: one row per change a run has made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import DtypeBackend, check_backend
from .build import Entries, Holder, build, entries, runs_of
from .records import pluck
from .schema import RUN_ID, Field, Schema
from .source import Gathered, Source, gather
from .values import Cells, read

if TYPE_CHECKING:
    import pandas as pd

ACTION_TYPES = (
    "table_created",
    "table_restored",
    "column_added",
    "columns_updated",
    "columns_deleted",
    "columns_restored",
    "leads_added",
    "leads_deleted",
    "leads_restored",
)

_TABLE_NAME = Field("table_name", "string", "action", "tableName", "its name, also looked up in the tables")
_COLUMN_NAME = Field("column_name", "string", "action", "columnName", "its heading, also looked up in the tables")

ACTIONS = Schema(
    "actions_frame",
    (
        RUN_ID,
        Field("position", "integer", "computed", "", "place in the run's actions, from 0: the only order there is"),
        Field("type", "category", "action", "type", "what was done", "", ACTION_TYPES),
        Field("table_id", "string", "action", "tableId", "the table that was changed"),
        _TABLE_NAME,
        Field("column_id", "string", "action", "columnId", "the column that was added"),
        _COLUMN_NAME,
        Field("count", "integer", "action", "count", "deleted or restored", "leads or columns"),
        Field("lead_count", "integer", "action", "leadCount", "added", "leads"),
        Field("deleted_at", "timestamp", "action", "deletedAt", "when it was deleted"),
    ),
)


def actions_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per action of every run, in the order in which they happened.

    No request is sent and no credits are spent. Names that an action leaves out are looked up in the tables of its
    run, then in every other table of the source: `actions_frame([run, table])` names what `run` alone does not. A
    table has no actions, so it adds no rows; a run that is given twice has its rows twice.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`. A `type` that is not documented is added
        to the categories.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `position` (Int64): place in the run's actions, from 0: the only order there is
        - `type` (category): what was done
        - `table_id` (string): the table that was changed
        - `table_name` (string): its name, also looked up in the tables
        - `column_id` (string): the column that was added
        - `column_name` (string): its heading, also looked up in the tables
        - `count` (Int64, leads or columns): deleted or restored
        - `lead_count` (Int64, leads): added
        - `deleted_at` (datetime64[us, UTC]): when it was deleted

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `response.actions[]` of a run, while it runs also `actions[]`.

    Example:
        >>> from origami_widgets.frames import actions_frame
        >>> run = {"object": "run", "id": "v2_run-01", "response": {
        ...     "actions": [{"type": "table_created", "tableId": "c0a3"},
        ...                 {"type": "leads_added", "tableId": "c0a3", "leadCount": 18}],
        ...     "tables": [{"id": "c0a3", "name": "Porto bakeries"}]}}
        >>> frame = actions_frame(run)
        >>> frame["type"].to_list(), frame["table_name"].to_list()
        (['table_created', 'leads_added'], ['Porto bakeries', 'Porto bakeries'])
        >>> frame["lead_count"].to_list()
        [<NA>, 18]
    """
    check_backend(dtype_backend)
    gathered = gather(source, ACTIONS.name)
    found = entries([batch.actions for batch in gathered.batches])
    table_names, column_names = _names(gathered, found)
    return build(
        ACTIONS,
        gathered,
        {"run": Holder(runs_of(gathered), found.owners), "action": Holder(pluck(found.items, ACTIONS.paths("action")))},
        computed={
            "position": Cells(found.positions, np.zeros(len(found.items), np.bool_)),
            _TABLE_NAME.name: read(_TABLE_NAME, table_names),
            _COLUMN_NAME.name: read(_COLUMN_NAME, column_names),
        },
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )


def _names(source: Gathered, found: Entries) -> tuple[list[Any], list[Any]]:
    """Each action's names of table and column: its own, else its run's tables', else any table's."""
    tables_by_batch = [[table for table in batch.tables if isinstance(table, Mapping)] for batch in source.batches]
    columns_by_batch = [[column for table in tables for column in _columns(table)] for tables in tables_by_batch]
    every_table = _by_id(table for tables in tables_by_batch for table in tables)
    every_column = _by_id(column for columns in columns_by_batch for column in columns)
    own_tables = [_by_id(tables) for tables in tables_by_batch]
    own_columns = [_by_id(columns) for columns in columns_by_batch]
    table_names, column_names = [], []
    for action, owner in zip(found.items, found.owners.tolist(), strict=True):
        table_names.append(_name(action, "tableName", "tableId", own_tables[owner], every_table))
        column_names.append(_name(action, "columnName", "columnId", own_columns[owner], every_column))
    return table_names, column_names


def _columns(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    columns = table.get("columns")
    return [column for column in columns if isinstance(column, Mapping)] if isinstance(columns, list | tuple) else []


def _by_id(items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The name of each id; the last one counts, since it is the newest."""
    named = ((item.get("id"), item.get("name")) for item in items)
    return {key: name for key, name in named if isinstance(key, str) and isinstance(name, str)}


def _name(action: Mapping[str, Any], name: str, key: str, own: dict[str, str], every: dict[str, str]) -> Any:
    given = action.get(name)
    if isinstance(given, str) and given:
        return given
    wanted = action.get(key)
    return own.get(wanted, every.get(wanted, given)) if isinstance(wanted, str) else given
