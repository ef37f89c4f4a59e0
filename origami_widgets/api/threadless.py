"""Hosts in which no thread can be started: Python in a browser (Pyodide: JupyterLite, marimo's playground), above all.

There the background loop is the loop that runs already. Whatever is awaited works as everywhere; what blocks needs a
host that lets the loop go on meanwhile, and Pyodide does where the browser has JavaScript Promise Integration. Elsewhere
each call that would block says which one to await.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import OrigamiError

if TYPE_CHECKING:
    import concurrent.futures

IN_BROWSER = sys.platform == "emscripten"
HAS_THREADS = sys.platform not in ("emscripten", "wasi")
AWAITABLE = (
    "Await instead: await ow.start_async('…'), await ow.attach_async('…'), await run, await run.settle(), "
    "await run.answer_async('…'), await run.follow_up_async('…'), await run.cancel_async(), await run.refresh_async(), "
    "await ow.rows_frame_async(table), await ow.credits_frame_async(run), await ow.login_async(), "
    "await ow.account_async(); "
    "ow.AsyncClient has every call of ow.Client."
)

_MORE_THREADS = "Let the system allow more threads (`ulimit -u` tells how many), or end some, and call again."


class CannotBlock(OrigamiError):
    """A call would block the only thread, on which the answer arrives; nothing was sent."""


class NoEventLoop(OrigamiError):
    """Neither a thread nor an event loop is there to work on; nothing was sent."""


def cannot_block(failure: str = "") -> CannotBlock:
    """The error of a call that blocks.

    Args:
        failure: what Python said when a thread was to be started; empty where there are none.
    """
    if failure:
        return CannotBlock(
            "This call cannot block: no thread could be started",
            cause=f"Python said: {failure}. Without a thread of its own, a call that blocks would wait for ever. Nothing was "
            "sent.",
            remedy=f"{_MORE_THREADS} {AWAITABLE}",
            code="CANNOT_BLOCK",
        )
    return CannotBlock(
        "This call cannot block here",
        cause="Python has one thread here, and the answer arrives on it: a call that blocks would wait for ever. Nothing "
        "was sent.",
        remedy=AWAITABLE + (" Current versions of Chrome and Edge can block as well." if IN_BROWSER else ""),
        code="CANNOT_BLOCK",
    )


def running_loop(failure: str = "") -> asyncio.AbstractEventLoop:
    """The loop of whoever calls.

    Args:
        failure: what Python said when a thread was to be started; empty where there are none.

    Raises:
        NoEventLoop: none is running.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        said = f"No thread could be started (Python said: {failure})" if failure else "No thread can be started here"
        first = f"{_MORE_THREADS} Or call" if failure else "Call"
        raise NoEventLoop(
            "There is no event loop to work on",
            cause=f"{said}, and no event loop is running. Nothing was sent.",
            remedy=f"{first} it from a coroutine: asyncio.run(main()). {AWAITABLE}",
            code="NO_EVENT_LOOP",
        ) from None


def goes_on(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a loop that was used before is still the one to use: it may have ended, or another one have begun."""
    if loop.is_closed():
        return False
    try:
        return loop.is_running() or asyncio.get_running_loop() is loop
    except RuntimeError:
        # Between two cells, a terminal's loop stands still without having ended.
        return True


def can_block() -> bool:
    """Whether the host can suspend a call and let the loop go on meanwhile."""
    return IN_BROWSER and bool(_ffi().can_run_sync())


def block(future: concurrent.futures.Future[Any], seconds: float) -> None:
    """Suspend the call until a future is done or so many seconds have passed, and let the loop go on meanwhile."""
    _ffi().run_sync(asyncio.wait((asyncio.wrap_future(future),), timeout=seconds))


def _ffi() -> Any:
    return importlib.import_module("pyodide.ffi")
