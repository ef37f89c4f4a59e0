"""Normalize the sources of frames (runs, payloads, tables and lists of these) to one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, ValuesView
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias

from origami_widgets.api.errors import InvalidInput
from origami_widgets.words.foreign_text import described

Json: TypeAlias = Mapping[str, Any]
SourceKind = Literal["run", "payload", "table", "list", "leads"]

_RUN_KEYS = ("agentId", "response", "request", "steps", "todo", "startedAt")
# Older answers have no `items`. Lists of rows, agents or columns have nothing that a frame needs.
_ENVELOPE_KEYS = ("items", "tables", "runs", "data")


class HasRaw(Protocol):
    """A `Run`, a table, or any other typed object that keeps its JSON object in `raw`."""

    @property
    def raw(self) -> Json:
        """The JSON object of the API."""
        ...


class HasRuns(Protocol):
    """A `RunBatch`, or any other object that has runs."""

    @property
    def runs(self) -> Sequence[HasRaw]:
        """The runs, in order."""
        ...


Source: TypeAlias = "HasRaw | HasRuns | Json | Sequence[HasRaw | Json] | Iterator[HasRaw | Json] | ValuesView[HasRaw | Json] | SourceData"


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A run with everything in it, or tables without a run.

    Attributes:
        run_id: the run's id as in the answer; None if unknown.
        name: the name of the run's agent; None if unknown.
        operations: the API that it came from, and that its leads are read through; None if unknown.
        tables: its tables.
        actions: its actions.
        run: the JSON object of the run; None if there are only tables.
        history: the points recorded by a handle: objects with the attributes of `Run.history_frame`.
        turns: the JSON objects of the API's runs in a conversation; empty for an answer of the API.
        credits: what each table has used for the run, by its id; None for an answer of the API.
        was_stopped: whether cells of the run were stopped and not filled since.
        shown_status: the status that its card shows; empty for an answer of the API.
    """

    run_id: object
    tables: Sequence[object] = ()
    actions: Sequence[object] = ()
    run: Json | None = None
    history: Sequence[object] = ()
    name: object = None
    operations: object = None
    turns: Sequence[Json] = ()
    credits: Mapping[str, float | None] | None = None
    was_stopped: bool = False
    shown_status: str = ""


@dataclass(frozen=True, slots=True)
class SourceData:
    """Normalized source, from which all frames are built."""

    kind: SourceKind
    parts: tuple[SourcePart, ...]


def gather(source: Source, frame: str) -> SourceData:
    """Normalize a source.

    Args:
        source: a `Run`, a payload, a table, a list of these, a `RunBatch`, or a normalized source.
        frame: name of the called function, for the error.

    Returns:
        The runs and tables in the given order. A run that is there twice counts once.

    Raises:
        InvalidInput: for anything else; the message describes what was given.
    """
    if isinstance(source, SourceData):
        # A plot has already normalized it, so that errors name the plot.
        return source
    given: object = source
    if not hasattr(given, "raw") and isinstance(runs := getattr(given, "runs", None), list | tuple):
        given = runs
    if isinstance(given, Sequence | Iterator | ValuesView) and not isinstance(given, str | bytes | bytearray):
        parts: list[SourcePart] = []
        known: set[object] = set()
        for position, item in enumerate(given):
            # Two handles may be on one conversation, which counts once; answers of the API are taken as they are.
            if hasattr(item, "turns") and item in known:
                continue
            known |= {item} if hasattr(item, "turns") else set()
            parts += _gather_one(item, frame, f"item {position} of the list").parts
        return SourceData("list", tuple(parts))
    return _gather_one(given, frame, "the source")


def _gather_one(source: object, frame: str, where_given: str) -> SourceData:
    if isinstance(source, Mapping):
        return _gather_payload(source, frame, where_given)
    raw = getattr(source, "raw", None)
    if not isinstance(raw, Mapping):
        raise _not_a_source(frame, where_given, source)
    tables = getattr(source, "tables", None)
    if isinstance(tables, Sequence):
        data = SourceData("run", (_part_of_handle(source, raw, tables),))
    else:
        data = _gather_payload(raw, frame, where_given)
    operations = _operations_of(source)
    return replace(data, parts=tuple(replace(part, operations=operations) for part in data.parts))


def _operations_of(source: object) -> object:
    """Return the API that an object, or the first table in it, came from; None if unknown."""
    response = getattr(source, "response", None)
    inner = (getattr(response or source, "tables", ()), getattr(source, "items", ()))
    objects = (source, *(each for tables in inner if isinstance(tables, tuple) for each in tables[:1]))
    return next((known for each in objects if (known := getattr(each, "operations", None)) is not None), None)


def _part_of_handle(run: object, raw: Json, tables: Sequence[object]) -> SourcePart:
    """Use the handle's tables: cells fill after the run has ended, so the tables are newer than the run's last answer."""
    ids = {key: raw.get(key) or getattr(run, name, None) for key, name in (("id", "id"), ("agentId", "agent_id"))}
    turns = [turn.raw for turn in getattr(run, "turns", ())]
    # What a person has briefed, and when: the rest is the newest turn's.
    brief = {key: turns[0][key] for key in ("startedAt", "prompt", "request") if turns and key in turns[0]}
    part = _part_of_run({**raw, **brief, **ids})
    newest = [getattr(table, "raw", table) for table in tables]
    used = getattr(run, "credits", None)
    return replace(
        part,
        credits=getattr(used, "by_table", None),
        was_stopped=bool(getattr(used, "was_stopped", False)),
        shown_status=getattr(getattr(run, "state", None), "shown_status", ""),
        turns=turns,
        tables=newest or part.tables,
        history=_as_list(getattr(run, "history", ())),
        name=getattr(run, "name", None) or None,
    )


def _part_of_run(run: Json) -> SourcePart:
    response = run.get("response")
    inner: Json = response if isinstance(response, Mapping) else {}
    # Some answers about a running run have its actions at the top level.
    actions = _as_list(inner.get("actions")) or _as_list(run.get("actions"))
    tables = _as_list(inner.get("tables")) or _as_list(run.get("tables"))
    # A bare `response`, as returned by the models, has no fields of the run itself.
    return SourcePart(run.get("id"), tables, actions, run if "id" in run or run.get("object") == "run" else None)


def by_turn(source: SourceData) -> SourceData:
    """Return a source with each turn of a conversation as a part of its own, with the tables of all."""
    parts = [
        replace(part, run_id=turn.run_id, run=turn.run, actions=turn.actions) if turn is not part else part
        for part in source.parts
        for turn in ([*map(_part_of_run, part.turns)] if len(part.turns) > 1 else [part])
    ]
    return SourceData(source.kind, tuple(parts))


def _as_list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _gather_payload(payload: Json, frame: str, where_given: str) -> SourceData:
    stamp = payload.get("object")
    if stamp == "run" or (stamp is None and _looks_like_run(payload)):
        return SourceData("payload", (_part_of_run(payload),))
    if stamp == "table" or (stamp is None and _looks_like_table(payload)):
        return SourceData("table", (SourcePart(None, (payload,)),))
    if (
        stamp is None and "run" in payload
    ):  # the answer of starting, following up and cancelling; null: nothing to cancel
        run, agent = payload["run"], payload.get("agent")
        name = agent.get("name") if isinstance(agent, Mapping) else None
        return SourceData("payload", (replace(_part_of_run(run), name=name),) if isinstance(run, Mapping) else ())
    lists = [payload[key] for key in _ENVELOPE_KEYS if isinstance(payload.get(key), list | tuple)]
    if not lists or stamp not in (None, "list"):
        raise _not_a_source(frame, where_given, payload)
    parts: list[SourcePart] = []
    for position, item in enumerate(lists[0]):
        where = f"entry {position} of {where_given}"
        parts += (
            _gather_payload(item, frame, where).parts if isinstance(item, Mapping) else (SourcePart(None, (item,)),)
        )
    return SourceData("list", tuple(parts))


def _looks_like_run(payload: Json) -> bool:
    # The second form is a bare `response`, as returned by the models.
    return ("id" in payload and any(key in payload for key in _RUN_KEYS)) or (
        "actions" in payload and "tables" in payload
    )


def _looks_like_table(payload: Json) -> bool:
    return "id" in payload and ("leadCount" in payload or isinstance(payload.get("columns"), list))


def _not_a_source(frame: str, where_given: str, given: object) -> InvalidInput:
    examples = {"plot": 'plot(run, "funnel")', "export": 'export(run, "founders.xlsx")'}
    example = examples.get(frame) or f"{frame}(run) or {frame}(run.tables[0])"
    remedy = (
        f"Pass a Run, a table, a response of the API about either (a dict), or a list of these, for example {example}."
    )
    if isinstance(given, str):
        remedy = f'With an id or a token, attach first: run = origami_widgets.attach("AGENT_ID/RUN_ID"). {remedy}'
    elif isinstance(given, Mapping) and "object" not in given and any(_holds_answer(value) for value in given.values()):
        remedy = f"With a dict of runs or tables, pass its values: {frame}(list(runs.values())). {remedy}"
    return InvalidInput(f"{frame} can't read this", cause=f"Got {described(given)} as {where_given}.", remedy=remedy)


def _holds_answer(value: object) -> bool:
    raw = value if isinstance(value, Mapping) else getattr(value, "raw", None)
    return isinstance(raw, Mapping) and (_looks_like_run(raw) or _looks_like_table(raw))
