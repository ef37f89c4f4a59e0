"""`compare_runs`: what runs took, built and cost, beside each other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from .backend import DtypeBackend, check_backend
from .build import Holder, build
from .measures import Measure, counted, known, measured, over, sums
from .runs import MODELS, RUN_STATUSES, RUNS, facts
from .schema import Field, Schema
from .source import Gathered, Source, gather
from .spending import Spending

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from .values import Cells

_OF_RUNS = {field.name: field for field in RUNS.fields}
_CHANGE = "against the first run: value / its value - 1"

COMPARISON = Schema(
    "compare_runs",
    (
        _OF_RUNS["run_id"],
        _OF_RUNS["agent_id"],
        Field("status", "category", "run", "status", "the server's word", "", RUN_STATUSES),
        Field("prompt", "string", "computed", "", "the full brief"),
        Field("model", "category", "run", "model", "the model that really ran", "", MODELS),
        Field("duration", "number", "computed", "", "from its beginning to its end", "seconds"),
        _OF_RUNS["steps_completed"],
        Field("tables", "integer", "computed", "", "tables it touched", "tables"),
        Field("shared_tables", "integer", "computed", "", "of these, touched by another run here, too", "tables"),
        Field("leads", "integer", "computed", "", "in these tables, before saved filters", "leads"),
        Field("qualified_leads", "integer", "computed", "", "in the tables that tell", "leads"),
        Field("qualified_share", "number", "computed", "", "qualified_leads / leads of these tables", "fraction"),
        Field("credits_used", "number", "computed", "", "by its tables, over their life", "credits"),
        Field("credits_per_lead", "number", "computed", "", "credits_used / leads", "credits per lead"),
        Field(
            "credits_per_qualified_lead",
            "number",
            "computed",
            "",
            "credits of these tables / qualified_leads",
            "credits per qualified lead",
        ),
        Field("cells_errored", "integer", "computed", "", "ended in a failure", "cells"),
        Field("credits_wasted", "number", "computed", "", "as in economics_frame", "credits"),
        Field("duration_change", "number", "computed", "", _CHANGE, "fraction"),
        Field("leads_change", "number", "computed", "", _CHANGE, "fraction"),
        Field("credits_used_change", "number", "computed", "", _CHANGE, "fraction"),
        Field("credits_per_qualified_lead_change", "number", "computed", "", _CHANGE, "fraction"),
    ),
)
_COUNTS = ("tables", "shared_tables", "leads", "qualified_leads", "cells_errored")
_CHANGES = ("duration", "leads", "credits_used", "credits_per_qualified_lead")


def compare_runs(runs: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per run: what it took, built and cost, and how that differs from the first run.

    No request is sent and no credits are spent. The API has no credits of a run: `credits_used` is what its tables have
    used over their life, by all runs that worked on them. Runs of one agent share tables as a rule, and where
    `shared_tables` is above 0 their credits and leads are counted for each of them: compare runs of different agents,
    or the credits at the beginning and the end of `run.history_frame()`.

    Args:
        runs: runs, or answers of the API about runs (dicts), in a list; the first is what the others are compared with.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`. Sums leave out tables that do not tell.

        - `run_id` (string): the run
        - `agent_id` (string): the agent
        - `status` (category): the server's word
        - `prompt` (string): the full brief
        - `model` (category): the model that really ran
        - `duration` (Float64, seconds): from its beginning to its end
        - `steps_completed` (Int64, steps): done
        - `tables` (Int64, tables): tables it touched
        - `shared_tables` (Int64, tables): of these, touched by another run here, too
        - `leads` (Int64, leads): in these tables, before saved filters
        - `qualified_leads` (Int64, leads): in the tables that tell
        - `qualified_share` (Float64, fraction): qualified_leads / leads of these tables
        - `credits_used` (Float64, credits): by its tables, over their life
        - `credits_per_lead` (Float64, credits per lead): credits_used / leads
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits of these tables / qualified_leads
        - `cells_errored` (Int64, cells): ended in a failure
        - `credits_wasted` (Float64, credits): as in economics_frame
        - `duration_change` (Float64, fraction): against the first run: value / its value - 1
        - `leads_change` (Float64, fraction): against the first run: value / its value - 1
        - `credits_used_change` (Float64, fraction): against the first run: value / its value - 1
        - `credits_per_qualified_lead_change` (Float64, fraction): against the first run: value / its value - 1

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: the run objects and `response.tables[]` with their `stats`.

    Example:
        >>> from origami_widgets.frames import compare_runs
        >>> def run(name, leads, used):
        ...     table = {"id": name, "leadCount": leads, "credits": {"lifetimeUsed": used}, "columns": []}
        ...     return {"object": "run", "id": name, "status": "completed", "response": {"tables": [table]}}
        >>> frame = compare_runs([run("lite", 10, 40), run("max", 15, 90)])
        >>> frame["credits_per_lead"].to_list(), frame["credits_used_change"].to_list()
        ([4.0, 6.0], [0.0, 1.25])
    """
    check_backend(dtype_backend)
    gathered = gather(runs, COMPARISON.name)
    # Tables that were given without a run have nothing to be compared.
    gathered = Gathered(gathered.kind, tuple(batch for batch in gathered.batches if batch.run is not None))
    runs_told, computed = facts(gathered.batches)
    spending = Spending.of(gathered)
    # What is missing is NaN here, and a count may be larger than a float.
    with np.errstate(all="ignore"):
        measures = _measures(spending, computed)
        changes = {f"{name}_change": _against_first(measures[name]) for name in _CHANGES}
        cells = {name: measured(values) for name, values in (measures | changes).items() if name not in _COUNTS}
        counts = {name: counted(values) for name, values in measures.items() if name in _COUNTS}
    return build(
        COMPARISON,
        gathered,
        {"run": Holder(runs_told)},
        computed={**computed, **cells, **counts},
        skipped=spending.skipped,
        dtype_backend=dtype_backend,
    )


def _measures(spending: Spending, of_runs: Mapping[str, Cells]) -> dict[str, Measure]:
    def total(of_tables: Measure) -> Measure:
        return sums(of_tables, spending.found.owners, len(spending.source.batches))

    used, leads, qualified = (
        spending.table(name) for name in ("credits_lifetime_used", "lead_count", "qualified_leads")
    )
    telling = np.where(np.isnan(qualified), np.nan, 1.0)
    return {
        "duration": known(of_runs["duration"]),
        "tables": known(of_runs["tables"]),
        "shared_tables": _shared(spending, of_runs),
        "leads": total(leads),
        "qualified_leads": total(qualified),
        "qualified_share": over(total(qualified), total(leads * telling)),
        "credits_used": total(used),
        "credits_per_lead": over(total(used), total(leads)),
        "credits_per_qualified_lead": over(total(used * telling), total(qualified)),
        "cells_errored": total(spending.table("cells_errored")),
        "credits_wasted": total(spending.of_columns(spending.credits_wasted)),
    }


def _shared(spending: Spending, of_runs: Mapping[str, Cells]) -> Measure:
    """Per run how many of its tables another run here has touched; missing where its tables are not known."""
    runs, tables = spending.found.owners.tolist(), spending.tables["id"]
    pairs = {(run, table) for run, table in zip(runs, tables, strict=True) if isinstance(table, str)}
    touched_by = Counter(table for _, table in pairs)
    shared = np.zeros(len(spending.source.batches))
    for run, table in pairs:
        shared[run] += touched_by[table] > 1
    return np.where(of_runs["tables"].missing, np.nan, shared)


def _against_first(values: Measure) -> Measure:
    return over(values, np.full(len(values), values[0])) - 1 if len(values) else values
