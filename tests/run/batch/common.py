"""What the tests of batches share: briefs, what has become of them, and the end of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import origami_widgets as ow
from origami_widgets.run.batch import briefs_of
from tests.support.quick import see

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.front import Front


def towns(count: int, scenario: str = "answer") -> list[str]:
    """Briefs of runs that are short, or of another scenario."""
    return [f"List bakeries in town {number}. scenario:{scenario}" for number in range(count)]


def states(batch: ow.RunBatch) -> list[str]:
    """The state of each brief."""
    return [brief.state for brief in briefs_of(batch)]


def waiting(batch: ow.RunBatch) -> int:
    """The number of briefs that have no run and may still get one."""
    return sum(1 for brief in briefs_of(batch) if brief.run is None and brief.state != "stopped")


def is_done(batch: ow.RunBatch) -> bool:
    """Whether no more runs will start and all have ended."""
    return batch.status != "running" and all(run.done for run in batch.runs)


def refreshed(runs: Sequence[ow.Run]) -> Sequence[ow.Run]:
    """The same runs, each asked about once more."""
    for run in runs:
        run.refresh()
    return runs


def finished(batch: ow.RunBatch) -> ow.RunBatch:
    """The batch when all is over, asked about more often than its runs' plans would."""

    def over() -> bool:
        refreshed([run for run in batch.runs if not run.done])
        return is_done(batch)

    try:
        see(over, every=0.05)
    except ow.OrigamiError as error:
        raise AssertionError(f"a run could not be read: {error}") from error
    return batch.wait(timeout=1)


def prompts_at(front: Front) -> list[str]:
    """The whole prompt of the newest run of each agent, in the order of the alphabet."""
    client = front.sandbox.client()
    return sorted(client.get_run(agent.id, agent.last_run.id).request.prompt for agent in front.agents())
