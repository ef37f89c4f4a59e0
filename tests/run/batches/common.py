"""What the tests of batches share: briefs, waiting for what is to be seen, and what the server was asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.run.batches.batch import RunBatch

PATIENCE = 20.0
"""Seconds after which something that should have happened never will."""


def towns(count: int, scenario: str = "answer") -> list[str]:
    """Briefs of runs that are short, or of another scenario."""
    return [f"List bakeries in town {number}. scenario:{scenario}" for number in range(count)]


def see(what: Callable[[], object], *, every: float = 0.01) -> None:
    """Return when something is so."""
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends, "it never came to be so"
        time.sleep(every)


def states(batch: RunBatch) -> list[str]:
    """The state of each brief."""
    return [brief.state for brief in batch.briefs]


def finished(batch: RunBatch) -> RunBatch:
    """The batch when all is over, asked about more often than its runs' plans would."""

    def over() -> bool:
        for run in batch.runs:
            if not run.done:
                run.refresh()
        return batch.done

    try:
        see(over, every=0.05)
    except OrigamiError as error:
        raise AssertionError(f"a run could not be read: {error}") from error
    return batch.wait(timeout=1)


def keys(front):
    return [request.headers["idempotency-key"] for request in front.starts]


def prompts_at(front):
    client = front.sandbox.client()
    return sorted(client.get_run(agent.id, agent.last_run.id).request.prompt for agent in agents(client))


def agents(client):
    return [agent for agent in client.list_agents(limit=100).items if agent.last_run is not None]
