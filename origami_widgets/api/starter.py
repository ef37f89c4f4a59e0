"""Starting a run for somebody who waits: code that blocks, or an event loop.

Who started a run with a call that blocks, and interrupts that call, does not want the run: it is withdrawn, which means
that nothing is sent again, and that the server is asked to cancel what has been started. The request on its way is not
cut off, since the answer to it is the quickest way to learn which run that is. A task that is cancelled leaves the run
alone: a timeout or the end of a group says nothing about it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.loop import background

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Coroutine

    from origami_widgets.api.intent import Intent

T = TypeVar("T")

LAST_WORDS = 0.7
"""Seconds that what is on its way gets to tell what became of it."""
LOOK_AGAIN = "import sys; run = sys.last_value.reconcile()"


class Starter:
    """Code that blocks until a run is started, in a place where it may print.

    Args:
        intent: what it waits for.
    """

    def __init__(self, intent: Intent) -> None:
        self.intent = intent

    def meanwhile(self) -> None:
        """Called again and again while it blocks."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that fulfils the intent, and block until it is done.

        An interrupt comes out within a second, at once when it is pressed again. The exception then carries
        `idempotency_key` and `reconcile()`, and one line says what became of the run.
        """
        loop = background()
        loop.check_may_block(coroutine)
        future = loop.submit(coroutine)
        try:
            return loop.result(future, self.meanwhile)
        except (KeyboardInterrupt, SystemExit) as stopped:
            _withdraw(self.intent, future, stopped)
            raise
        except OrigamiError:
            raise
        except BaseException:
            future.cancel()
            raise


def _withdraw(intent: Intent, begun: concurrent.futures.Future[Any], stopped: BaseException) -> None:
    mark(stopped, intent)
    # Pressed again, it is the same wish.
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        undone = background().submit(_undo(intent, begun))
        with contextlib.suppress(TimeoutError, OrigamiError):
            background().result(undone, timeout=LAST_WORDS)
    line = said(intent, is_over=begun.done())
    print(line)  # noqa: T201 - said where the caller stands, not from the background
    stopped.add_note(f"{line} (idempotency key {intent.key})")


async def _undo(intent: Intent, begun: concurrent.futures.Future[Any]) -> None:
    intent.withdrawn.set()
    with contextlib.suppress(OrigamiError):
        await asyncio.wrap_future(begun)
    if intent.run is not None:
        await intent.cancel()
        intent.is_cancelled = True


async def started(intent: Intent) -> Any:
    """Fulfil an intent for any event loop. When the task is cancelled, its exception finds the run.

    Raises:
        OrigamiError: what `Intent.begin` raises.
    """
    try:
        return await background().bridge(intent.fulfil())
    except asyncio.CancelledError as stopped:
        mark(stopped, intent)
        stopped.add_note(f"A run may have been started (idempotency key {intent.key}); reconcile_async() finds it.")
        raise


def mark(stopped: BaseException, intent: Intent) -> None:
    """Let an exception find the run that it interrupted the start of."""
    vars(stopped).update(idempotency_key=intent.key, reconcile=intent.reconcile, reconcile_async=intent.reconcile_async)


def said(intent: Intent, *, is_over: bool) -> str:
    """What an interrupt leaves behind, and which call completes or undoes it.

    Args:
        intent: what was interrupted.
        is_over: nothing of it is going on any more.
    """
    if intent.run is not None:
        shows = f'ow.attach("{intent.agent_id}/{intent.run.id}") shows it'
        if intent.is_cancelled:
            return f"Interrupted; the run was started, and Origami was asked to cancel it. {shows}."
        return (
            f"Interrupted; the run was started, and Origami is being asked to cancel it. {shows}, and whether it ended."
        )
    if not intent.is_sent or (is_over and not intent.doubtful):
        return "Interrupted; no run was started, and nothing is charged."
    return (
        "Interrupted while a run was being started: if there is one, Origami is asked to cancel it as soon as it is known. "
        f"{LOOK_AGAIN} finds it (None: there is none)."
    )
