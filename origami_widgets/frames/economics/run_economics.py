"""`runs_frame`: what each run did and found, what a qualified lead costs, and what more of them would cost."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.table import cost_per_qualified_lead, counted_index
from origami_widgets.api.validate import shortened
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import Json, Record, build, objects, others, read_fields, run_fields, value_at
from origami_widgets.frames.schema import RUN_FIELDS, RUN_NAME, TABLE_FIELDS, FrameSchema, computed_field, number_field
from origami_widgets.frames.source import Source, SourcePart, gather
from origami_widgets.frames.values import read_timestamp

from .table_economics import TableEconomics, over

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

MOST_LEADS = 10**9
ENOUGH_JUDGED = 0.8
"""Share of a table's leads that must be judged for a forecast: the first verdicts aren't those of all."""

RUNS = FrameSchema(
    "runs_frame",
    (
        RUN_NAME,
        RUN_FIELDS["status"],
        TABLE_FIELDS["lead_count"].renamed(
            "lead_count", "leads of the judged table, else of the first, before saved filters"
        ),
        TABLE_FIELDS["qualified_leads"].renamed("qualified_leads", "judged to qualify, in the judged table"),
        computed_field("judged_leads", "integer", "leads with a verdict", "leads"),
        number_field("qualified_share", "qualified_leads / judged_leads", "fraction"),
        number_field("credits_used", "used by all its tables; of a given table, since the run began", "credits"),
        number_field("cost_per_qualified_lead", "credits_used / qualified_leads", "credits per qualified lead"),
        number_field("expected_cost", "of `more` qualified leads", "credits"),
        number_field("expected_cost_low", "2nd percentile", "credits"),
        number_field("expected_cost_high", "99th percentile", "credits"),
        number_field("chance_cheapest", "probability that no other run of this frame is cheaper", "fraction"),
        computed_field("leads_left", "integer", "estimated qualified leads still to be found", "qualified leads"),
        number_field("credits_on_unqualified", "expected to have been spent on unfit leads", "credits"),
        TABLE_FIELDS["cells_running"],
        TABLE_FIELDS["cells_errored"],
        computed_field("questions", "integer", "questions waiting for an answer", "questions"),
        RUN_FIELDS["prompt"],
        RUN_FIELDS["model"],
        *(RUN_FIELDS[name] for name in ("steps_completed", "steps_max", "started_at", "completed_at")),
        number_field("duration", "time from start to end", "seconds"),
        computed_field("table_count", "integer", "tables that the run touched; NA if the answer lists none", "tables"),
        computed_field("runs", "integer", "runs in this row: 1 without `by`", "runs"),
        RUN_FIELDS["agent_id"],
        RUN_FIELDS["run_id"],
    ),
)
_SUMMED = frozenset({"questions", "runs"})
"""Columns of a run that are added up in a pool."""


def runs_frame(
    source: Source,
    *,
    more: int = 100,
    by: str | Mapping[str, str] | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """One row per run: its status and results, what a qualified lead costs, and what more of them would cost.

    Sends no request and spends no credits. A row is a conversation with all its turns. Rows are in the order of the
    source, and a table has none. Runs from a list (`client.list_runs(agent_id)`) are summaries: what comes from their
    tables is NA.

    Cost of a qualified lead:

        cost_per_qualified_lead = credits_used / qualified_leads

    The credits are those of all tables of the run, each once. Of a table that you gave to the run, only the credits
    since the run began count. The leads are those of the judged table: the first one for which the server says how many
    qualify. Leads without a verdict count as not qualified, so it is the cost so far until the run is complete. It is NA
    without a judged table or a qualified lead, if the credits of a table are unknown, and if leads of a second table
    qualify, too, as these are other things. Card, board, workbook and plot show the same number.

    Forecast: `expected_cost` is what `more` further qualified leads will cost, if leads cost and qualify as before. It
    belongs to the runs of this call: the run that looks cheapest was often only lucky, so runs are pulled towards their
    common mean. Simulated for the run that looks cheapest of 8 or 20 equal ones, with prices of leads that vary by up to
    their mean, and 100 more leads: with 50 judged leads, it costs more than `expected_cost_high` in at most 3 of 100 cases,
    and lies within the range in at least 96; with 10 or 20 judged leads, in 8 and 92. It costs more than `expected_cost`
    on average: with 50 judged leads 1.1 times as much where half of the leads qualify, 1.2 times where a fifth does, and up
    to 1.4 times with 10 or 20.
    The forecast is NA unless the run has completed, no cell is running, none that this process has stopped is still
    empty, and 80 % of the leads of the judged table have a verdict. The API doesn't say what others have stopped: such a
    run looks cheaper than it is. `leads_left` is the server's estimate of all qualified leads
    minus those found; NA if a lead source has an unknown number of further leads.

    `credits_on_unqualified` is the sum of `columns_frame` over all tables.

    Args:
        source: a `Run`, a `RunBatch`, an API answer about a run (a dict), a page of runs, or a list of these.
        more: the number of further qualified leads to forecast, 1 to 1,000,000,000.
        by: pool runs: the name of a column of this frame, such as `"model"`, or a dict from each `run_name` to the name of
            its pool, which becomes `run_name`. Each table counts once, costs are those of all runs of a pool divided by
            their qualified leads, and what differs within a pool is NA. None for a row for each run.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from; `forecast_of` has `more` and the ids of the
        runs that the forecast belongs to. Undocumented words of `status` or `model` are added to the categories.

        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `status` (category): the status, as the server reports it
        - `lead_count` (Int64, leads): leads of the judged table, else of the first, before saved filters
        - `qualified_leads` (Int64, leads): judged to qualify, in the judged table
        - `judged_leads` (Int64, leads): leads with a verdict
        - `qualified_share` (Float64, fraction): qualified_leads / judged_leads
        - `credits_used` (Float64, credits): used by all its tables; of a given table, since the run began
        - `cost_per_qualified_lead` (Float64, credits per qualified lead): credits_used / qualified_leads
        - `expected_cost` (Float64, credits): of `more` qualified leads
        - `expected_cost_low` (Float64, credits): 2nd percentile
        - `expected_cost_high` (Float64, credits): 99th percentile
        - `chance_cheapest` (Float64, fraction): probability that no other run of this frame is cheaper
        - `leads_left` (Int64, qualified leads): estimated qualified leads still to be found
        - `credits_on_unqualified` (Float64, credits): expected to have been spent on unfit leads
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `questions` (Int64, questions): questions waiting for an answer
        - `prompt` (string): the full brief; in lists its first 200 characters
        - `model` (category): the model that ran
        - `steps_completed` (Int64, steps): done so far
        - `steps_max` (Int64, steps): most that the plan allows
        - `started_at` (datetime64[us, UTC]): when the run started
        - `completed_at` (datetime64[us, UTC]): when the run ended; missing while it is running
        - `duration` (Float64, seconds): time from start to end
        - `table_count` (Int64, tables): tables that the run touched; NA if the answer lists none
        - `runs` (Int64, runs): runs in this row: 1 without `by`
        - `agent_id` (string): the agent
        - `run_id` (string): the run

    Raises:
        InvalidInput: the source cannot be read, `more` is out of range, `by` names no column or lacks a run, or
            `dtype_backend` is unknown.

    API: the run object of `GET /agents/{id}/runs/{runId}` with `response.tables[]` and their `stats`, and the summaries of
        `GET /agents/{id}/runs`.

    Example:
        >>> from origami_widgets.frames import runs_frame
        >>> def run(name, qualified):
        ...     table = {"id": name, "leadCount": 20, "credits": {"lifetimeUsed": 60}, "cells": {"running": 0}, "columns": [],
        ...              "stats": {"qualification": {"qualifiedLeads": qualified, "rate": qualified / 20}}}
        ...     return {"object": "run", "id": name, "status": "completed", "response": {"tables": [table]}}
        >>> frame = runs_frame([run("a", 12), run("b", 10)])
        >>> frame["cost_per_qualified_lead"].to_list(), frame["expected_cost"].round().to_list()
        ([5.0, 6.0], [526.0, 569.0])
        >>> frame["chance_cheapest"].round(1).to_list()
        [0.6, 0.4]
        >>> runs_frame([run("a", 12), run("b", 10)], by="status")["cost_per_qualified_lead"].round(2).to_list()
        [5.45]
    """
    check_backend(dtype_backend)
    wanted = _checked_number(more)
    data = gather(source, RUNS.name)
    data = replace(data, parts=tuple(part for part in data.parts if part.run is not None))
    pools = [RunPool([part]) for part in data.parts]
    if by is not None:
        pools = _pooled(pools, by)
    rows = [pool.row for pool in pools]
    ready = [at for at, pool in enumerate(pools) if pool.is_ready]
    found = forecasts([pools[at].judged for at in ready], wanted)
    for at, forecast in zip(ready, found, strict=True):
        names = ("expected_cost", "expected_cost_low", "expected_cost_high", "chance_cheapest")
        rows[at] |= dict(zip(names, forecast, strict=True))
    frame = build(
        RUNS,
        data,
        rows,
        skipped=sum(others(part.tables) for part in data.parts),
        contradicts=any(pool.contradicts for pool in pools),
        dtype_backend=dtype_backend,
    )
    ids = [part.run_id for at in ready for part in pools[at].parts]
    frame.attrs["origami"] |= {"forecast_of": {"more": wanted, "run_ids": ids}}
    return frame


@dataclass(eq=False)
class RunPool:
    """One run, or several that are counted together: each table once, in its newest state.

    Args:
        parts: the runs.
        name: the name of the pool; None for the runs' own.
    """

    parts: Sequence[SourcePart]
    name: str | None = None

    @cached_property
    def _tables(self) -> dict[object, TableEconomics]:
        newest: dict[object, Json] = {}
        for part in self.parts:
            for key, table in _tables_of(part):
                if not _changed_at(table) < _changed_at(newest.get(key, table)):
                    newest[key] = table
        return {key: TableEconomics(table) for key, table in newest.items()}

    @cached_property
    def _judged_tables(self) -> list[TableEconomics]:
        """The judged table of each run, each once."""
        keys = [key for part in self.parts for key in _judged_keys(part)]
        return [self._tables[key] for key in dict.fromkeys(keys) if self._tables[key].has_verdicts]

    @property
    def contradicts(self) -> bool:
        """Whether numbers contradict each other."""
        return any(table.contradicts for table in self._tables.values())

    @cached_property
    def _credits(self) -> list[float | None]:
        """What each table has used for these runs; None if it is unknown."""
        found: dict[object, list[float | None]] = {}
        for part in self.parts:
            for key, table in _tables_of(part):
                found.setdefault(key, []).append(_credits_of(part, table))
            # Those of tables that were deleted.
            for key in (part.credits or {}).keys() - {table.get("id") for _, table in _tables_of(part)}:
                found.setdefault(key, []).append((part.credits or {})[key])
        # What a table has used only grows.
        return [None if None in each else max(used for used in each if used is not None) for each in found.values()]

    @cached_property
    def cost(self) -> float | None:
        """The cost per qualified lead."""
        judged = self._judged_tables
        rest = [table.count(_QUALIFIED) for table in self._tables.values() if table not in judged]
        return cost_per_qualified_lead(self._credits, [table.count(_QUALIFIED) for table in judged], rest)

    @cached_property
    def row(self) -> Record:
        """The row of `runs_frame`, without a forecast."""
        each = [_own_fields(part) for part in self.parts]
        row = {
            name: sum(values) if name in _SUMMED and None not in values else _common(values)
            for name in each[0]
            for values in [[own[name] for own in each]]
        }
        tables, judged = [*self._tables.values()], self._judged_tables
        counted = [self._tables[key] for key in dict.fromkeys(key for part in self.parts for key in _judged_keys(part))]
        nothing = all(map(has_no_tables, self.parts))
        qualified, verdicts = (_sum([getattr(table, name) for table in judged]) for name in ("qualified", "judged"))
        return row | {
            "run_name": row["run_name"] if self.name is None else self.name,
            "lead_count": 0 if nothing else _sum([table.leads for table in counted]),
            "qualified_leads": _sum([table.count(_QUALIFIED) for table in judged]),
            "judged_leads": verdicts,
            "qualified_share": over(qualified, verdicts),
            "credits_used": 0 if nothing else _sum(self._credits),
            "cost_per_qualified_lead": self.cost,
            "leads_left": _sum([table.leads_left for table in judged]),
            "credits_on_unqualified": 0 if nothing else _sum([table.credits_on_unqualified for table in tables]),
            "cells_running": 0 if nothing else _sum([table.count("cells.running") for table in tables]),
            "cells_errored": 0 if nothing else _sum([table.count("cells.errored") for table in tables]),
            "table_count": len(tables) if tables or nothing else None,
        }

    @property
    def is_ready(self) -> bool:
        """Whether what the runs have cost says what more leads would cost."""
        if any(part.run is None or part.run.get("status") != "completed" or part.was_stopped for part in self.parts):
            return False
        row, leads = self.row, _sum([table.leads for table in self._judged_tables])
        if not self.cost or row["qualified_share"] is None or row["cells_running"] != 0 or not leads:
            return False
        return bool(row["judged_leads"] >= ENOUGH_JUDGED * leads)

    @property
    def judged(self) -> Judged:
        """What the forecast is made of."""
        names = sorted(str(part.run_id) for part in self.parts)
        return Judged(self.row["credits_used"], self.row["qualified_leads"], self.row["judged_leads"], " ".join(names))


_QUALIFIED = "stats.qualification.qualifiedLeads"


def _checked_number(more: object) -> int:
    try:
        wanted = 0 if isinstance(more, bool) else operator.index(more)  # type: ignore[arg-type]
    except TypeError:
        wanted = 0
    if not 1 <= wanted <= MOST_LEADS:
        raise InvalidInput(
            "more must be a number of qualified leads",
            cause=f"Got more={more!r:.40}.",
            remedy=f"Use a whole number from 1 to {MOST_LEADS:,}: runs_frame(run, more=100).",
        )
    return wanted


def _pooled(pools: Sequence[RunPool], by: str | Mapping[str, str]) -> list[RunPool]:
    """Return the runs of each pool together, in the order in which the pools appear."""
    found: dict[Any, list[SourcePart]] = {}
    if isinstance(by, Mapping):
        names = [pool.row["run_name"] for pool in pools]
        if unknown := [name for name in names if name not in by]:
            raise InvalidInput(
                "by lacks a run",
                cause=f"It has no pool for {shortened(list(dict.fromkeys(unknown)))}.",
                remedy='Name the pool of each run_name: by={"Porto": "brief A", "Faro": "brief B"}.',
            )
        for name, pool in zip(names, pools, strict=True):
            found.setdefault(by[name], []).extend(pool.parts)
        return [RunPool(parts, str(name)) for name, parts in found.items()]
    columns = [field.name for field in RUNS.fields]
    if str(by) not in columns:
        raise InvalidInput(
            "by must be a column of runs_frame, or a dict",
            cause=f"Got by={shortened(by)}.",
            remedy=f"Use one of {', '.join(columns)}, or a dict from each run_name to the name of its pool.",
        )
    for pool in pools:
        found.setdefault(pool.row.get(by), []).extend(pool.parts)
    return [RunPool(parts) for parts in found.values()]


def _own_fields(part: SourcePart) -> Record:
    """Return what the run itself says."""
    run = part.run or {}
    fields = read_fields(RUNS, "run", run)
    moments = [read_timestamp(fields[name]) for name in ("started_at", "completed_at")]
    questions = value_at(run, "todo.pendingQuestions")
    return {
        **fields,
        **run_fields(part),
        # The server cuts the run's own copy.
        "prompt": run.get("prompt") if fields["prompt"] is None else fields["prompt"],
        "duration": None if moments[0] is None or moments[1] is None else (moments[1] - moments[0]) / 1e6,
        "questions": len(questions) if isinstance(questions, list | tuple) else None,
        "runs": 1,
    }


def has_no_tables(part: SourcePart) -> bool:
    """Return whether the answer has an empty list of tables for the run; False if it has no list."""
    return not part.tables and isinstance(value_at(part.run, "response.tables"), list)


def _tables_of(part: SourcePart) -> list[tuple[object, Json]]:
    """Return the tables of a run, each with its id, or what stands for it."""
    return [
        (table["id"] if isinstance(table.get("id"), str) else (id(part), at), table)
        for at, table in objects(part.tables)
    ]


def _judged_keys(part: SourcePart) -> list[object]:
    """Return the key of the table whose leads are the run's count: the judged one, else the first."""
    tables = _tables_of(part)
    at = counted_index(value_at(table, "stats.qualification") for _, table in tables)
    return [tables[at][0]] if tables else []


def _changed_at(table: Json) -> int:
    return read_timestamp(table.get("updatedAt")) or 0


def _credits_of(part: SourcePart, table: Json) -> float | None:
    """Return what a table has used for a run; None if it is unknown."""
    if part.credits is not None and table.get("id") in part.credits:
        return part.credits[table["id"]]
    given = value_at(part.run, "request.focusTableIds")
    if isinstance(given, list) and str(table.get("id")).lower() in {str(each).lower() for each in given}:
        made, began = read_timestamp(table.get("createdAt")), read_timestamp(value_at(part.run, "startedAt"))
        if made is None or began is None or made < began:
            # What it had used before isn't known.
            return None
    return TableEconomics(table).used


def _common(values: Sequence[Any]) -> Any:
    """Return the value of all runs of a pool; None if they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _sum(values: Sequence[Any]) -> Any:
    """Return the sum; None without values, or if one is unknown."""
    return None if not values or None in values else sum(values)


SPREAD = 1.0
"""Variance of the price of a lead, as a share of its squared mean: found ones may cost 15 credits, and others none."""
DRAWS = 4_000
SEED = 41
LOW, HIGH = 0.02, 0.99


class Judged(NamedTuple):
    """What a run has spent, and for what.

    Attributes:
        credits: all credits of the run, above 0.
        qualified: its qualified leads, at least 1.
        judged: its leads with a verdict.
        name: what tells two runs with equal numbers apart, so that the order of the runs has no influence.
    """

    credits: float
    qualified: int
    judged: int
    name: str = ""


class Forecast(NamedTuple):
    """What more leads of one run will cost.

    Attributes:
        cost: the expected credits.
        low: its 2nd percentile.
        high: its 99th percentile.
        chance_cheapest: the probability that no other run is cheaper; None for a single run.
    """

    cost: float
    low: float
    high: float
    chance_cheapest: float | None


def forecasts(runs: Sequence[Judged], more: int) -> list[Forecast]:
    """Return what `more` qualified leads of each run will cost.

    Args:
        runs: the runs of one comparison.
        more: the number of further qualified leads.
    """
    order = sorted(range(len(runs)), key=lambda at: runs[at])
    if not order:
        return []
    credits_used, qualified, judged = (np.array([runs[at][place] for at in order], np.float64) for place in (0, 1, 2))
    y, p = np.log(credits_used / qualified), (qualified + 0.5) / (judged + 1)
    v = (1 - p) / qualified + SPREAD / judged
    random = np.random.default_rng(SEED)
    theta = _prices(y, v, random)
    costs = more * np.exp(theta + random.normal(0, np.sqrt(((1 - p) + SPREAD * p) / more), theta.shape))
    expected, (low, high) = more * np.exp(theta.mean(axis=0)), np.quantile(costs, (LOW, HIGH), axis=0)
    cheapest = np.bincount(theta.argmin(axis=1), minlength=len(runs)) / DRAWS
    made = zip(expected.tolist(), low.tolist(), high.tolist(), cheapest.tolist(), strict=True)
    found = dict(zip(order, (Forecast(*each[:3], each[3] if len(runs) > 1 else None) for each in made), strict=True))
    return [found[at] for at in range(len(runs))]


def _prices(
    y: npt.NDArray[np.float64], v: npt.NDArray[np.float64], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw the logarithm of what a qualified lead of each run costs, given what was measured and its variance."""
    noise = random.normal(size=(DRAWS, len(y)))
    noise -= noise.mean(axis=0)
    if len(y) == 1:
        return np.asarray(y + np.sqrt(v) * noise)
    b = np.arange(1, 40) / 40
    precision = 1 / (v + (v.mean() * (1 - b) / b)[:, None])
    total = precision.sum(axis=1)
    center = (precision * y).sum(axis=1) / total
    likely = (np.log(precision) - precision * (y - center[:, None]) ** 2).sum(axis=1) / 2 - np.log(total) / 2
    weights = np.exp(likely - likely.max())
    at = random.choice(len(b), DRAWS, p=weights / weights.sum())
    s, mu = v * precision[at], random.normal(center[at], total[at] ** -0.5)[:, None]
    return np.asarray((1 - s) * y + s * mu + np.sqrt(v * (1 - s)) * noise)
