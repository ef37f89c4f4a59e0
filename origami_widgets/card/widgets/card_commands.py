"""From a click to the run: what the front end may ask, checked, and done once.

A message may arrive on any thread (see the kernel's subshells); everything happens on the background loop.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, get_args

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.card.view.contract import AckMessage, CommandName
from origami_widgets.run.follow_up import FollowUp, answering
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.starts.job import WatchedJob

if TYPE_CHECKING:
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch

REMEMBERED = 200
LONGEST_ID = 64
UNEXPECTED = "That did not work"
REPORT = "Look at the run again before you repeat it, and please report this: it is a mistake in the package."

log = logging.getLogger("origami_widgets")


@dataclass(frozen=True, slots=True)
class Command:
    """A click: what to do, for which run, with which words."""

    id: str
    name: CommandName
    run_id: str
    prompt: str
    answers: tuple[str, ...]


def read_command(content: object) -> Command | None:
    """The command in a message of the front end; None when it is none.

    Args:
        content: the message, from a page that may be anybody's.
    """
    if not isinstance(content, dict) or content.get("kind") != "command":
        return None
    command_id, name, run_id = content.get("id"), content.get("name"), content.get("run_id")
    prompt, answers = content.get("prompt", ""), content.get("answers", [])
    if not (isinstance(command_id, str) and 0 < len(command_id) <= LONGEST_ID and name in get_args(CommandName)):
        return None
    if not (isinstance(run_id, str) and isinstance(prompt, str) and isinstance(answers, list)):
        return None
    if not all(isinstance(answer, str) for answer in answers):
        return None
    return Command(command_id, cast("CommandName", name), run_id, prompt, tuple(answers))


def unknown_command(command: Command) -> InvalidInput:
    """A button of another kind of widget, or of another version."""
    return InvalidInput(
        "There is no such button here",
        cause=f"The page sent {command.name!r}.",
        remedy="Show it again in a new cell.",
    )


class Desk:
    """Carries out commands, each id once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def carry_out(self, command: Command) -> AckMessage | None:
        """Do what was asked and say what became of it; None for a click that was seen before."""
        if command.id in self._seen:
            return None
        self._seen[command.id] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        try:
            await self._do(command)
        except OrigamiError as error:
            return AckMessage(kind="ack", id=command.id, ok=False, title=error.title, remedy=error.remedy)
        except Exception:
            # Without an answer the button would stay "requested" for ever.
            log.exception("The command %s failed", command.name)
            return AckMessage(kind="ack", id=command.id, ok=False, title=UNEXPECTED, remedy=REPORT)
        return AckMessage(kind="ack", id=command.id, ok=True, title="", remedy="")

    async def _do(self, command: Command) -> None:
        """Do it."""
        raise NotImplementedError


class CommandDesk(Desk):
    """Carries out commands for one conversation.

    Args:
        conversation: the runs that the commands are about.
    """

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation

    async def _do(self, command: Command) -> None:
        watch = self._watch(command.run_id)
        match command.name:
            case "cancel":
                await cancel(watch)
            case "answer":
                await self._continue(answering(self._conversation, watch, command.answers))
            case "follow_up":
                if watch is not self._conversation.current:
                    raise InvalidInput(
                        "This run has been continued already",
                        cause="The button belongs to an earlier run of this conversation.",
                        remedy="Use the buttons of the newest run.",
                    )
                await self._continue(FollowUp(self._conversation, watch, command.prompt, "follow_up"))
            case "check_now":
                poller().hurry(watch)
            case "stop_waiting":
                if watch.stop_waiting is not None:
                    watch.stop_waiting.set()
            case _:
                raise unknown_command(command)

    async def _continue(self, follow_up: FollowUp) -> None:
        job = WatchedJob(follow_up.watch.connected(), follow_up.spec(), Run, follow_up=follow_up)
        await job.start_for(self)

    def _watch(self, run_id: str) -> RunWatch:
        for watch in self._conversation.watches:
            if watch.state.run_id == run_id:
                return watch
        raise InvalidInput(
            "The card is out of date",
            cause="The button belongs to a run that this card does not show.",
            remedy="Show the run again in a new cell.",
        )
