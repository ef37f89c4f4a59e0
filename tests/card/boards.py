"""What the tests of boards share: rows of every state, and boards of runs whose answers a test makes up."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from origami_widgets.card.view.board_view import BoardEntry, make_board
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import Planned
from origami_widgets.run.state import Connection, Queue, RunState
from tests.card.live import on_loop, read
from tests.fixtures import hostile
from tests.fixtures.states import NOW, STATES, payload, settled_payload, too_few_credits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.card.view.contract import BoardView

VIEW_SIZE = 90_000
COPIES_SIZE = 90_000
# In characters that are escaped, and in ids that no server has.
HOSTILE_SIZE = 300_000
CHANGE_SIZE = 4_000


def size(value: object) -> int:
    """Bytes as the file of a notebook or a message holds it."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def named(state: RunState, number: int) -> RunState:
    """The same run under an id of its own, with tables of its own."""
    run = state.run and structs.replace(state.run, id=run_id(number))
    tables = tuple(structs.replace(table, id=f"{table.id}-{number}") for table in state.tables)
    return replace(state, run=run, tables=tables, run_id=run_id(number))


def run_id(number: int) -> str:
    """As long as those of the server."""
    return f"v2_run-{number:06d}-7f4c-4c3b-9f7e-1f0a6a1b2c3d"


def entry_of(position: int, state: RunState | None, **more: Any) -> BoardEntry:
    """A row of a run, or of a brief."""
    return BoardEntry(position, f"Agent {position}", state=state, **more)


def every_entry() -> list[BoardEntry]:
    """A row for each state of a run, and for each of a brief that has none."""
    entries = [entry_of(at, named(state(), at)) for at, state in enumerate(STATES.values())]
    refused = too_few_credits().command_error
    briefs: list[dict[str, Any]] = [
        {"brief": "waiting"},
        {"brief": "starting"},
        {"brief": "queued", "queue": Queue(wait=300.0, limit=3)},
        {"brief": "queued", "queue": Queue(wait=300.0, limit=None)},
        {"brief": "failed", "error": refused},
        {"brief": "stopped"},
    ]
    entries += [entry_of(len(entries) + at, None, prompt=f"Brief {at}", **brief) for at, brief in enumerate(briefs)]
    return entries


def many(count: int, *names: str) -> list[BoardEntry]:
    """So many rows of these states in turn."""
    made = [STATES[name]() for name in names]
    return [entry_of(at, named(made[at % len(made)], at)) for at in range(count)]


def hostile_entries(count: int, texts: Iterable[str]) -> list[BoardEntry]:
    """So many runs and briefs with these texts wherever a text may come from outside."""
    known = [(text, [make(text) for make in hostile.VARIANTS.values()]) for text in list(texts)[:count]]
    entries = []
    for at in range(count):
        text, states = known[at % len(known)]
        state = states[at % 3]
        if at % 7 == 0:
            entries.append(BoardEntry(at, text, text, brief="failed", error=states[0].command_error))
        else:
            entries.append(BoardEntry(at, text, text, state=replace(state, run_id=f"{text}{at}"), earlier=(state,)))
    return entries


def board_of(entries: list[BoardEntry], **more: Any) -> BoardView:
    """The view of a board."""
    return make_board(entries, now=NOW, **more)


def watches(count: int, name: str = "running_partial") -> list[RunWatch]:
    """Watches of so many runs that are checked every 15 seconds, one after the other."""
    agent = payload(name)["agentId"]
    made = [RunWatch(None, RunState(agent_id=agent, run_id=run_id(number))) for number in range(count)]
    begin(made, name)
    return made


def begin(made: list[RunWatch], name: str = "running_partial") -> None:
    """Let them all be heard for the first time."""

    def hear() -> None:
        for number, watch in enumerate(made):
            watch.update(read(running(number, name), at=100.0 + number / 100), Planned(115.0 + number / 100, 15.0))

    on_loop(hear)


def running(number: int, name: str = "running_partial", **changes: Any) -> dict[str, Any]:
    """The answer about one of these runs; one that is under way has a table."""
    run = copy.deepcopy(payload(name))
    if name == "running_partial":
        run["response"]["tables"] = settled_payload()["response"]["tables"]
    run |= {"id": run_id(number), **changes}
    for table in (run["response"] or {}).get("tables", ()):
        table["id"] = f"table-{number}"
    return run


def runs(made: Iterable[RunWatch]) -> list[Run]:
    """Handles on them."""
    return [Run(watch) for watch in made]


def stopped(state: RunState) -> RunState:
    """A run that nobody asks about any more."""
    return replace(state, connection=Connection(state="stopped", heard_at=NOW - 130))
