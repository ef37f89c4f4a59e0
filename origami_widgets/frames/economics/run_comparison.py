"""`compare_runs`: duration, results and cost of runs, side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import OriginValues, build
from origami_widgets.frames.run_frames import RUNS, has_no_tables, runs_only, values_of_runs
from origami_widgets.frames.schema import FrameSchema, computed_field, number_field
from origami_widgets.frames.source import Source, gather
from origami_widgets.frames.table_frames import TABLES

from .leads_needed import checked_order, leads_needed
from .spending import Counts, Measure, Spending, count_sums, counted, known, measured, over, sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from origami_widgets.frames.frame_builder import FieldValues
    from origami_widgets.frames.values import TypedValues

_CHANGES = ("duration", "leads", "credits_used", "credits_per_qualified_lead")
_CHANGE = "compared with the first run: value / value of the first run - 1"

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
        number_field("credits_added", "of these, used since the earlier runs of the comparison", "credits"),
        number_field(
            "credits_measured",
            "used by its tables since it started; NA if a table's credits at that moment are unknown",
            "credits",
        ),
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
        *(number_field(f"{name}_change", _CHANGE, "fraction") for name in _CHANGES),
    ),
)


def compare_runs(runs: Source, *, more: int = 100, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per run: its duration, results and cost, and how they differ from the first run.

    Sends no request and spends no credits. The API does not report the credits of a run. `credits_used` is what its
    tables have used over their life, in all runs that worked on them; runs of one agent usually share tables
    (`shared_tables`). `credits_added` is what these tables have used beyond what earlier runs in the list reported for
    them: the cost of a follow-up. `credits_measured` is what the tables have used since the run started, whatever used
    it. It is NA unless each table was created since then or is in an earlier run of the list; read it once no cells are
    running.

    A difference between two runs may be chance if few leads were judged. The price of a qualified lead has the range of
    `economics_frame` for `more` further leads, with the verdicts of all tables of the run together:

        credits_per_qualified_lead_low = credits_per_qualified_lead * leads needed (2 % quantile) * qualified_share / more

    and `_high` with the 99 % quantile. If the ranges of two runs overlap, the cheaper run may not stay cheaper. Without
    a qualified lead, both ends are NA.

    Ratios use the tables that report all their inputs, and sums the tables that report a value. Impossible numbers
    count as missing and are listed in `attrs["origami"]["contradictions"]`. Tables given without a run are ignored.

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
        - `credits_added` (Float64, credits): of these, used since the earlier runs of the comparison
        - `credits_measured` (Float64, credits): used by its tables since it started; NA if a table's credits at that moment are unknown
        - `credits_per_lead` (Float64, credits per lead): credits_used / leads, over all tables
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits_used / (leads x qualified_share), by table
        - `credits_per_qualified_lead_low` (Float64, credits per qualified lead): 98 % of orders of `more` cost at least this, if leads cost as before
        - `credits_per_qualified_lead_high` (Float64, credits per qualified lead): 99 % of orders of `more` cost at most this, if leads cost as before; NA with no qualified lead yet
        - `cells_errored` (Int64, cells): ended in a failure
        - `credits_unqualified` (Float64, credits): expected, as in economics_frame
        - `credits_unqualified_min` (Float64, credits): at least, as in economics_frame
        - `duration_change` (Float64, fraction): compared with the first run: value / value of the first run - 1
        - `leads_change` (Float64, fraction): compared with the first run: value / value of the first run - 1
        - `credits_used_change` (Float64, fraction): compared with the first run: value / value of the first run - 1
        - `credits_per_qualified_lead_change` (Float64, fraction): compared with the first run: value / value of the first run - 1

    Raises:
        InvalidInput: the source cannot be read, `more` is out of range, or `dtype_backend` is unknown.

    API: the run objects and `response.tables[]` with their `stats`.

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
    wanted = checked_order(more, COMPARISON.name)
    # Tables without a run cannot be compared.
    data = runs_only(gather(runs, COMPARISON.name))
    spending = Spending(data)
    runs_values, computed = values_of_runs(data.parts, spending.issues)
    # Missing values are NaN here, and a count may exceed the largest float.
    with np.errstate(all="ignore"):
        measures = _measures(spending, runs_values, computed, wanted)
        changes = {f"{name}_change": _against_first(measures[name]) for name in _CHANGES}
    cells = {name: measured(values) for name, values in (measures | changes).items() if name != "leads"}
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
        issues=spending.issues,
        dtype_backend=dtype_backend,
    )


def _measures(
    spending: Spending, runs: FieldValues, of_runs: Mapping[str, TypedValues], more: int
) -> dict[str, Measure]:
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
        "duration": known(of_runs["duration"]),
        "leads": known(of_runs["leads"]),
        "qualified_share": share,
        "credits_used": total(used),
        "credits_added": total(_added(spending, used)),
        "credits_measured": _measured_of_runs(spending, used, runs),
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


def _added(spending: Spending, used: Measure) -> Measure:
    """Return per table the credits used beyond what an earlier run of the source reported."""
    before: dict[str, float] = {}
    added = used.copy()
    for position, (table, now) in enumerate(zip(spending.tables["id"], used.tolist(), strict=True)):
        if isinstance(table, str) and not math.isnan(now):
            added[position] = max(0.0, now - before.get(table, 0.0))
            before[table] = max(now, before.get(table, 0.0))
    return added


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


def _against_first(values: Measure) -> Measure:
    return over(values, np.full(len(values), values[0])) - 1 if len(values) else values


def _measured_of_runs(spending: Spending, used: Measure, runs: FieldValues) -> Measure:
    """Return the credits that the tables of each run have used since it started; NaN if unknown for one of them.

    A table that was created since the run started had used nothing before. An older one had used what the earlier runs
    of the source reported.

    Args:
        spending: the tables of the runs.
        used: what each table has used over its life.
        runs: the fields of the runs.
    """
    owners = spending.found.owners
    began = spending.issues.read(RUNS["started_at"], runs[RUNS["started_at"].path])
    made = spending.issues.read(TABLES["created_at"], spending.tables[TABLES["created_at"].path])
    known = ~began.missing[owners] & ~made.missing
    is_new = known & (made.data >= began.data[owners])
    reported: dict[str, float] = {}
    gained = np.full(len(used), np.nan)
    for position, (table, now) in enumerate(zip(spending.tables["id"], used.tolist(), strict=True)):
        if isinstance(table, str) and not math.isnan(now):
            before = reported.get(table, 0.0 if is_new[position] else math.nan)
            gained[position] = now - before if now >= before else math.nan
            reported[table] = max(now, reported.get(table, 0.0))
    # One unknown table makes the sum unknown.
    size = len(spending.source.parts)
    sums = np.bincount(owners, weights=gained, minlength=size)
    there = np.bincount(owners, minlength=size) > 0
    has_none = np.array([has_no_tables(part) for part in spending.source.parts], dtype=np.bool_)
    return np.where(there | has_none, sums, np.nan)
