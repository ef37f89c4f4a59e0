"""Going on with a conversation: an answer or a follow-up is a further run of the same agent, in the same card."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from origami_widgets.api import validate
from origami_widgets.api.either_way import completed
from origami_widgets.api.errors import AgentBusy, InvalidInput, OrigamiError
from origami_widgets.api.starts.spec import StartSpec
from origami_widgets.run.actions import operations_of
from origami_widgets.run.answers import answer_prompt
from origami_widgets.run.claims import Brief
from origami_widgets.run.conversation import remember
from origami_widgets.run.once import Sender, continue_once
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.settings import waits_for_a_slot
from origami_widgets.run.starting import QueueingStarter, WatchedJob
from origami_widgets.run.state import CommandFailed, SendingChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.starts.record import StartRecord
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starting import AnyStarter

T = TypeVar("T")


@dataclass(frozen=True)
class Continuation:
    """What is asked for next.

    Args:
        conversation: the runs that it goes on from.
        watch: the run that it goes on from.
        prompt: the brief.
        kind: what it is to the person who sends it.
        model: the model, None for the plan's default.
        focus_tables: ids of tables to look at.
    """

    conversation: Conversation
    watch: RunWatch
    prompt: str
    kind: Literal["answer", "follow_up"]
    model: str | None = None
    focus_tables: Sequence[str] = ()

    @property
    def brief(self) -> Brief:
        """What makes two of them the same.

        Raises:
            InvalidInput: a part of it is not valid.
        """
        tables = tuple(validate.table_ids(self.focus_tables))
        return Brief(validate.prompt(self.prompt), None, validate.model(self.model), tables)

    def job(self, record: StartRecord | None = None) -> WatchedJob:
        """The start job of its run.

        Args:
            record: what is known of it; None when it was never sent.

        Raises:
            InvalidInput: the run is a saved answer, or an id is not valid.
        """
        spec = StartSpec(
            self.prompt,
            agent_id=self.watch.state.agent_id,
            model=self.model,
            focus_tables=self.focus_tables,
            known_runs=self._known_runs(may_be_sent=record is not None and record.outcome_unknown),
        )
        job = WatchedJob(operations_of(self.watch), spec, record)
        job.adopt = self._adopt
        return job

    async def carry_out(self, job: WatchedJob, *, queue: bool) -> RunWatch:
        """Start the run. Background loop only.

        Args:
            job: its start job.
            queue: when all run slots are in use, wait for a free one where everybody can see it, instead of failing.

        Raises:
            InvalidInput: the questions were answered before, or something is being sent already.
            AgentBusy: a run of the agent is active.
            RunPoolFull: all run slots are in use, and it is not or no longer waited for one.
            OrigamiError: the run was not started.
        """
        if job.record.outcome_unknown and (found := await job.found()) is not None:
            # Found before its questions count as answered: by nothing but this very run.
            return found
        newest = self._free_to_go_on()
        newest.update(SendingChanged(self.kind))
        newest.stop_waiting = job.withdrawn if queue else None
        try:
            return await job.carry_out(queue=queue, tell=lambda waits: newest.update(SendingChanged(self.kind, waits)))
        except OrigamiError as error:
            # A copy: the one that is raised carries its frames, which hold the watch, and it would never be let go.
            newest.update(SendingChanged(""), CommandFailed(copy.copy(self._with_token(error))))
            raise
        except BaseException:
            newest.update(SendingChanged(""))
            raise
        finally:
            newest.stop_waiting = None

    def carried_out(self, hand_over: Callable[[RunWatch], T], *, fresh: bool) -> T:
        """Start the run, and block until it is known; under a name, find the one that was started before.

        Args:
            hand_over: makes what the caller is given, and shows it; an interrupt of that ends the run as well.
            fresh: start it although the same was sent before under the conversation's name.

        Raises:
            OrigamiError: what `carry_out` raises, and `start` with `once=`.
        """
        with QueueingStarter() as starter:
            return completed(self.awaited(starter, hand_over, fresh=fresh))

    async def awaited(self, starter: AnyStarter, hand_over: Callable[[RunWatch], T], *, fresh: bool) -> T:
        """The same in the way of the starter."""

        async def send(record: StartRecord | None) -> RunWatch:
            job = self.job(record)
            return await starter.fulfil(job, self.carry_out(job, queue=waits_for_a_slot()))

        async def find(record: StartRecord) -> RunWatch | None:
            return await starter.ask(self.job(record).found())

        once = self.conversation.once
        if not once:
            return hand_over(await send(None))
        sender = Sender(starter, send, find, self.go_on_with)
        operations, after = operations_of(self.watch), self.watch.state.run_id
        return hand_over(await continue_once(operations, once, after, self.brief, sender, fresh=fresh))

    async def go_on_with(self, successor: RunWatch) -> None:
        """Let the conversation go on with a run that is known. Background loop only."""
        remember(successor, self.conversation)
        self.conversation.current.update(SendingChanged(""))
        self.conversation.extend(successor)

    def _known_runs(self, *, may_be_sent: bool) -> list[str]:
        """The ids of the runs that were there before it was sent.

        What was sent before, with its answer lost, may have come into the conversation meanwhile: of that, only what is no
        younger than the run that it goes on from was there.
        """
        ids = [state.run_id for state in self.conversation.states]
        after = self.watch.state.run_id
        return ids[: ids.index(after) + 1] if may_be_sent and after in ids else ids

    async def _adopt(self, started: RunObject) -> RunWatch:
        operations = operations_of(self.watch)
        successor = await poller().watch(operations, self.watch.state.agent_id, started.id, started=started)
        await self.go_on_with(successor)
        return successor

    def _free_to_go_on(self) -> RunWatch:
        newest = self.conversation.current
        if self.kind == "answer" and self.watch is not newest:
            raise InvalidInput(
                "These questions were answered before",
                cause=f"Run {newest.state.run_id} continues this one.",
                remedy="Go on with run.continued_by, or send a new brief with run.follow_up('…').",
            )
        if newest.state.sending:
            raise InvalidInput(
                "A follow-up is being sent",
                cause="Only one run of an agent can be active, and each costs credits: it is sent once.",
                remedy="Wait for its answer, then go on from there.",
            )
        return newest

    def _with_token(self, error: OrigamiError) -> OrigamiError:
        if isinstance(error, AgentBusy) and error.current_run_id:
            line = f'ow.attach("{self.watch.state.agent_id}/{error.current_run_id}")'
            error.remedy = f"{error.remedy} To see it: {line}."
        return error


def answering(conversation: Conversation, watch: RunWatch, answers: Sequence[str]) -> Continuation:
    """One follow-up run that answers all pending questions of a run.

    Raises:
        InvalidInput: the answers do not fit the questions.
    """
    run = watch.state.run
    prompt = answer_prompt(run.todo.pending_questions if run is not None else (), answers)
    return Continuation(conversation, watch, prompt, "answer")
