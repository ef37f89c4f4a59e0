"""`transcript_frame`: one row per message between people, agent and tools."""

from __future__ import annotations

import json
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import DtypeBackend, check_backend
from .build import Holder, build, entries, runs_of
from .records import pluck
from .schema import RUN_ID, Field, Schema
from .source import Source, gather
from .values import Cells, read

if TYPE_CHECKING:
    import pandas as pd

ROLES = ("user", "assistant", "tool")

_TOOL_CALLS = Field("tool_calls", "string", "message", "toolCalls", "JSON: a list of `id`, `name` and `input`")

TRANSCRIPT = Schema(
    "transcript_frame",
    (
        RUN_ID,
        Field("position", "integer", "computed", "", "place in the transcript, from 0: messages have no time"),
        Field("role", "category", "message", "role", "who speaks", "", ROLES),
        Field("content", "string", "message", "content", "what is said"),
        _TOOL_CALLS,
        Field("tool_call_id", "string", "message", "toolCallId", "the call that this message answers"),
        Field("name", "string", "message", "name", "the tool that answers"),
        Field("result", "string", "message", "result", "what it answers"),
        Field("truncated", "boolean", "message", "truncated", "whether this message was cut"),
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
    found = entries(told["response.transcript"])
    messages = pluck(found.items, TRANSCRIPT.paths("message"))
    frame = build(
        TRANSCRIPT,
        gathered,
        {"run": Holder(runs_of(gathered), found.owners), "message": Holder(messages)},
        computed={
            "position": Cells(found.positions, np.zeros(len(found.items), np.bool_)),
            _TOOL_CALLS.name: read(_TOOL_CALLS, [_as_json(calls) for calls in messages[_TOOL_CALLS.path]]),
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
