"""`compare_runs`: duration, results and cost of runs, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import OriginValues, build
from origami_widgets.frames.run_frames import RUNS, has_no_tables, runs_only, values_of_runs
from origami_widgets.frames.schema import FrameSchema, computed_field, number_field
from origami_widgets.frames.source import Source, gather

from .leads_needed import checked_order, leads_needed
from .spending import Counts, Measure, Spending, count_sums, counted, known, measured, over, sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from origami_widgets.frames.values import TypedValues

COMPARISON = FrameSchema(
    "compare_runs",
    (
        RUNS["run_id"],
        RUNS["agent_id"],
        RUNS["name"],
        RUNS["status"],
        computed_field("prompt", "string", "the full brief"),
        RUNS["model"],
        RUNS["duration"],
        RUNS["steps_completed"],
        computed_field("tables", "integer", "tables that the run touched", "tables"),
        computed_field("shared_tables", "integer", "of these, touched by another run of the comparison", "tables"),
        computed_field("leads", "integer", "as in runs_frame: leads of one of its tables", "leads"),
        computed_field(
            "qualified_leads", "integer", "leads judged to qualify, in the tables that report them", "leads"
        ),
        number_field("qualified_share", "qualified_leads / leads with a verdict", "fraction"),
        number_field("credits_used", "used by its tables, over their life", "credits"),
        number_field("credits_per_lead", "credits_used / leads, over all tables", "credits per lead"),
        number_field(
            "credits_per_qualified_lead",
            "credits_used / (leads x qualified_share), by table",
            "credits per qualified lead",
        ),
        number_field(
            "credits_per_qualified_lead_low",
            "98 % of orders of `more` cost at least this, if leads cost as before",
            "credits per qualified lead",
        ),
        number_field(
            "credits_per_qualified_lead_high",
            "99 % of orders of `more` cost at most this, if leads cost as before; NA with no qualified lead yet",
            "credits per qualified lead",
        ),
        computed_field("cells_errored", "integer", "ended in a failure", "cells"),
        number_field("credits_unqualified", "expected, as in economics_frame", "credits"),
        number_field("credits_unqualified_min", "at least, as in economics_frame", "credits"),
    ),
)


def compare_runs(runs: Source, *, more: int = 100, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per run: its duration, results and cost.

    Sends no request and spends no credits. The API does not report the credits of a run. `credits_used` is what its
    tables have used over their life, in all runs that worked on them; runs of one agent usually share tables
    (`shared_tables`). `run.credits.used` is what one
    conversation has used since it began.

    A difference between two runs may be chance if few leads were judged. The price of a qualified lead has the range of
    `economics_frame` for `more` further leads, with the verdicts of all tables of the run together:

        credits_per_qualified_lead_low = credits_per_qualified_lead * leads needed (2 % quantile) * qualified_share / more

    and `_high` with the 99 % quantile. If the ranges of two runs overlap, the cheaper run may not stay cheaper. Without
    a qualified lead, both ends are NA.

    Ratios use the tables that report all their inputs, and sums the tables that report a value. Numbers that contradict
    each other count as missing, and `attrs["origami"]` has a `note` that says so. Tables given without a run are ignored.

    Args:
        runs: a list of runs, or of API answers about runs (dicts). All are compared with the first.
        more: the number of further qualified leads to compute the range for, 1 to 1,000,000,000.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from.

        - `run_id` (string): the run
        - `agent_id` (string): the agent
        - `name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `status` (category): the status, as the server reports it
        - `prompt` (string): the full brief
        - `model` (category): the model that ran
        - `duration` (Float64, seconds): time from start to end
        - `steps_completed` (Int64, steps): done so far
        - `tables` (Int64, tables): tables that the run touched
        - `shared_tables` (Int64, tables): of these, touched by another run of the comparison
        - `leads` (Int64, leads): as in runs_frame: leads of one of its tables
        - `qualified_leads` (Int64, leads): leads judged to qualify, in the tables that report them
        - `qualified_share` (Float64, fraction): qualified_leads / leads with a verdict
        - `credits_used` (Float64, credits): used by its tables, over their life
        - `credits_per_lead` (Float64, credits per lead): credits_used / leads, over all tables
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits_used / (leads x qualified_share), by table
        - `credits_per_qualified_lead_low` (Float64, credits per qualified lead): 98 % of orders of `more` cost at least this, if leads cost as before
        - `credits_per_qualified_lead_high` (Float64, credits per qualified lead): 99 % of orders of `more` cost at most this, if leads cost as before; NA with no qualified lead yet
        - `cells_errored` (Int64, cells): ended in a failure
        - `credits_unqualified` (Float64, credits): expected, as in economics_frame
        - `credits_unqualified_min` (Float64, credits): at least, as in economics_frame

    Raises:
        InvalidInput: the source cannot be read, `more` is out of range, or `dtype_backend` is unknown.

    API: the run objects and `response.tables[]` with their `stats`.

    Example:
        >>> from origami_widgets.frames import compare_runs
        >>> def run(name, leads, used):
        ...     table = {"id": name, "leadCount": leads, "credits": {"lifetimeUsed": used}, "columns": []}
        ...     return {"object": "run", "id": name, "status": "completed", "response": {"tables": [table]}}
        >>> frame = compare_runs([run("lite", 10, 40), run("max", 15, 90)])
        >>> frame["credits_per_lead"].to_list(), frame["credits_used"].to_list()
        ([4.0, 6.0], [40.0, 90.0])
    """
    check_backend(dtype_backend)
    wanted = checked_order(more, COMPARISON.name)
    # Tables without a run cannot be compared.
    data = runs_only(gather(runs, COMPARISON.name))
    spending = Spending(data)
    runs_values, computed = values_of_runs(data.parts)
    # Missing values are NaN here, and a count may exceed the largest float.
    with np.errstate(all="ignore"):
        measures = _measures(spending, computed, wanted)
    cells = {name: measured(values) for name, values in measures.items()}
    cells |= {
        "shared_tables": counted(COMPARISON["shared_tables"], _shared(spending, computed)),
        "qualified_leads": counted(COMPARISON["qualified_leads"], _count(spending, "qualified_leads")),
        "cells_errored": counted(COMPARISON["cells_errored"], _count(spending, "cells_errored")),
    }
    return build(
        COMPARISON,
        data,
        {"run": OriginValues(runs_values)},
        computed={**computed, **cells},
        skipped=spending.skipped,
        contradicts=spending.contradicts,
        dtype_backend=dtype_backend,
    )


def _measures(spending: Spending, of_runs: Mapping[str, TypedValues], more: int) -> dict[str, Measure]:
    nothing = known(of_runs["tables"]) == 0

    def total(of_tables: Measure, *others: Measure) -> Measure:
        telling = np.where(np.isnan(sum(others, start=of_tables)), np.nan, of_tables)
        # A run without tables has used nothing.
        return np.where(nothing, 0.0, sums(telling, spending.found.owners, len(spending.source.parts)))

    used, leads, qualified = (spending.table("credits_lifetime_used"), spending.table("lead_count"), spending.qualified)
    fitting = leads * spending.qualified_share
    good, judged = total(qualified, spending.judged), total(spending.judged, qualified)
    share, price = over(good, judged), over(total(used, fitting), total(fitting, used))
    verdicts = zip(good.tolist(), judged.tolist(), strict=True)
    needed = np.array([leads_needed(more, *each) for each in verdicts]).reshape(-1, 2)
    return {
        "qualified_share": share,
        "credits_used": total(used),
        "credits_per_lead": over(total(used, leads), total(leads, used)),
        "credits_per_qualified_lead": price,
        "credits_per_qualified_lead_low": price * share * needed[:, 0] / more,
        "credits_per_qualified_lead_high": price * share * needed[:, 1] / more,
        "credits_unqualified": total(spending.credits_unqualified_of_tables),
        "credits_unqualified_min": total(spending.credits_unqualified_min_of_tables),
    }


def _count(spending: Spending, name: str) -> Counts:
    total = count_sums(spending.table_counts(name), spending.found.owners, len(spending.source.parts))
    return [0 if has_no_tables(part) else count for part, count in zip(spending.source.parts, total, strict=True)]


def _shared(spending: Spending, of_runs: Mapping[str, TypedValues]) -> Counts:
    """Return per run the number of its tables that another run has touched; missing if its tables are unknown."""
    owners, tables, parts = spending.found.owners.tolist(), spending.tables["id"], spending.source.parts
    of_batch: list[set[str]] = [set() for _ in parts]
    runs: dict[str, set[Any]] = {}
    for owner, table in zip(owners, tables, strict=True):
        if isinstance(table, str):
            of_batch[owner].add(table)
            # A run given twice counts as one.
            run = parts[owner].run_id
            runs.setdefault(table, set()).add(run if isinstance(run, str) else owner)
    shared = [sum(len(runs[table]) > 1 for table in touched) for touched in of_batch]
    return [None if lost else count for count, lost in zip(shared, of_runs["tables"].missing.tolist(), strict=True)]
