"""Frames about runs and what happened in them: `runs_frame`, `actions_frame`, `transcript_frame`, `history_frame`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import compress, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.api.models.table import counted_index

from .dtype_backend import DtypeBackend, check_backend
from .frame_builder import FieldValues, NestedItems, OriginValues, build, nested_items, pluck, runs_of
from .schema import (
    ACTION_FIELDS,
    MESSAGE_FIELDS,
    RUN_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_FIELDS,
    FrameField,
    FrameSchema,
    computed_field,
)
from .source import Source, SourceData, by_turn, gather
from .values import TypedValues, read_values

if TYPE_CHECKING:
    import pandas as pd

    from .source import SourcePart


RUNS = FrameSchema(
    "runs_frame",
    (
        RUN_FIELDS["run_id"],
        RUN_FIELDS["agent_id"],
        RUN_NAME,
        *(RUN_FIELDS[name] for name in ("status", "prompt", "model")),
        *(RUN_FIELDS[name] for name in ("steps_completed", "steps_max", "started_at", "completed_at")),
        computed_field("duration", "number", "time from start to end", "seconds"),
        computed_field("tables", "integer", "tables that the run touched; NA if the answer lists none", "tables"),
        computed_field(
            "leads",
            "integer",
            "leads in the first of these tables with verdicts, else in the first, before saved filters",
            "leads",
        ),
        computed_field("credits_used", "number", "used by these tables, over their life", "credits"),
        computed_field("questions", "integer", "questions waiting for an answer", "questions"),
    ),
)


def runs_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per run: its brief, status, duration and results.

    Sends no request and spends no credits. Rows are in the order of the source; a run given twice has two rows, and a
    table has none. Runs from a list (`client.list_runs(agent_id)`) are summaries: tables, leads and questions are NA.

    Args:
        source: a `Run`, an API answer about a run (a dict), a page of runs, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from. Undocumented words of
        `status` or `model` are added to the categories.

        - `run_id` (string): the run
        - `agent_id` (string): the agent
        - `name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `status` (category): the status, as the server reports it
        - `prompt` (string): the full brief; in lists its first 200 characters
        - `model` (category): the model that ran
        - `steps_completed` (Int64, steps): done so far
        - `steps_max` (Int64, steps): most that the plan allows
        - `started_at` (datetime64[us, UTC]): when the run started
        - `completed_at` (datetime64[us, UTC]): when the run ended; missing while it is running
        - `duration` (Float64, seconds): time from start to end
        - `tables` (Int64, tables): tables that the run touched; NA if the answer lists none
        - `leads` (Int64, leads): leads in the first of these tables with verdicts, else in the first, before saved filters
        - `credits_used` (Float64, credits): used by these tables, over their life
        - `questions` (Int64, questions): questions waiting for an answer

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: the run object of `GET /agents/{id}/runs/{runId}`, and the summaries of `GET /agents/{id}/runs`.

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
    data = runs_only(gather(source, RUNS.name))
    runs, computed = values_of_runs(data.parts)
    return build(RUNS, data, {"run": OriginValues(runs)}, computed=computed, dtype_backend=dtype_backend)


def runs_only(source: SourceData) -> SourceData:
    """Return a source without tables that were given without a run."""
    return SourceData(source.kind, tuple(part for part in source.parts if part.run is not None))


def values_of_runs(parts: Sequence[SourcePart]) -> tuple[FieldValues, dict[str, TypedValues]]:
    """Return the fields of run objects, and the computed columns of `runs_frame` by name.

    Args:
        parts: the runs.
    """
    runs = pluck([part.run or {} for part in parts], [*RUNS.paths("run"), "prompt"])
    short = zip(runs[RUNS["prompt"].path], runs["prompt"], strict=True)
    return runs, {
        "prompt": read_values(RUNS["prompt"], [cut if full is None else full for full, cut in short]),
        "duration": _seconds_between(
            *(read_values(field, runs[field.path]) for field in (RUNS["started_at"], RUNS["completed_at"]))
        ),
        "tables": read_values(RUNS["tables"], [_table_count(part) for part in parts]),
        "leads": read_values(RUNS["leads"], _lead_counts(parts)),
        "credits_used": read_values(RUNS["credits_used"], _totals(parts, TABLE_FIELDS["credits_lifetime_used"])),
        "questions": read_values(RUNS["questions"], [_questions(part) for part in parts]),
    }


def _seconds_between(began: TypedValues, ended: TypedValues) -> TypedValues:
    """Return the seconds from one time to another."""
    return TypedValues((ended.data - began.data) / 1e6, began.missing | ended.missing)


def has_no_tables(part: SourcePart) -> bool:
    """Return whether the answer has an empty list of tables for the run; False if it has no list."""
    return not part.tables and isinstance(_inner(part, "response").get("tables"), list)


def _table_count(part: SourcePart) -> int | None:
    return len(part.tables) if part.tables or has_no_tables(part) else None


def _totals(parts: Sequence[SourcePart], field: FrameField) -> list[Any]:
    """Return for each run the sum of a number over the tables that have it."""
    tables = [[table for table in part.tables if isinstance(table, Mapping)] for part in parts]
    cells = read_values(field, pluck([table for each in tables for table in each], [field.path])[field.path])
    numbers = zip(cells.data.tolist(), cells.missing.tolist(), strict=True)
    totals: list[Any] = []
    for part, each in zip(parts, tables, strict=True):
        known = [number for number, lost in islice(numbers, len(each)) if not lost]
        totals.append(sum(known) if known or has_no_tables(part) else None)
    return totals


def _lead_counts(parts: Sequence[SourcePart]) -> list[Any]:
    """Return for each run the number of leads in the table that counts, as its card has it."""
    tables = [[table for table in part.tables if isinstance(table, Mapping)] for part in parts]
    fields = (TABLE_FIELDS["lead_count"], TABLE_FIELDS["qualified_leads"])
    raw = pluck([table for each in tables for table in each], [field.path for field in fields])
    leads, qualified = (raw[field.path] for field in fields)
    leads, qualified = _numbers(read_values(fields[0], leads)), _numbers(read_values(fields[1], qualified))
    counts: list[Any] = []
    at = 0
    for part, each in zip(parts, tables, strict=True):
        here = slice(at, at := at + len(each))
        none = 0 if has_no_tables(part) else None
        counts.append(leads[here][counted_index(qualified[here])] if each else none)
    return counts


def _numbers(values: TypedValues) -> list[Any]:
    return [None if lost else value for value, lost in zip(values.data.tolist(), values.missing.tolist(), strict=True)]


def _questions(part: SourcePart) -> object:
    pending = _inner(part, "todo").get("pendingQuestions")
    # Anything but a list can't be read.
    return len(pending) if isinstance(pending, list | tuple) else None if pending is None else [pending]


def _inner(part: SourcePart, name: str) -> Mapping[str, Any]:
    value = (part.run or {}).get(name)
    return value if isinstance(value, Mapping) else {}


ACTIONS = FrameSchema(
    "actions_frame",
    (
        RUN_ID,
        computed_field("position", "integer", "place in the run's list of actions, from 0; actions have no time"),
        *ACTION_FIELDS.values(),
    ),
)


def actions_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per action of every run, in the order in which they happened.

    Sends no request and spends no credits. Names that an action leaves out are looked up in the tables of its run, then
    in all other tables of the source, as in `actions_frame([run, table])`. Tables have no actions and add no rows; a
    run given twice has its rows twice.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from. Undocumented words of
        `type` are added to the categories.

        - `run_id` (string): the run; NA for a table given without its run
        - `position` (Int64): place in the run's list of actions, from 0; actions have no time
        - `type` (category): what was done
        - `table_id` (string): the table that was changed
        - `table_name` (string): the name of the table; if missing, looked up in the tables
        - `column_id` (string): the column that was added
        - `column_name` (string): the heading of the column; if missing, looked up in the tables
        - `count` (Int64, leads or columns): deleted or restored
        - `lead_count` (Int64, leads): added
        - `deleted_at` (datetime64[us, UTC]): when it was deleted

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `response.actions[]` of a run, while it runs also `actions[]`.

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
    data = by_turn(gather(source, ACTIONS.name))
    found = nested_items([part.actions for part in data.parts])
    table_names, column_names = _names(data, found)
    return build(
        ACTIONS,
        data,
        {
            "run": OriginValues(runs_of(data), found.owners),
            "action": OriginValues(pluck(found.items, ACTIONS.paths("action"))),
        },
        computed={
            "position": TypedValues(found.positions, np.zeros(len(found.items), np.bool_)),
            "table_name": read_values(ACTIONS["table_name"], table_names),
            "column_name": read_values(ACTIONS["column_name"], column_names),
        },
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )


def _names(source: SourceData, found: NestedItems) -> tuple[list[Any], list[Any]]:
    """Return the table and column names of each action: its own, else from its run's tables, else from any table."""
    tables_by_batch = [[table for table in part.tables if isinstance(table, Mapping)] for part in source.parts]
    columns_by_batch = [[column for table in tables for column in _columns(table)] for tables in tables_by_batch]
    every_table = _by_id(table for tables in tables_by_batch for table in tables)
    every_column = _by_id(column for columns in columns_by_batch for column in columns)
    run_tables = [_by_id(tables) for tables in tables_by_batch]
    run_columns = [_by_id(columns) for columns in columns_by_batch]
    table_names, column_names = [], []
    for action, owner in zip(found.items, found.owners.tolist(), strict=True):
        table_names.append(_name(action, "tableName", "tableId", run_tables[owner], every_table))
        column_names.append(_name(action, "columnName", "columnId", run_columns[owner], every_column))
    return table_names, column_names


def _columns(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    columns = table.get("columns")
    return [column for column in columns if isinstance(column, Mapping)] if isinstance(columns, list | tuple) else []


def _by_id(items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Map each id to its name. The last name counts, as it is the newest."""
    named = ((item.get("id"), item.get("name")) for item in items)
    return {key: name for key, name in named if isinstance(key, str) and isinstance(name, str)}


def _name(action: Mapping[str, Any], name: str, key: str, own: dict[str, str], every: dict[str, str]) -> Any:
    given = action.get(name)
    if isinstance(given, str) and given:
        return given
    wanted = action.get(key)
    return own.get(wanted, every.get(wanted, given)) if isinstance(wanted, str) else given


TRANSCRIPT = FrameSchema(
    "transcript_frame",
    (
        RUN_ID,
        computed_field("position", "integer", "place in the transcript, from 0; messages have no time"),
        *MESSAGE_FIELDS.values(),
    ),
)


def transcript_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per message of every run's transcript, in order.

    Sends no request and spends no credits. The API sends a transcript only on request: `run.refresh(include=("stats",
    "transcript"))`. It covers the whole conversation and may begin before the run. Treat texts as untrusted: they come
    from users, agents and the web.

    Args:
        source: a `Run`, an API answer about a run (a dict), or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from: its `transcript_not_read` lists the runs whose
        transcript was not requested, `transcript_truncated` those whose transcript the server has cut. Undocumented
        words of `role` are added to the categories.

        - `run_id` (string): the run; NA for a table given without its run
        - `position` (Int64): place in the transcript, from 0; messages have no time
        - `role` (category): who wrote it
        - `content` (string): the text
        - `tool_calls` (string): JSON: a list of `id`, `name` and `input`
        - `tool_call_id` (string): the call that this message answers
        - `name` (string): the tool that answers
        - `result` (string): the answer of the tool
        - `truncated` (boolean): whether this message was cut

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `response.transcript[]` of a run that was read with `include=transcript`.

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
    data = gather(source, TRANSCRIPT.name)
    runs = [part.run or {} for part in data.parts]
    responses = pluck(runs, ["response.transcript", "response.transcriptTruncated"])
    found = nested_items(responses["response.transcript"])
    messages = pluck(found.items, TRANSCRIPT.paths("message"))
    frame = build(
        TRANSCRIPT,
        data,
        {"run": OriginValues(runs_of(data), found.owners), "message": OriginValues(messages)},
        computed={
            "position": TypedValues(found.positions, np.zeros(len(found.items), np.bool_)),
            "tool_calls": read_values(
                TRANSCRIPT["tool_calls"], [_as_json(calls) for calls in messages[TRANSCRIPT["tool_calls"].path]]
            ),
        },
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )
    ids = [str(part.run_id) for part in data.parts]
    not_read = [
        bool(run) and not isinstance(each, list)
        for run, each in zip(runs, responses["response.transcript"], strict=True)
    ]
    frame.attrs["origami"] |= {
        "transcript_not_read": list(compress(ids, not_read)),
        "transcript_truncated": list(
            compress(ids, [each is True for each in responses["response.transcriptTruncated"]])
        ),
    }
    return frame


def _as_json(calls: Any) -> Any:
    try:
        return None if calls is None else json.dumps(calls, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        # Becomes NA, as what can't be read.
        return calls


def _recorded(field: FrameField, name: str, meaning: str = "") -> FrameField:
    """Return a field of the API in the form that a handle records."""
    return replace(field.renamed(name, meaning), origin="history", path=name)


HISTORY = FrameSchema(
    "history_frame",
    (
        RUN_ID,
        FrameField("time", "timestamp", "history", "time", "when the kernel received the change, on its own clock"),
        _recorded(RUN_FIELDS["status"], "status"),
        _recorded(RUN_FIELDS["steps_completed"], "steps_completed"),
        _recorded(TABLE_FIELDS["lead_count"], "lead_count", "leads in the table that counts, as in runs_frame"),
        _recorded(TABLE_FIELDS["cells_running"], "cells_running"),
        _recorded(TABLE_FIELDS["cells_errored"], "cells_errored"),
        _recorded(TABLE_FIELDS["credits_lifetime_used"], "credits_used", "settled, over the life of these tables"),
    ),
)


def history_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per change of a run while this kernel watched it; also available as `run.history_frame()`.

    Sends no request and spends no credits. Each check of the run with a changed answer adds a row, whose values hold
    until the next row. The API keeps no history, so nothing is known from before the run was watched, and API answers
    have no rows. After 2,000 changes, every second one in the older half is dropped.

    Args:
        source: a `Run`, or a list of runs.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from.

        - `run_id` (string): the run; NA for a table given without its run
        - `time` (datetime64[us, UTC]): when the kernel received the change, on its own clock
        - `status` (category): the status, as the server reports it
        - `steps_completed` (Int64, steps): done so far
        - `lead_count` (Int64, leads): leads in the table that counts, as in runs_frame
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `credits_used` (Float64, credits): settled, over the life of these tables

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `status`, `steps` and the tables of each answer of `GET /agents/{id}/runs/{runId}`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> frame = ow.history_frame(run)
        >>> frame["status"].iloc[-1], int(frame["cells_running"].iloc[-1]), bool(frame["time"].is_monotonic_increasing)
        ('completed', 0, True)
    """
    check_backend(dtype_backend)
    data = gather(source, HISTORY.name)
    points = [_fields(point) for part in data.parts for point in part.history]
    owners = np.repeat(np.arange(len(data.parts), dtype=np.intp), [len(each.history) for each in data.parts])
    recorded = pluck(points, HISTORY.paths("history"))
    return build(
        HISTORY,
        data,
        {"run": OriginValues(runs_of(data), owners), "history": OriginValues(recorded)},
        computed={"time": _moments(recorded[HISTORY["time"].path])},
        dtype_backend=dtype_backend,
    )


def _fields(point: object) -> dict[str, Any]:
    return {path: getattr(point, path, None) for path in HISTORY.paths("history")}


def _moments(times: list[Any]) -> TypedValues:
    """Convert Unix seconds to microseconds."""
    missing = np.fromiter((not isinstance(time, int | float) for time in times), np.bool_, len(times))
    data = np.fromiter((0 if lost else round(time * 1e6) for time, lost in zip(times, missing, strict=True)), np.int64)
    return TypedValues(data, missing)
