"""What a person can do with one run. Coroutines for the background loop; the handle and the card call the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.polling.poller import poller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.run_watch import RunWatch


async def refresh(watch: RunWatch, include: Sequence[str]) -> None:
    """Read a run now, and its tables where answers about it name none; a watch that had stopped starts again.

    Raises:
        InvalidInput: `include` is no list of words, or the run was made from a saved answer.
        OrigamiError: the read failed.
    """
    words = validate.include(include)
    operations_of(watch)
    await poller().check(watch, tuple(words.split(",")) if words else ())
    if not watch.state.done:
        await poller().list_tables(watch)


def stop_waiting(watch: RunWatch) -> None:
    """Take the follow-up of a run out of the queue for a free slot; nothing was sent that costs."""
    if watch.stop_waiting is not None:
        watch.stop_waiting.set()


def operations_of(watch: RunWatch) -> Operations:
    """The API through which a run is read.

    Raises:
        InvalidInput: it was made from a saved answer.
    """
    if watch.operations is None:
        raise InvalidInput(
            "This run is a saved answer",
            cause="It was made from a payload, without a connection to Origami.",
            remedy=f'Attach it first: ow.attach("{watch.state.agent_id}/{watch.state.run_id}").',
        )
    return watch.operations
