"""What a person can do with a run. Coroutines for the background loop; the handle and the card call the same ones."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Literal

from origami_widgets.api.errors import AgentBusy, InvalidInput, OrigamiError, RunPoolFull
from origami_widgets.run.answers import answer_prompt
from origami_widgets.run.conversation import remember
from origami_widgets.run.hub import hub
from origami_widgets.run.state import CancelRequested, CommandFailed, Queue, RunRead, SendingChanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.watch import Watch


USUAL_WAIT = 60.0
"""Seconds to wait for a free slot when the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which nobody is thought to wait for it any more."""


async def cancel(watch: Watch) -> None:
    """Ask the server to cancel a run. "Cancelled" is the server's word and comes with a later check.

    The API cancels by agent. The run is read first, so that a newer run of the same agent, started elsewhere, is never
    cancelled in its place: an agent has one active run at most.

    Raises:
        OrigamiError: the request failed; the run goes on.
    """
    operations = _operations(watch)
    if _is_done(watch):
        return
    watch.update(CancelRequested())
    try:
        await hub().check(watch)
        if _is_done(watch):
            return
        told = await operations.cancel(watch.state.agent_id)
    except OrigamiError as error:
        watch.update(CommandFailed(error, cancel=True))
        raise
    except BaseException:
        # Interrupted: whether the server was asked is not known, so nothing is claimed. It says so itself if it was.
        watch.update(CommandFailed(None, cancel=True))
        raise
    if told is not None and told.id == watch.state.run_id:
        watch.update(RunRead(told, at=hub().clock.time()))
        if _is_done(watch):
            hub().hurry(watch)


async def refresh(watch: Watch, include: tuple[str, ...]) -> None:
    """Read a run now; a watch that had stopped starts again.

    Raises:
        OrigamiError: the read failed.
    """
    _operations(watch)
    await hub().check(watch, include)


async def answer(conversation: Conversation, watch: Watch, answers: Sequence[str], *, queue: bool = False) -> Watch:
    """Answer all pending questions of a run with one follow-up run; `queue` as in `follow_up`.

    Raises:
        InvalidInput: the answers do not fit the questions, or they were sent before.
        OrigamiError: the run was not started.
    """
    run = watch.state.run
    prompt = answer_prompt(run.todo.pending_questions if run is not None else (), answers)
    if watch is not conversation.current:
        raise InvalidInput(
            "These questions were answered before",
            cause=f"Run {conversation.current.state.run_id} continues this one.",
            remedy="Go on with the newest run, or send a new brief with run.follow_up('…').",
        )
    return await _continue(conversation, watch, prompt, "answer", queue=queue)


async def follow_up(
    conversation: Conversation,
    watch: Watch,
    prompt: str,
    *,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    queue: bool = False,
) -> Watch:
    """Start a further run of the same agent.

    Args:
        conversation: the runs that it goes on from.
        watch: the run that it goes on from.
        prompt: the brief.
        model: the model, None for the plan's best one.
        focus_tables: ids of tables to look at.
        queue: when all run slots are in use, wait for a free one where everybody can see it, instead of failing.

    Raises:
        AgentBusy: a run of the agent is active.
        RunPoolFull: all run slots are in use, and it is not or no longer waited for one.
        OrigamiError: the run was not started.
    """
    return await _continue(
        conversation, watch, prompt, "follow_up", model=model, focus_tables=focus_tables, queue=queue
    )


async def _continue(
    conversation: Conversation,
    watch: Watch,
    prompt: str,
    kind: Literal["answer", "follow_up"],
    *,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    queue: bool = False,
) -> Watch:
    operations = _operations(watch)
    newest = conversation.current
    if newest.state.sending:
        raise InvalidInput(
            "A follow-up is being sent",
            cause="Only one run of an agent can be active, and each costs credits: it is sent once.",
            remedy="Wait for its answer, then go on from there.",
        )
    newest.update(SendingChanged(kind))
    try:
        # Made before the first attempt and the same for all: one intent is one run.
        key = str(uuid.uuid4())

        async def send() -> RunObject:
            return await operations.create_run(
                watch.state.agent_id, prompt, model=model, focus_table_ids=focus_tables, idempotency_key=key
            )

        started = await (_in_queue(newest, kind, send) if queue else send())
        successor = await hub().watch(operations, watch.state.agent_id, started.id, started=started)
    except OrigamiError as error:
        newest.update(SendingChanged(""), CommandFailed(_with_token(error, watch)))
        raise
    except BaseException:
        newest.update(SendingChanged(""))
        raise
    remember(successor, conversation)
    newest.update(SendingChanged(""))
    conversation.extend(successor)
    return successor


async def _in_queue(
    watch: Watch, kind: Literal["answer", "follow_up"], send: Callable[[], Awaitable[RunObject]]
) -> RunObject:
    """Send until a run slot is free, never earlier than the server told, and until somebody stops the waiting."""
    clock = hub().clock
    until = clock.monotonic() + LONGEST_QUEUE
    watch.stop_waiting = stop = asyncio.Event()
    try:
        while True:
            try:
                return await send()
            except RunPoolFull as full:
                wait = max(1.0, full.retry_after or USUAL_WAIT)
                if clock.monotonic() + wait > until:
                    raise
                watch.update(SendingChanged(kind, Queue(wait, full.limit)))
                await clock.sleep(wait, stop)
                if stop.is_set():
                    raise
                watch.update(SendingChanged(kind))
    finally:
        watch.stop_waiting = None


def stop_waiting(watch: Watch) -> None:
    """Take the follow-up of a run out of the queue for a free slot; nothing was sent that costs."""
    if watch.stop_waiting is not None:
        watch.stop_waiting.set()


def _with_token(error: OrigamiError, watch: Watch) -> OrigamiError:
    if isinstance(error, AgentBusy) and error.current_run_id:
        error.remedy = f'{error.remedy} To see it: ow.attach("{watch.state.agent_id}/{error.current_run_id}").'
    return error


def _is_done(watch: Watch) -> bool:
    return watch.state.done


def _operations(watch: Watch) -> Operations:
    if watch.operations is None:
        raise InvalidInput(
            "This run is a saved answer",
            cause="It was made from a payload, without a connection to Origami.",
            remedy=f'Attach it first: ow.attach("{watch.state.agent_id}/{watch.state.run_id}").',
        )
    return watch.operations
