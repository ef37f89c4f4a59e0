"""Frames about what happened in runs: `actions_frame`, `transcript_frame`, that of `Run.history_frame`, and `credits_frame`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.default_client import AnyClient, client_or_default
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import Json, Record, build, objects, others, read_fields, run_fields, value_at
from origami_widgets.frames.schema import (
    ACTION_FIELDS,
    MESSAGE_FIELDS,
    RUN_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_FIELDS,
    FrameField,
    FrameSchema,
    computed_field,
    number_field,
)
from origami_widgets.frames.source import Source, SourceData, SourcePart, by_turn, gather
from origami_widgets.frames.values import read_number

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.usage import BalanceReading

_FIRST_OF_ACTIONS = ("action", "table_name", "column_name", "leads_added", "count", "deleted_at")
ACTIONS = FrameSchema(
    "actions_frame",
    (
        RUN_NAME,
        *(ACTION_FIELDS[name] for name in _FIRST_OF_ACTIONS),
        computed_field("position", "integer", "place in its list, from 0"),
        *(ACTION_FIELDS[name] for name in ("column_id", "table_id")),
        RUN_ID,
    ),
)


def actions_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per action of every run, in the order in which they happened. Actions have no time.

    Sends no request and spends no credits. Names that an action leaves out are looked up in the tables of its run, then
    in all other tables of the source, as in `actions_frame([run, table])`. Tables have no actions and add no rows; a
    run given twice has its rows twice.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from. Undocumented words of
        `action` are added to the categories.

        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `action` (category): what was done
        - `table_name` (string): the name of the table; if missing, looked up in the tables
        - `column_name` (string): the heading of the column; if missing, looked up in the tables
        - `leads_added` (Int64, leads): added
        - `count` (Int64, leads or columns): deleted or restored
        - `deleted_at` (datetime64[us, UTC]): when it was deleted
        - `position` (Int64): place in its list, from 0
        - `column_id` (string): the column that was added
        - `table_id` (string): the table that was changed
        - `run_id` (string): the run; NA for a table given without its run

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
        >>> frame["action"].to_list(), frame["table_name"].to_list()
        (['table_created', 'leads_added'], ['Porto bakeries', 'Porto bakeries'])
        >>> frame["leads_added"].to_list()
        [<NA>, 18]
    """
    check_backend(dtype_backend)
    data = by_turn(gather(source, ACTIONS.name))
    every = {kind: _names_by_id(data.parts, kind) for kind in _NAMED}
    rows: list[Record] = []
    for part in data.parts:
        own = {kind: _names_by_id([part], kind) for kind in _NAMED}
        for position, action in objects(part.actions):
            names = {f"{kind}_name": _name(action, kind, own[kind], every[kind]) for kind in _NAMED}
            rows.append({**read_fields(ACTIONS, "action", action), **run_fields(part), **names, "position": position})
    skipped = sum(others(part.actions) for part in data.parts)
    return build(ACTIONS, data, rows, skipped=skipped, dtype_backend=dtype_backend)


_NAMED = ("table", "column")


def _names_by_id(parts: Iterable[SourcePart], kind: str) -> dict[str, str]:
    """Map the id of each table, or of each column, to its name. The last name counts, as it is the newest."""
    items = [table for part in parts for _, table in objects(part.tables)]
    if kind == "column":
        items = [column for table in items for _, column in objects(table.get("columns"))]
    named = ((item.get("id"), item.get("name")) for item in items)
    return {key: name for key, name in named if isinstance(key, str) and isinstance(name, str)}


def _name(action: Json, kind: str, own: dict[str, str], every: dict[str, str]) -> Any:
    given, wanted = action.get(f"{kind}Name"), action.get(f"{kind}Id")
    if isinstance(given, str) and given:
        return given
    return own.get(wanted, every.get(wanted, given)) if isinstance(wanted, str) else given


TRANSCRIPT = FrameSchema(
    "transcript_frame",
    (
        RUN_NAME,
        *MESSAGE_FIELDS.values(),
        computed_field("position", "integer", "place in its list, from 0"),
        RUN_ID,
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

        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `role` (category): who wrote it
        - `content` (string): the text
        - `tool_calls` (string): JSON: a list of `id`, `name` and `input`
        - `tool_call_id` (string): the call that this message answers
        - `tool_name` (string): the tool that answers
        - `result` (string): the answer of the tool
        - `truncated` (boolean): whether this message was cut
        - `position` (Int64): place in its list, from 0
        - `run_id` (string): the run; NA for a table given without its run

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
    given = [(part, value_at(part.run, "response.transcript")) for part in data.parts]
    rows: list[Record] = []
    for part, transcript in given:
        for position, message in objects(transcript):
            fields = read_fields(TRANSCRIPT, "message", message)
            calls = _as_json(fields["tool_calls"])
            rows.append({**fields, **run_fields(part), "position": position, "tool_calls": calls})
    skipped = sum(others(transcript) for _, transcript in given)
    frame = build(TRANSCRIPT, data, rows, skipped=skipped, dtype_backend=dtype_backend)
    cut = [part for part in data.parts if value_at(part.run, "response.transcriptTruncated") is True]
    frame.attrs["origami"] |= {
        "transcript_not_read": [str(part.run_id) for part, each in given if part.run and not isinstance(each, list)],
        "transcript_truncated": [str(part.run_id) for part in cut],
    }
    return frame


def _as_json(calls: Any) -> Any:
    try:
        return None if calls is None else json.dumps(calls, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        # Becomes NA, as what can't be read.
        return calls


def _recorded(field: FrameField, attribute: str, meaning: str = "") -> FrameField:
    """Return a field of the API in the form that a handle records, under the name of an attribute."""
    return replace(field.renamed(field.name, meaning), origin="history", path=attribute)


HISTORY = FrameSchema(
    "history_frame",
    (
        FrameField("time", "timestamp", "history", "time", "when the kernel received the change, on its own clock"),
        _recorded(RUN_FIELDS["status"], "status"),
        _recorded(RUN_FIELDS["steps_completed"], "steps_completed"),
        _recorded(TABLE_FIELDS["lead_count"], "lead_count", "leads in the table that counts, as in runs_frame"),
        _recorded(TABLE_FIELDS["cells_running"], "cells_running"),
        _recorded(TABLE_FIELDS["cells_errored"], "cells_errored"),
        _recorded(TABLE_FIELDS["credits_lifetime_used"], "credits_used"),
        RUN_NAME,
        RUN_ID,
    ),
)
"""The frame of `Run.history_frame`."""


def history_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per change of a run while this kernel watched it.

    Args:
        source: a `Run`.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.
    """
    check_backend(dtype_backend)
    data = gather(source, HISTORY.name)
    rows = [{**_fields(point), **run_fields(part)} for part in data.parts for point in part.history]
    return build(HISTORY, data, rows, dtype_backend=dtype_backend)


def _fields(point: object) -> Record:
    """Return the fields of one recorded change."""
    fields = {field.name: getattr(point, field.path, None) for field in HISTORY.fields if field.origin == "history"}
    time = fields["time"]
    # Unix seconds.
    return {**fields, "time": datetime.fromtimestamp(time, UTC).isoformat() if isinstance(time, int | float) else None}


CREDITS = FrameSchema(
    "credits_frame",
    (
        computed_field("time", "timestamp", "when the balance was read, on the kernel's clock"),
        FrameField("balance", "number", "credits", "balance", "credits left at that time", "credits"),
        number_field("change", "balance minus that of the previous reading", "credits"),
    ),
)


@bridged
async def credits_frame(
    *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """One row per reading of the credit balance in this process. Reads the balance once more: one free request.

    The API keeps no history of the balance. The frame has a row for each time that `login`, `account`, `get_credits` or
    this function has read it with the same key, up to the newest 1,000. The balance belongs to the organization, so
    other runs, other keys and the web app spend from it, too: `run.credits.used` is what a run has used.

    Args:
        client: the client whose balance to read; None for the configured one.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), oldest reading first. `attrs["units"]` has the
        units, and `attrs["origami"]` says where the frame comes from.

        - `time` (datetime64[us, UTC]): when the balance was read, on the kernel's clock
        - `balance` (Float64, credits): credits left at that time
        - `change` (Float64, credits): balance minus that of the previous reading

    Raises:
        InvalidInput: `dtype_backend` is unknown; no request was sent.
        MissingKey: no client is given or configured, and no key is found.
        OrigamiError: the balance cannot be read.

    API: `GET /account/credits`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> before = client.get_credits()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> frame = ow.credits_frame(client=client)
        >>> used = ow.tables_frame(run)["credits_lifetime_used"].sum()
        >>> len(frame), bool(-frame["change"].iloc[-1] == used)
        (2, True)
    """
    check_backend(dtype_backend)
    operations = client_or_default(client).operations
    await OnLoop(operations.get_credits())
    return frame_of_readings(operations.balance_history.readings, dtype_backend)


def frame_of_readings(readings: Sequence[BalanceReading], dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Make the frame of balance readings. Pure.

    Args:
        readings: the readings, oldest first.
        dtype_backend: the arrays that hold the columns.
    """
    balances = [read_number(reading.balance) for reading in readings]
    rows = [
        {
            "time": datetime.fromtimestamp(reading.at, UTC).isoformat(),
            "balance": balance,
            "change": None if balance is None or before is None else balance - before,
        }
        for reading, before, balance in zip(readings, [None, *balances], balances, strict=False)
    ]
    return build(CREDITS, SourceData("list", ()), rows, dtype_backend=dtype_backend)
