"""`FollowUp`: an answer or follow-up, which starts another run of the same agent in the same card."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from origami_widgets.api.errors import AgentBusy, InvalidInput, OrigamiError
from origami_widgets.api.validate import shortened
from origami_widgets.run.conversation import make_token
from origami_widgets.run.reduce import Changed
from origami_widgets.run.starts.record import StartSpec
from origami_widgets.run.starts.store import entry_of

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Question, RunSummary
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import Queue


class ContinuedElsewhere(OrigamiError):
    """The conversation has a newer turn, from another kernel or the app. Nothing was sent; the card goes on with it.

    Attributes:
        token: `agent_id/run_id` of that turn. `attach` takes it for yours, so that you can go on from there.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
        >>> elsewhere = client.create_run(run.agent_id, "Add opening hours")
        >>> try:
        ...     run.follow_up("Add opening hours")
        ... except ow.errors.ContinuedElsewhere as error:
        ...     ow.attach(error.token, client=client, show=False).id == elsewhere.id
        True
    """

    token: str = ""


@dataclass(frozen=True)
class FollowUp:
    """Request for the next run of a conversation, and the changes to the conversation while it is sent.

    Args:
        conversation: the runs so far.
        watch: the run to continue.
        prompt: the brief.
        kind: an answer to questions, a follow-up with its own brief, or one that fills cells.
        model: the model; None for the plan's default.
        focus_tables: tables to work on, or their ids.
        given: what the caller has given, if that is not the brief: the answers, to whichever questions.
        started: called with the new turn once it is known; None for nothing to do.
    """

    conversation: Conversation
    watch: RunWatch
    prompt: str
    kind: Literal["answer", "follow_up", "fill"]
    model: str | None = None
    focus_tables: Sequence[Any] = ()
    given: tuple[str, ...] = ()
    started: Callable[[RunWatch], object] | None = None

    def spec(self) -> StartSpec:
        """Return the start spec of the new run.

        Raises:
            InvalidInput: the brief, the model or an id is not valid.
        """
        return StartSpec(
            self.prompt,
            agent_id=self.watch.state.agent_id,
            model=self.model,
            focus_tables=self.focus_tables,
            given=self.given,
        )

    def runs_until(self, after: str) -> frozenset[str]:
        """Return the ids of the conversation's runs up to the one that was the newest before the follow-up was first sent.

        The follow-up's own run may be in the conversation by now.
        """
        known = [state.run_id for state in self.conversation.states]
        return frozenset(known[: known.index(after) + 1] if after in known else (after,))

    def name_in_store(self, once: str, ordinal: int) -> str:
        """Return the follow-up's name in the start store. It does not depend on the turn that is the newest.

        Else every turn that is added, here or elsewhere, would have "Run all" pay again.

        Args:
            once: the name in `once=` that the conversation began with.
            ordinal: how many equal ones came before in this execution of the cell.
        """
        # The agent, too: all runs of a batch have its name, and fresh=True starts another agent under the same one.
        digest = self.spec().fingerprint(f"{self.kind} {self.watch.state.agent_id}")[:12]
        return f"{once}, {self.kind} {digest}{f' {ordinal + 1}' if ordinal else ''}"

    async def free_name(self, operations: Operations, once: str) -> str:
        """Return the first such name that stands for no run: who clicks wants another turn.

        A cell that does the same then finds its record. One without a run may be of a request whose answer was lost.

        Args:
            operations: the API.
            once: as in `name_in_store`.

        Raises:
            OrigamiError: the store cannot be read.
        """
        ordinal = 0
        while True:
            name = self.name_in_store(once, ordinal)
            record = (await entry_of(operations, name)).read()
            if record is None or not record.run_id:
                return name
            ordinal += 1

    @contextmanager
    def sending(self, stop_waiting: asyncio.Event | None) -> Iterator[None]:
        """Show on the card that the follow-up is being sent, and the error if that fails. Background loop only.

        Args:
            stop_waiting: the card's button sets it to leave the queue for a run slot; None without a queue.

        Raises:
            InvalidInput: the questions were answered before, or another follow-up is being sent.
        """
        newest = self._free_to_go_on()
        newest.update(Changed(sending=self.kind, queue=None, command_error=None))
        newest.stop_waiting = stop_waiting
        try:
            yield
        except BaseException as error:
            if isinstance(error, AgentBusy) and error.current_run_id:
                line = f'ow.attach("{self.watch.state.agent_id}/{error.current_run_id}")'
                error.remedy = f"{error.remedy} To see it: {line}."
            # A copy, because the raised error carries frames that would keep the watch alive for ever.
            failure = copy.copy(error) if isinstance(error, OrigamiError) else None
            newest.update(Changed(sending="", queue=None, command_error=failure))
            raise
        finally:
            newest.stop_waiting = None

    def known_turns(self) -> frozenset[str]:
        """Return the ids of the turns that are no news: ours, and those before the newest of ours.

        What others have sent since, the user has to name first: to go on unseen may pay for the same again.
        """
        turns, ours = [state.run_id for state in self.conversation.states], self.conversation.ours
        newest = max((at for at, turn in enumerate(turns) if turn in ours), default=-1)
        return frozenset(ours) | frozenset(turns[: newest + 1])

    def continued_elsewhere(self, newest: RunSummary) -> ContinuedElsewhere:
        """Return the error that names the newer run."""
        token = make_token(self.watch.state.agent_id, newest.id)
        error = ContinuedElsewhere(
            "This conversation was continued elsewhere",
            cause=f"Its newest turn is {newest.id}, from another kernel or the app, with the brief "
            f"{shortened(newest.prompt)}. Nothing was sent.",
            remedy=f'Look at it before you go on from there: ow.attach("{token}").',
            code="CONTINUED_ELSEWHERE",
        )
        error.token = token
        return error

    def waits(self, queue: Queue | None) -> None:
        """Show on the card that the follow-up waits for a run slot, or no longer does. Background loop only."""
        self._sending.update(Changed(sending=self.kind, queue=queue))

    def go_on_with(self, successor: RunWatch) -> None:
        """Add the new run to the conversation. Background loop only."""
        self._sending.update(Changed(sending="", queue=None))
        for each in self.conversation.watches:
            if each.state.settled:
                # What this turn uses is none of what an earlier fill was to use.
                each.limits.pop("fill", None)
        self.conversation.ours.add(successor.state.run_id)
        self.conversation.extend(successor)
        if self.started is not None:
            self.started(successor)

    @property
    def _sending(self) -> RunWatch:
        """The turn that shows the sending. Another one may have become the newest since."""
        turns = self.conversation.watches
        return next((each for each in turns if each.state.sending), turns[-1])

    def _free_to_go_on(self) -> RunWatch:
        newest = self.conversation.current
        if self.kind == "answer" and self.watch is not newest:
            raise InvalidInput(
                "These questions were already answered",
                cause=f"Turn {newest.state.run_id} came after them.",
                remedy="Wait for it with run.wait(), or send a new brief with run.follow_up('…').",
            )
        if newest.state.sending:
            raise InvalidInput(
                "A follow-up is already being sent",
                cause="An agent can only have one active run, and each run costs credits.",
                remedy="Wait for it to finish, then continue from there.",
            )
        return newest


def answering(conversation: Conversation, answers: Sequence[str]) -> FollowUp:
    """Return the follow-up that answers all open questions of a conversation.

    Under a name, questions that were answered are taken for answered by these answers: the start store knows whether
    they were, and if not, nothing is sent.

    Raises:
        InvalidInput: the answers do not match the questions.
    """
    asked = conversation.current
    if conversation.once:
        asked = next((each for each in conversation.watches[::-1] if len(_questions(each)) == len(answers)), asked)
    prompt = answer_prompt(_questions(asked), answers)
    return FollowUp(conversation, asked, prompt, "answer", given=tuple(each.strip() for each in answers))


def _questions(watch: RunWatch) -> Sequence[Question]:
    return () if watch.state.run is None else watch.state.run.todo.pending_questions


def answer_prompt(questions: Sequence[Question], answers: Sequence[object]) -> str:
    """Return the prompt that answers questions: each question with its answer, one per line.

    Args:
        questions: the run's open questions.
        answers: as many answers, in the same order.

    Returns:
        The prompt of the next turn.

    Raises:
        InvalidInput: there is no question, or an answer is missing, surplus, empty or not text; nothing was sent.

    >>> from origami_widgets.api.models.run import Question
    >>> answer_prompt([Question(question="Which region?")], ["Iberia"])
    'Which region? Iberia'
    """
    if not questions:
        raise InvalidInput(
            "Nothing to answer",
            cause="The run has no pending questions.",
            remedy="To continue with its agent, use run.follow_up('…').",
        )
    asked = "; ".join(f"{number}. {question.question}" for number, question in enumerate(questions, 1))
    if len(answers) != len(questions):
        raise InvalidInput(
            f"Expected {len(questions)} answers, got {len(answers)}",
            cause=f"The agent asks: {asked}",
            remedy="Pass one answer per question, in this order: run.answer('…', '…'). Free text always works.",
        )
    words: list[str] = []
    for number, answer in enumerate(answers, 1):
        if not isinstance(answer, str) or not answer.strip():
            raise InvalidInput(
                f"Answer {number} has no text",
                cause=f"Got {shortened(answer)} ({type(answer).__name__}). The agent asks: {asked}",
                remedy="Write a few words, or pick a suggested answer: run.answer('Iberia', 'yes'). Put a number in quotes: '2'.",
            )
        words.append(answer.strip())
    return "\n".join(f"{question.question} {answer}" for question, answer in zip(questions, words, strict=True))
