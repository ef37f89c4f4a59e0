"""Commands from clicks on a card or board: check them and carry each out once.

A message may arrive on any thread (because of the kernel's subshells), but everything happens on the background loop.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec

from origami_widgets.api.background.loop import kept_task
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.card.view.contract import CommandName
from origami_widgets.card.view.messages import AckMessage
from origami_widgets.card.widgets.board_source import BoardSource, find_row
from origami_widgets.run.batch import queue_of
from origami_widgets.run.conversation import read_turns
from origami_widgets.run.fill import plan_fill
from origami_widgets.run.follow_up import ContinuedElsewhere, FollowUp, answering
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.reduce import Changed
from origami_widgets.run.starts.cancel import CancelPending, cancel
from origami_widgets.run.starts.job import StartJob

if TYPE_CHECKING:
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch

MAX_REMEMBERED_IDS = 200
ACK_TIME = 2.0
"""Seconds after which a command is acknowledged although it is not done yet: a page calls a kernel busy after three."""
UNEXPECTED = "That did not work"
REPORT = "Look at the run again before you repeat it, and please report this: it is a mistake in the package."

log = logging.getLogger("origami_widgets")


class ClickCommand(msgspec.Struct, frozen=True, tag_field="kind", tag="command"):
    """Click on a button: the command, its run, and its prompt or answers."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: CommandName
    run_id: str
    prompt: str = ""
    answers: tuple[str, ...] = ()


def unknown_command(command: ClickCommand) -> InvalidInput:
    """Return the error for a command of another kind or version of widget."""
    return InvalidInput(
        "There is no such button here",
        cause=f"The page sent {command.name!r}.",
        remedy="Show it again in a new cell.",
    )


class CommandHandler:
    """Carries out commands, each command id only once."""

    WIDGET = "card"
    """The kind of widget, in words."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def carry_out(self, command: ClickCommand) -> AckMessage | None:
        """Carry out a command and return its acknowledgement; None for a known id.

        A command that takes long is acknowledged before it is done. An error that comes later is shown on the run's card.
        """
        if command.id in self._seen:
            return None
        self._seen[command.id] = None
        while len(self._seen) > MAX_REMEMBERED_IDS:
            self._seen.popitem(last=False)
        task = kept_task(self._error_of(command), f"origami-widgets {command.name}")
        await asyncio.wait((task,), timeout=ACK_TIME)
        error = None
        if task.done():
            error = task.result()
        else:
            task.add_done_callback(lambda late: self._show_late(command, late.result()))
        title, remedy = ("", "") if error is None else (error.title, error.remedy)
        return AckMessage(kind="ack", id=command.id, ok=error is None, title=title, remedy=remedy)

    async def _error_of(self, command: ClickCommand) -> OrigamiError | None:
        try:
            await self._execute(command)
        except OrigamiError as error:
            return error.with_traceback(None)
        except Exception:
            # Without an answer, the button would stay "requested" for ever.
            log.exception("The command %s failed", command.name)
            return OrigamiError(UNEXPECTED, remedy=REPORT)
        return None

    def _show_late(self, command: ClickCommand, error: OrigamiError | None) -> None:
        # A command about all runs of a board reports in their rows.
        found = self._find(command.run_id)
        # The state of a cancel that is repeated, and an error that the action itself has reported, are shown already.
        if error is None or found is None or isinstance(error, CancelPending):
            return
        watch = found[0].current
        if watch.state.command_error is None and watch.state.stop_error is None:
            watch.update(Changed(command_error=copy.copy(error)))

    async def _execute(self, command: ClickCommand) -> None:
        """Carry out a new command about one run."""
        if (found := self._find(command.run_id)) is None:
            raise self._out_of_date()
        conversation, watch = found
        if command.name in ("answer", "follow_up", "fill"):
            _name_newest(conversation, watch)
        match command.name:
            case "cancel":
                await self._cancel(conversation, watch)
            case "answer":
                await self._continue(answering(conversation, command.answers))
            case "follow_up":
                await self._continue(FollowUp(conversation, watch, command.prompt, "follow_up"))
            case "fill":
                await self._fill(conversation)
            case "check_now":
                poller().hurry(watch)
            case "stop_waiting":
                if watch.stop_waiting is not None:
                    watch.stop_waiting.set()
            case _:
                raise unknown_command(command)

    async def _fill(self, conversation: Conversation) -> None:
        offer = conversation.state.offer
        # The price that was agreed to is the limit, whatever is missing by now.
        plan = None if offer is None else await plan_fill(conversation, offer.at_most, asks=True)
        if plan is None:
            raise InvalidInput(
                "There is nothing to fill any more",
                cause="No cell is missing that was stopped or has failed. Nothing was sent.",
                remedy="Look at the card again.",
            )
        await self._continue(plan.follow_up(conversation), new_limit=plan.offer.raised)

    async def _cancel(self, conversation: Conversation, watch: RunWatch) -> None:
        # To cancel what has ended is not to cancel what goes on.
        if watch.state.done:
            _name_newest(conversation, watch)
        conversation.ours.add(watch.state.run_id)
        await cancel(watch)

    async def _continue(self, follow_up: FollowUp, *, new_limit: float | None = None) -> None:
        operations, once = follow_up.watch.connected(), follow_up.conversation.once
        name = await follow_up.free_name(operations, once) if once else ""
        job = StartJob(
            operations, follow_up.spec(), make_run=Run, once=once, name=name, follow_up=follow_up, new_limit=new_limit
        )
        try:
            await job.start_for(self)
        except ContinuedElsewhere as error:
            # The card goes on with what was sent there, and says why nothing was sent.
            conversation = await read_turns(operations, follow_up.watch.state.agent_id, follow_up.watch)
            if conversation.current is not follow_up.watch:
                conversation.current.update(Changed(command_error=copy.copy(error)))
            raise

    def _find(self, shown: str) -> tuple[Conversation, RunWatch] | None:
        """Return the conversation that a button is about, and the turn that the page shows; None if the widget shows no such run."""
        raise NotImplementedError

    def _out_of_date(self) -> InvalidInput:
        return InvalidInput(
            f"The {self.WIDGET} is out of date",
            cause=f"The button belongs to a run that this {self.WIDGET} does not show.",
            remedy="Show it again in a new cell.",
        )


def _name_newest(conversation: Conversation, watch: RunWatch) -> None:
    """Note that a click was made on the newest turn: who has seen it may go on, whoever sent it.

    Raises:
        InvalidInput: the page shows an older one.
    """
    if watch is not conversation.current:
        raise InvalidInput(
            "This run has been continued already",
            cause="The page shows an earlier turn of this conversation.",
            remedy="Look at the card again: it shows the newest turn.",
        )
    conversation.ours.add(watch.state.run_id)


class CardCommandHandler(CommandHandler):
    """Carries out commands of a card.

    Args:
        conversation: the card's conversation.
    """

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation

    def _find(self, shown: str) -> tuple[Conversation, RunWatch] | None:
        turns = self._conversation.watches
        return next(((self._conversation, each) for each in turns if each.state.run_id == shown), None)


class BoardCommandHandler(CommandHandler):
    """Carries out commands of a board.

    Args:
        source: the source of the board's rows.
        show_card: shows the card of a row's position and run; None shows no card.
        show_leads: shows the leads of all runs, or hides them.
    """

    WIDGET = "board"

    def __init__(
        self,
        source: BoardSource,
        show_card: Callable[[tuple[int, Run] | None], object],
        show_leads: Callable[[bool], object],
    ) -> None:
        super().__init__()
        self._source = source
        self._show_card = show_card
        self._show_leads = show_leads

    async def _execute(self, command: ClickCommand) -> None:
        match command.name:
            case "open":
                if (row := find_row(self._source, command.run_id)) is None:
                    raise self._out_of_date()
                self._show_card(row[:2])
            case "fold":
                self._show_card(None)
            case "show_leads" | "hide_leads":
                self._show_leads(command.name == "show_leads")
            case "cancel_all":
                await self._cancel_all()
            case "resume" if self._source.batch is not None:
                self._source.batch.resume()
            case "cancel" | "follow_up":
                await super()._execute(command)
            case _:
                raise unknown_command(command)

    def _find(self, shown: str) -> tuple[Conversation, RunWatch] | None:
        row = find_row(self._source, shown)
        return None if row is None else (row[1].conversation, row[2])

    async def _cancel_all(self) -> None:
        if self._source.batch is not None:
            await queue_of(self._source.batch).cancel()
            return
        active = [run.conversation for run in self._source.runs if not run.conversation.state.settled]
        wanted = [self._cancel(conversation, conversation.current) for conversation in active]
        ended = await asyncio.gather(*wanted, return_exceptions=True)
        # A mistake comes first; else the first error answers the click, and each row shows its own.
        failed = sorted(
            (each for each in ended if isinstance(each, BaseException)), key=lambda each: isinstance(each, OrigamiError)
        )
        if failed:
            raise failed[0]
