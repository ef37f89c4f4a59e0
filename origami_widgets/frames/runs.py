"""`runs_frame`: one row per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from .backend import DtypeBackend, check_backend
from .build import Holder, Notes, build
from .records import Values, pluck
from .schema import LEAD_COUNT, Field, Schema
from .source import Source, gather
from .values import Cells, read

if TYPE_CHECKING:
    import pandas as pd

    from .source import Batch

RUN_STATUSES = (
    "running",
    "completed",
    "needs_input",
    "step_cap_hit",
    "incomplete",
    "cancelled",
    "errored",
    "timed_out",
)
MODELS = ("origami-lite", "origami-max")

_PROMPT = Field("prompt", "string", "run", "request.prompt", "the full brief; in lists its first 200 characters")
_STARTED = Field("started_at", "timestamp", "run", "startedAt", "when it began")
_COMPLETED = Field("completed_at", "timestamp", "run", "completedAt", "when it ended; NA while it runs")
_DURATION = Field("duration", "number", "computed", "", "from its beginning to its end", "seconds")
_TABLES = Field("tables", "integer", "computed", "", "tables it touched; NA where the answer has none", "tables")
_LEADS = Field("leads", "integer", "computed", "", "in these tables, before saved filters", "leads")
_QUESTIONS = Field("questions", "integer", "computed", "", "it wants answered", "questions")

RUNS = Schema(
    "runs_frame",
    (
        Field("run_id", "string", "run", "id", "the run"),
        Field("agent_id", "string", "run", "agentId", "the agent"),
        Field("status", "category", "run", "status", "the server's word", "", RUN_STATUSES),
        _PROMPT,
        Field("model", "category", "run", "model", "the model that really ran", "", MODELS),
        Field("steps_completed", "integer", "run", "steps.completed", "done", "steps"),
        Field("steps_max", "integer", "run", "steps.max", "the plan's cap, not the run's length", "steps"),
        _STARTED,
        _COMPLETED,
        _DURATION,
        _TABLES,
        _LEADS,
        _QUESTIONS,
    ),
)


def runs_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per run: what was asked, how it ended, how long it took and what it built.

    No request is sent and no credits are spent. The rows follow the order of the source; a run that is given twice
    has two rows, a table adds none. A run of a list (`client.list_runs(agent_id)`) is a summary: its tables, leads and
    questions are NA.

    Args:
        source: a `Run`, an answer of the API about a run (a dict), a page of runs, or a list of these.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`. A `status` or `model` that is not
        documented is added to the categories.

        - `run_id` (string): the run
        - `agent_id` (string): the agent
        - `status` (category): the server's word
        - `prompt` (string): the full brief; in lists its first 200 characters
        - `model` (category): the model that really ran
        - `steps_completed` (Int64, steps): done
        - `steps_max` (Int64, steps): the plan's cap, not the run's length
        - `started_at` (datetime64[us, UTC]): when it began
        - `completed_at` (datetime64[us, UTC]): when it ended; NA while it runs
        - `duration` (Float64, seconds): from its beginning to its end
        - `tables` (Int64, tables): tables it touched; NA where the answer has none
        - `leads` (Int64, leads): in these tables, before saved filters
        - `questions` (Int64, questions): it wants answered

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: the run object of `GET /agents/{id}/runs/{runId}`, and the summaries of `GET /agents/{id}/runs`.

    Example:
        >>> from origami_widgets.frames import runs_frame
        >>> run = {"object": "run", "id": "v2_run-01", "agentId": "6b1f", "status": "completed",
        ...        "startedAt": "2026-07-21T09:14:02Z", "completedAt": "2026-07-21T09:17:45Z",
        ...        "response": {"actions": [], "tables": [{"id": "c0a3", "leadCount": 15}]}}
        >>> frame = runs_frame(run)
        >>> frame["duration"].to_list(), frame["leads"].to_list()
        ([223.0], [15])
        >>> frame["status"].cat.categories[:3].to_list()
        ['running', 'completed', 'needs_input']
    """
    check_backend(dtype_backend)
    gathered = gather(source, RUNS.name)
    notes = Notes()
    runs, computed = facts([batch for batch in gathered.batches if batch.run is not None], notes)
    return build(RUNS, gathered, {"run": Holder(runs)}, computed=computed, notes=notes, dtype_backend=dtype_backend)


def facts(batches: Sequence[Batch], notes: Notes) -> tuple[Values, dict[str, Cells]]:
    """What is known of runs: the fields of their objects, and what is made of them, by the name of the column.

    Args:
        batches: the runs.
        notes: takes what could not be read.
    """
    runs = pluck([batch.run or {} for batch in batches], [*RUNS.paths("run"), "prompt"])
    short = zip(runs[_PROMPT.path], runs["prompt"], strict=True)
    return runs, {
        _PROMPT.name: read(_PROMPT, [cut if full is None else full for full, cut in short]),
        _DURATION.name: _seconds_between(*(notes.read(field, runs[field.path]) for field in (_STARTED, _COMPLETED))),
        _TABLES.name: read(_TABLES, [_table_count(batch) for batch in batches]),
        _LEADS.name: read(_LEADS, _leads(batches, notes)),
        _QUESTIONS.name: read(_QUESTIONS, [_questions(batch) for batch in batches]),
    }


def _seconds_between(began: Cells, ended: Cells) -> Cells:
    """From one moment to the other."""
    return Cells((ended.data - began.data) / 1e6, began.missing | ended.missing)


def has_no_tables(batch: Batch) -> bool:
    """Whether the answer says that the run touched no table; one that leaves them out does not say that."""
    return not batch.tables and isinstance(_inner(batch, "response").get("tables"), list)


def _table_count(batch: Batch) -> int | None:
    return len(batch.tables) if batch.tables or has_no_tables(batch) else None


def _leads(batches: Sequence[Batch], notes: Notes) -> list[int | None]:
    """Per run the sum of what its tables tell."""
    tables = [[table for table in batch.tables if isinstance(table, Mapping)] for batch in batches]
    cells = notes.read(LEAD_COUNT, [table.get(LEAD_COUNT.path) for each in tables for table in each])
    told = zip(cells.data.tolist(), cells.missing.tolist(), strict=True)
    leads: list[int | None] = []
    for batch, each in zip(batches, tables, strict=True):
        known = [count for count, lost in islice(told, len(each)) if not lost]
        leads.append(sum(known) if known or has_no_tables(batch) else None)
    return leads


def _questions(batch: Batch) -> object:
    pending = _inner(batch, "todo").get("pendingQuestions")
    # What is no list is no number either, so it is counted among the values that could not be read.
    return len(pending) if isinstance(pending, list | tuple) else None if pending is None else [pending]


def _inner(batch: Batch, name: str) -> Mapping[str, Any]:
    value = (batch.run or {}).get(name)
    return value if isinstance(value, Mapping) else {}
