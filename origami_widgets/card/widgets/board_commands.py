"""From a click on a board to its runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.card.view.head import token_of
from origami_widgets.card.widgets.board_source import row_of
from origami_widgets.card.widgets.card_commands import Command, Desk, unknown_command
from origami_widgets.run.starts.cancel import cancel

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.card.widgets.board_source import Source
    from origami_widgets.run.batch import RunBatch
    from origami_widgets.run.handle import Run
    from origami_widgets.run.polling.run_watch import RunWatch


class BoardDesk(Desk):
    """Carries out commands for a board.

    Args:
        source: what the board is of.
        show_card: shows the card of a run in the row of a position; of None, no card.
    """

    def __init__(self, source: Source, show_card: Callable[[tuple[int, Run] | None], object]) -> None:
        super().__init__()
        self._source = source
        self._show_card = show_card

    async def _do(self, command: Command) -> None:
        match command.name:
            case "open":
                self._show_card(self._row(command.run_id))
            case "fold":
                self._show_card(None)
            case "cancel":
                await cancel(self._watch(command.run_id))
            case "cancel_all":
                await self._cancel_all()
            case "stop_starting":
                self._batch(command).stop()
            case "resume":
                self._batch(command).resume()
            case _:
                raise unknown_command(command)

    def _row(self, token: str) -> tuple[int, Run]:
        row = row_of(self._source, token)
        if row is None:
            raise InvalidInput(
                "The board is out of date",
                cause="The button belongs to a run that this board does not show.",
                remedy="Show the board again in a new cell.",
            )
        return row

    def _watch(self, token: str) -> RunWatch:
        _, run = self._row(token)
        # Not the newest in any case: a page that is a moment behind means the run that it shows.
        return next(watch for watch in run.conversation.watches if token_of(watch.state) == token)

    def _batch(self, command: Command) -> RunBatch:
        if self._source.batch is None:
            raise unknown_command(command)
        return self._source.batch

    async def _cancel_all(self) -> None:
        if self._source.batch is not None:
            await self._source.batch.cancel_all()
            return
        active = {id(run.conversation): run.conversation.current for run in self._source.runs}
        wanted = [cancel(watch) for watch in active.values() if not watch.state.done]
        ended = await asyncio.gather(*wanted, return_exceptions=True)
        failed = [each for each in ended if isinstance(each, BaseException)]
        for each in failed:
            # Whoever asked hears of the first one; each row tells of its own.
            if not isinstance(each, OrigamiError):
                raise each
        if failed:
            raise failed[0]
