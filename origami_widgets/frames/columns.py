"""`columns_frame`: one row per column of every table, with cells, credits and qualification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .backend import DtypeBackend, check_backend
from .build import Holder, Notes, build, entries, tables_of
from .records import pluck
from .schema import RUN_ID, TABLE_ID, TABLE_NAME, Field, Schema
from .source import Source, gather
from .values import Cells, read

if TYPE_CHECKING:
    import pandas as pd

COLUMN_KINDS = ("input", "enrichment", "score", "sequence")

_PASS = Field("qualification_pass", "integer", "column", "qualification.pass", "judged to fit", "leads")
_TOTAL = Field("qualification_total", "integer", "column", "qualification.total", "judged at all", "leads")

COLUMNS = Schema(
    "columns_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        Field("position", "integer", "computed", "", "place in the table, from 0"),
        Field("column_id", "string", "column", "id", "the column"),
        Field("column_name", "string", "column", "name", "its heading"),
        Field("slug", "string", "column", "slug", "key in rows; NA: it cannot appear there"),
        Field("kind", "category", "column", "kind", "input, enrichment, score or sequence", "", COLUMN_KINDS),
        Field("type", "string", "column", "type", "storage type, an open set: prefer `kind`"),
        Field("auto_trigger", "boolean", "column", "autoTrigger", "runs by itself on new leads"),
        Field("credits_lifetime_used", "number", "column", "credits.lifetimeUsed", "settled, over all runs", "credits"),
        Field("cells_running", "integer", "column", "cells.running", "waiting, queued or running", "cells"),
        Field("cells_errored", "integer", "column", "cells.errored", "ended in a failure", "cells"),
        Field(
            "avg_credits_per_run",
            "number",
            "column",
            "stats.avgCreditsPerRun",
            "mean when the column runs",
            "credits per execution",
        ),
        Field("call_rate", "number", "column", "stats.callRate", "share of leads that triggered it", "fraction"),
        Field("total_runs", "integer", "column", "stats.totalRuns", "over its life", "executions"),
        _PASS,
        Field("qualification_fail", "integer", "column", "qualification.fail", "judged not to fit", "leads"),
        Field("qualification_unsure", "integer", "column", "qualification.unsure", "judged unsure", "leads"),
        _TOTAL,
        Field(
            "qualification_pass_rate",
            "number",
            "computed",
            "",
            "pass over total; NA without verdicts",
            "fraction",
        ),
    ),
)


def columns_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per column of every table: kind, credits, cells, call rate and pass, fail or unsure.

    No request is sent and no credits are spent. The rows follow the order of the source and of each table's columns;
    a table that is given twice has its rows twice. What an answer leaves out is NA, and so is `qualification_*` of a
    column without a relevance condition.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`. A `kind` that is not documented is added
        to the categories.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `position` (Int64): place in the table, from 0
        - `column_id` (string): the column
        - `column_name` (string): its heading
        - `slug` (string): key in rows; NA: it cannot appear there
        - `kind` (category): input, enrichment, score or sequence
        - `type` (string): storage type, an open set: prefer `kind`
        - `auto_trigger` (boolean): runs by itself on new leads
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `avg_credits_per_run` (Float64, credits per execution): mean when the column runs
        - `call_rate` (Float64, fraction): share of leads that triggered it
        - `total_runs` (Int64, executions): over its life
        - `qualification_pass` (Int64, leads): judged to fit
        - `qualification_fail` (Int64, leads): judged not to fit
        - `qualification_unsure` (Int64, leads): judged unsure
        - `qualification_total` (Int64, leads): judged at all
        - `qualification_pass_rate` (Float64, fraction): pass over total; NA without verdicts

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `columns[]` of each table.

    Example:
        >>> from origami_widgets.frames import columns_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "columns": [
        ...     {"id": "0c7d", "name": "Bakery", "kind": "input", "credits": {"lifetimeUsed": 0}},
        ...     {"id": "2e8f", "name": "Fit", "kind": "score", "credits": {"lifetimeUsed": 18},
        ...      "qualification": {"pass": 12, "fail": 2, "unsure": 1, "total": 15}}]}
        >>> frame = columns_frame(table)
        >>> frame["column_name"].to_list(), frame["credits_lifetime_used"].to_list()
        (['Bakery', 'Fit'], [0.0, 18.0])
        >>> frame["qualification_pass_rate"].to_list()
        [<NA>, 0.8]
    """
    check_backend(dtype_backend)
    gathered = gather(source, COLUMNS.name)
    found, run = tables_of(gathered)
    tables = pluck(found.items, [*COLUMNS.paths("table"), "columns"])
    each = entries(tables["columns"])
    columns = pluck(each.items, COLUMNS.paths("column"))
    computed = {
        "position": Cells(each.positions, np.zeros(len(each.items), np.bool_)),
        _PASS.name: read(_PASS, columns[_PASS.path]),
        _TOTAL.name: read(_TOTAL, columns[_TOTAL.path]),
    }
    notes = Notes()
    computed["qualification_pass_rate"] = _share(computed[_PASS.name], computed[_TOTAL.name], notes)
    return build(
        COLUMNS,
        gathered,
        {
            "run": Holder(run.fields, found.owners[each.owners]),
            "table": Holder(tables, each.owners),
            "column": Holder(columns),
        },
        computed=computed,
        skipped=found.skipped + each.skipped,
        notes=notes,
        dtype_backend=dtype_backend,
    )


def _share(part: Cells, whole: Cells, notes: Notes) -> Cells:
    told = ~part.missing & ~whole.missing
    is_wrong = told & ((part.data < 0) | (part.data > whole.data))
    notes.contradicts("more leads passed than were judged, or fewer than none", is_wrong)
    missing = ~told | is_wrong | (whole.data <= 0)
    return Cells(part.data / np.where(missing, 1, whole.data), missing)
