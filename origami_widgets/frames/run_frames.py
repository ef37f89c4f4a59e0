"""`runs_frame`, `actions_frame`, `transcript_frame` and `history_frame`: runs, and what happened in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from .dtype_backend import DtypeBackend, check_backend
from .frame_builder import DataIssues, FieldValues, NestedItems, OriginValues, build, nested_items, pluck, runs_of
from .schema import LEAD_COUNT, RUN_ID, FrameField, FrameSchema
from .source import Source, SourceData, gather
from .values import TypedValues, read_values

if TYPE_CHECKING:
    import pandas as pd

    from .source import SourcePart

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

_PROMPT = FrameField("prompt", "string", "run", "request.prompt", "the full brief; in lists its first 200 characters")
_STARTED = FrameField("started_at", "timestamp", "run", "startedAt", "when it began")
_COMPLETED = FrameField("completed_at", "timestamp", "run", "completedAt", "when it ended; NA while it runs")
_DURATION = FrameField("duration", "number", "computed", "", "from its beginning to its end", "seconds")
_TABLES = FrameField("tables", "integer", "computed", "", "tables it touched; NA where the answer has none", "tables")
_LEADS = FrameField("leads", "integer", "computed", "", "in these tables, before saved filters", "leads")
_QUESTIONS = FrameField("questions", "integer", "computed", "", "it wants answered", "questions")

RUNS = FrameSchema(
    "runs_frame",
    (
        FrameField("run_id", "string", "run", "id", "the run"),
        FrameField("agent_id", "string", "run", "agentId", "the agent"),
        FrameField("status", "category", "run", "status", "the server's word", "", RUN_STATUSES),
        _PROMPT,
        FrameField("model", "category", "run", "model", "the model that really ran", "", MODELS),
        FrameField("steps_completed", "integer", "run", "steps.completed", "done", "steps"),
        FrameField("steps_max", "integer", "run", "steps.max", "the plan's cap, not the run's length", "steps"),
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
    notes = DataIssues()
    runs, computed = facts([batch for batch in gathered.batches if batch.run is not None], notes)
    return build(
        RUNS, gathered, {"run": OriginValues(runs)}, computed=computed, notes=notes, dtype_backend=dtype_backend
    )


def facts(batches: Sequence[SourcePart], notes: DataIssues) -> tuple[FieldValues, dict[str, TypedValues]]:
    """What is known of runs: the fields of their objects, and what is made of them, by the name of the column.

    Args:
        batches: the runs.
        notes: takes what could not be read.
    """
    runs = pluck([batch.run or {} for batch in batches], [*RUNS.paths("run"), "prompt"])
    short = zip(runs[_PROMPT.path], runs["prompt"], strict=True)
    return runs, {
        _PROMPT.name: read_values(_PROMPT, [cut if full is None else full for full, cut in short]),
        _DURATION.name: _seconds_between(*(notes.read(field, runs[field.path]) for field in (_STARTED, _COMPLETED))),
        _TABLES.name: read_values(_TABLES, [_table_count(batch) for batch in batches]),
        _LEADS.name: read_values(_LEADS, _leads(batches, notes)),
        _QUESTIONS.name: read_values(_QUESTIONS, [_questions(batch) for batch in batches]),
    }


def _seconds_between(began: TypedValues, ended: TypedValues) -> TypedValues:
    """From one moment to the other."""
    return TypedValues((ended.data - began.data) / 1e6, began.missing | ended.missing)


def has_no_tables(batch: SourcePart) -> bool:
    """Whether the answer says that the run touched no table; one that leaves them out does not say that."""
    return not batch.tables and isinstance(_inner(batch, "response").get("tables"), list)


def _table_count(batch: SourcePart) -> int | None:
    return len(batch.tables) if batch.tables or has_no_tables(batch) else None


def _leads(batches: Sequence[SourcePart], notes: DataIssues) -> list[int | None]:
    """Per run the sum of what its tables tell."""
    tables = [[table for table in batch.tables if isinstance(table, Mapping)] for batch in batches]
    cells = notes.read(LEAD_COUNT, [table.get(LEAD_COUNT.path) for each in tables for table in each])
    told = zip(cells.data.tolist(), cells.missing.tolist(), strict=True)
    leads: list[int | None] = []
    for batch, each in zip(batches, tables, strict=True):
        known = [count for count, lost in islice(told, len(each)) if not lost]
        leads.append(sum(known) if known or has_no_tables(batch) else None)
    return leads


def _questions(batch: SourcePart) -> object:
    pending = _inner(batch, "todo").get("pendingQuestions")
    # What is no list is no number either, so it is counted among the values that could not be read.
    return len(pending) if isinstance(pending, list | tuple) else None if pending is None else [pending]


def _inner(batch: SourcePart, name: str) -> Mapping[str, Any]:
    value = (batch.run or {}).get(name)
    return value if isinstance(value, Mapping) else {}


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

_TABLE_NAME = FrameField("table_name", "string", "action", "tableName", "its name, also looked up in the tables")
_COLUMN_NAME = FrameField("column_name", "string", "action", "columnName", "its heading, also looked up in the tables")

ACTIONS = FrameSchema(
    "actions_frame",
    (
        RUN_ID,
        FrameField(
            "position", "integer", "computed", "", "place in the run's actions, from 0: the only order there is"
        ),
        FrameField("type", "category", "action", "type", "what was done", "", ACTION_TYPES),
        FrameField("table_id", "string", "action", "tableId", "the table that was changed"),
        _TABLE_NAME,
        FrameField("column_id", "string", "action", "columnId", "the column that was added"),
        _COLUMN_NAME,
        FrameField("count", "integer", "action", "count", "deleted or restored", "leads or columns"),
        FrameField("lead_count", "integer", "action", "leadCount", "added", "leads"),
        FrameField("deleted_at", "timestamp", "action", "deletedAt", "when it was deleted"),
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
    found = nested_items([batch.actions for batch in gathered.batches])
    table_names, column_names = _names(gathered, found)
    return build(
        ACTIONS,
        gathered,
        {
            "run": OriginValues(runs_of(gathered), found.owners),
            "action": OriginValues(pluck(found.items, ACTIONS.paths("action"))),
        },
        computed={
            "position": TypedValues(found.positions, np.zeros(len(found.items), np.bool_)),
            _TABLE_NAME.name: read_values(_TABLE_NAME, table_names),
            _COLUMN_NAME.name: read_values(_COLUMN_NAME, column_names),
        },
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )


def _names(source: SourceData, found: NestedItems) -> tuple[list[Any], list[Any]]:
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


ROLES = ("user", "assistant", "tool")

_TOOL_CALLS = FrameField("tool_calls", "string", "message", "toolCalls", "JSON: a list of `id`, `name` and `input`")

TRANSCRIPT = FrameSchema(
    "transcript_frame",
    (
        RUN_ID,
        FrameField("position", "integer", "computed", "", "place in the transcript, from 0: messages have no time"),
        FrameField("role", "category", "message", "role", "who speaks", "", ROLES),
        FrameField("content", "string", "message", "content", "what is said"),
        _TOOL_CALLS,
        FrameField("tool_call_id", "string", "message", "toolCallId", "the call that this message answers"),
        FrameField("name", "string", "message", "name", "the tool that answers"),
        FrameField("result", "string", "message", "result", "what it answers"),
        FrameField("truncated", "boolean", "message", "truncated", "whether this message was cut"),
    ),
)


def transcript_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per message of every run's transcript, in order.

    No request is sent and no credits are spent. The API sends a transcript only when it is asked for one:
    `run.refresh(include=("stats", "transcript"))`. It is the history of the whole conversation and may reach back before
    the run. Texts are what people, agents and the web have said, and not to be trusted.

    Args:
        source: a `Run`, an answer of the API about a run (a dict), or a list of these.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`. `attrs["origami"]` says where the frame comes from, and lists the runs whose transcript was
        not read in `transcript_not_read`, those whose transcript the server has cut in `transcript_truncated`. A `role`
        that is not documented is added to the categories.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `position` (Int64): place in the transcript, from 0: messages have no time
        - `role` (category): who speaks
        - `content` (string): what is said
        - `tool_calls` (string): JSON: a list of `id`, `name` and `input`
        - `tool_call_id` (string): the call that this message answers
        - `name` (string): the tool that answers
        - `result` (string): what it answers
        - `truncated` (boolean): whether this message was cut

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `response.transcript[]` of a run that was read with `include=transcript`.

    Example:
        >>> from origami_widgets.frames import transcript_frame
        >>> run = {"object": "run", "id": "v2_run-01", "response": {"actions": [], "tables": [], "transcript": [
        ...     {"role": "user", "content": "Find wholesale partners for us."},
        ...     {"role": "assistant", "toolCalls": [{"id": "t1", "name": "ask-questions", "input": {"n": 2}}]}]}}
        >>> frame = transcript_frame(run)
        >>> frame["content"].to_list()
        ['Find wholesale partners for us.', <NA>]
        >>> frame["tool_calls"][1]
        '[{"id": "t1", "name": "ask-questions", "input": {"n": 2}}]'
    """
    check_backend(dtype_backend)
    gathered = gather(source, TRANSCRIPT.name)
    runs = [batch.run or {} for batch in gathered.batches]
    told = pluck(runs, ["response.transcript", "response.transcriptTruncated"])
    found = nested_items(told["response.transcript"])
    messages = pluck(found.items, TRANSCRIPT.paths("message"))
    frame = build(
        TRANSCRIPT,
        gathered,
        {"run": OriginValues(runs_of(gathered), found.owners), "message": OriginValues(messages)},
        computed={
            "position": TypedValues(found.positions, np.zeros(len(found.items), np.bool_)),
            _TOOL_CALLS.name: read_values(_TOOL_CALLS, [_as_json(calls) for calls in messages[_TOOL_CALLS.path]]),
        },
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )
    ids = [str(batch.run_id) for batch in gathered.batches]
    not_read = [
        bool(run) and not isinstance(each, list) for run, each in zip(runs, told["response.transcript"], strict=True)
    ]
    frame.attrs["origami"] |= {
        "transcript_not_read": list(compress(ids, not_read)),
        "transcript_truncated": list(compress(ids, [each is True for each in told["response.transcriptTruncated"]])),
    }
    return frame


def _as_json(calls: Any) -> Any:
    try:
        return None if calls is None else json.dumps(calls, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        # What is no JSON is counted among the values that could not be read.
        return calls


_TIME = FrameField("time", "timestamp", "history", "time", "when the change was heard, on the kernel's clock")

HISTORY = FrameSchema(
    "history_frame",
    (
        RUN_ID,
        _TIME,
        FrameField("status", "category", "history", "status", "the server's word", "", RUN_STATUSES),
        FrameField("steps_completed", "integer", "history", "steps_completed", "done so far", "steps"),
        FrameField("lead_count", "integer", "history", "lead_count", "in all tables of the run", "leads"),
        FrameField("cells_running", "integer", "history", "cells_running", "waiting, queued or running", "cells"),
        FrameField("cells_errored", "integer", "history", "cells_errored", "ended in a failure", "cells"),
        FrameField(
            "credits_used", "number", "history", "credits_used", "settled, over the life of these tables", "credits"
        ),
    ),
)


def history_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per change of a run, while it was watched from this kernel; also as `run.history_frame()`.

    No request is sent and no credits are spent. Each check whose answer told something new makes a row: values hold
    from there to the next row. The API keeps no history, so what happened before the run was watched is unknown, and an
    answer of the API has no rows. Of more than 2,000 changes every second one of the older half is dropped.

    Args:
        source: a `Run`, or a list of runs.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `time` (datetime64[us, UTC]): when the change was heard, on the kernel's clock
        - `status` (category): the server's word
        - `steps_completed` (Int64, steps): done so far
        - `lead_count` (Int64, leads): in all tables of the run
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `credits_used` (Float64, credits): settled, over the life of these tables

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `status`, `steps` and the tables of each answer of `GET /agents/{id}/runs/{runId}`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> frame = ow.history_frame(run)
        >>> frame["status"].iloc[-1], int(frame["cells_running"].iloc[-1]), bool(frame["time"].is_monotonic_increasing)
        ('completed', 0, True)
    """
    check_backend(dtype_backend)
    gathered = gather(source, HISTORY.name)
    points = [_fields(point) for batch in gathered.batches for point in batch.history]
    owners = np.repeat(
        np.arange(len(gathered.batches), dtype=np.intp), [len(each.history) for each in gathered.batches]
    )
    told = pluck(points, HISTORY.paths("history"))
    return build(
        HISTORY,
        gathered,
        {"run": OriginValues(runs_of(gathered), owners), "history": OriginValues(told)},
        computed={_TIME.name: _moments(told[_TIME.path])},
        dtype_backend=dtype_backend,
    )


def _fields(point: object) -> dict[str, Any]:
    return {path: getattr(point, path, None) for path in HISTORY.paths("history")}


def _moments(times: list[Any]) -> TypedValues:
    """Unix seconds as microseconds."""
    missing = np.fromiter((not isinstance(time, int | float) for time in times), np.bool_, len(times))
    data = np.fromiter((0 if lost else round(time * 1e6) for time, lost in zip(times, missing, strict=True)), np.int64)
    return TypedValues(data, missing, int(missing.sum()) - times.count(None))
