"""All runs of one agent: those before a run, and those that have continued it since."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.models import RunObject, RunSummary
from origami_widgets.run.conversation import Conversation, conversation_of, remember
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import RunState

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.run_watch import RunWatch

SHOWN = 8
"""So many runs before the newest one of an agent are shown folded."""
MOST_PAGES = 20


async def runs_of(operations: Operations, agent_id: str) -> list[RunSummary]:
    """All runs of an agent, the newest last: the API does not state in which order it lists them.

    Raises:
        InvalidInput: it has none.
        OrigamiError: they could not be read.
    """
    runs: dict[str, RunSummary] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await operations.list_runs(agent_id, cursor=cursor, limit=100)
        runs.update((summary.id, summary) for summary in page.items if summary.id)
        cursor = page.next_cursor
        if cursor is None:
            break
    if not runs:
        raise InvalidInput(
            "This agent has no run",
            cause=f"Agent {agent_id} has never been briefed.",
            remedy="Start one with ow.start('…').",
        )
    return sorted(runs.values(), key=_started)


def known_before(agent_id: str, earlier: list[RunSummary]) -> list[RunState]:
    """Earlier runs as the list tells of them: over, since an agent has one active run at most, and never asked about."""
    return [
        RunState(agent_id=agent_id, run_id=summary.id, run=RunObject.from_raw(summary.raw), done=True)
        for summary in earlier[-SHOWN:]
    ]


async def with_later_runs(operations: Operations, watch: RunWatch) -> Conversation:
    """The conversation of a run with what has continued it since, by a click or elsewhere. Sends GETs only.

    Else its card would ask what was answered long ago, and answering costs credits. Where the runs cannot be read now,
    it is the run alone.
    """
    conversation = conversation_of(watch)
    with contextlib.suppress(OrigamiError):
        runs = await runs_of(operations, watch.state.agent_id)
        ids = [run.id for run in runs]
        later = ids[ids.index(watch.state.run_id) + 1 :] if watch.state.run_id in ids else []
        for run_id in later[-SHOWN:]:
            successor = await poller().watch(operations, watch.state.agent_id, run_id, started=None)
            if successor.state.run is None:
                await poller().first_check(successor)
            remember(successor, conversation)
            conversation.extend(successor)
    return conversation


def _started(summary: RunSummary) -> tuple[str, str]:
    return summary.started_at.isoformat() if summary.started_at is not None else "", summary.id
