"""What a person can do with a run. Coroutines for the background loop; the handle and the card call the same ones."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Literal

from origami_widgets.api.errors import AgentBusy, InvalidInput, OrigamiError
from origami_widgets.run.answers import answer_prompt
from origami_widgets.run.conversation import remember
from origami_widgets.run.hub import hub
from origami_widgets.run.starting import Intent
from origami_widgets.run.state import CancelRequested, CommandFailed, RunRead, SendingChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.starting import Caller
    from origami_widgets.run.watch import Watch


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


async def answer(
    conversation: Conversation,
    watch: Watch,
    answers: Sequence[str],
    *,
    queue: bool = False,
    caller: Caller | None = None,
) -> Watch:
    """Answer all pending questions of a run with one follow-up run; `queue` and `caller` as in `follow_up`.

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
    return await _continue(conversation, watch, prompt, "answer", queue=queue, caller=caller)


async def follow_up(
    conversation: Conversation,
    watch: Watch,
    prompt: str,
    *,
    model: str | None = None,
    focus_tables: Sequence[str] = (),
    queue: bool = False,
    caller: Caller | None = None,
) -> Watch:
    """Start a further run of the same agent.

    Args:
        conversation: the runs that it goes on from.
        watch: the run that it goes on from.
        prompt: the brief.
        model: the model, None for the plan's best one.
        focus_tables: ids of tables to look at.
        queue: when all run slots are in use, wait for a free one where everybody can see it, instead of failing.
        caller: code that waits for it, which is to know what it waits for.

    Raises:
        AgentBusy: a run of the agent is active.
        RunPoolFull: all run slots are in use, and it is not or no longer waited for one.
        OrigamiError: the run was not started.
    """
    return await _continue(
        conversation,
        watch,
        prompt,
        "follow_up",
        model=model,
        focus_tables=focus_tables,
        queue=queue,
        caller=caller,
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
    caller: Caller | None = None,
) -> Watch:
    operations = _operations(watch)
    newest = conversation.current
    if newest.state.sending:
        raise InvalidInput(
            "A follow-up is being sent",
            cause="Only one run of an agent can be active, and each costs credits: it is sent once.",
            remedy="Wait for its answer, then go on from there.",
        )
    intent = Intent(
        operations,
        prompt,
        agent_id=watch.state.agent_id,
        model=model,
        focus_tables=focus_tables,
        known=[state.run_id for state in conversation.states],
    )

    async def go_on_with(started: RunObject) -> Watch:
        successor = await hub().watch(operations, watch.state.agent_id, started.id, started=started)
        remember(successor, conversation)
        newest.update(SendingChanged(""))
        conversation.extend(successor)
        return successor

    intent.adopt = go_on_with
    if caller is not None:
        caller.intent = intent
    newest.update(SendingChanged(kind))
    newest.stop_waiting = stop = asyncio.Event() if queue else None
    try:
        return await intent.carry_out(
            queue=queue, tell=lambda waits: newest.update(SendingChanged(kind, waits)), stop=stop
        )
    except OrigamiError as error:
        # A copy: the one that is raised carries its frames, which hold the watch, and it would never be let go.
        newest.update(SendingChanged(""), CommandFailed(copy.copy(_with_token(error, watch))))
        raise
    except BaseException:
        newest.update(SendingChanged(""))
        raise
    finally:
        newest.stop_waiting = None


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
