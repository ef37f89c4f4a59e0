"""One code for callers that block and that await: results, errors, interrupts and cancellation reach it alike."""

from __future__ import annotations

import asyncio
import inspect
import threading

import pytest

from origami_widgets.api.background.sync_bridge import Either, OnLoop, block, bridged, wait
from tests.support.interrupts import interrupt

LOOP = "origami-widgets"
DRIVERS = {"block": block, "wait": lambda coroutine: asyncio.run(wait(coroutine))}


@pytest.fixture(params=DRIVERS)
def drive(request):
    """Run a coroutine for a caller that blocks, or for one that awaits."""
    return DRIVERS[request.param]


async def step(result=None, error=None):
    """A step on the background loop."""
    await asyncio.sleep(0)
    if error is not None:
        raise error
    return result


async def one_step(result):
    """A coroutine of the caller with one step."""
    return await OnLoop(step(result))


def test_steps_run_on_the_loop_and_the_rest_on_the_callers_thread(drive):
    async def where():
        return threading.current_thread().name

    async def act():
        return [threading.current_thread(), await OnLoop(where()), threading.current_thread()]

    here = threading.current_thread()
    assert drive(act()) == [here, LOOP, here]


def test_the_error_of_a_step_is_raised_where_it_is_awaited(drive):
    seen = []

    async def act():
        for error in (KeyError("a"), OSError("b")):
            try:
                await OnLoop(step(error=error))
            except (KeyError, OSError) as caught:
                seen.append(caught is error)
        return await OnLoop(step("it goes on"))

    assert drive(act()) == "it goes on"
    assert seen == [True, True]


class Waiting:
    """A coroutine with a step that does not end, and what becomes of both."""

    def __init__(self):
        self.began, self.step_ended = threading.Event(), threading.Event()
        self.steps = []

    async def _without_end(self):
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.step_ended.set()

    async def act(self, *, goes_on=False):
        try:
            await OnLoop(self._without_end())
        except BaseException as stopped:
            self.steps.append(type(stopped))
            self.steps.append(await OnLoop(step("cleaned")))
            if not goes_on:
                raise
        return "went on"


def test_an_interrupt_cancels_a_step_and_is_raised_where_it_is_awaited():
    waiting = Waiting()
    interrupt(lambda: block(waiting.act()), waiting.began)
    assert waiting.step_ended.wait(10)
    assert waiting.steps == [KeyboardInterrupt, "cleaned"]


async def test_a_cancellation_cancels_a_step_and_is_raised_where_it_is_awaited():
    waiting = Waiting()
    task = asyncio.create_task(wait(waiting.act()))
    assert await asyncio.to_thread(waiting.began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(waiting.step_ended.wait, 10)
    assert waiting.steps == [asyncio.CancelledError, "cleaned"]


def test_blocking_on_the_background_loop_raises():
    async def blocks_there():
        return block(one_step(1))

    async def act():
        return await OnLoop(blocks_there())

    with pytest.raises(RuntimeError, match="callbacks"):
        block(act())


@bridged
async def read(table: str, *, limit: int = 7) -> tuple[str, int]:
    """Read a table.

    It is free.
    """
    return await OnLoop(step((table, limit)))


def test_a_function_that_blocks_and_its_twin_have_the_arguments_of_the_coroutine_function():
    assert inspect.signature(read) == inspect.signature(read.aio)
    assert str(inspect.signature(read)) == "(table: 'str', *, limit: 'int' = 7) -> 'tuple[str, int]'"
    assert not inspect.iscoroutinefunction(read)
    assert inspect.iscoroutinefunction(read.aio)
    for args, options in [(("t",), {}), (("t",), {"limit": 1}), ((), {"table": "t"})]:
        assert read(*args, **options) == asyncio.run(read.aio(*args, **options)) == ("t", options.get("limit", 7))
    for args, options in [((), {}), (("t", 1), {}), (("t",), {"most": 1}), (("t",), {"table": "u"})]:
        with pytest.raises(TypeError):
            read(*args, **options)
        with pytest.raises(TypeError):
            asyncio.run(read.aio(*args, **options))


class Counter:
    """What has a method with two faces."""

    def __init__(self):
        self.count = 0

    @bridged
    async def add(self, number: int) -> int:
        """Add a number."""
        self.count += await OnLoop(step(number))
        return self.count

    add_async = add.aio


def test_a_method_has_both_faces():
    counter = Counter()
    assert counter.add(2) == 2
    assert asyncio.run(counter.add_async(number=3)) == 5
    assert list(inspect.signature(counter.add_async).parameters) == ["number"]


def test_no_frame_of_the_bridge_holds_the_arguments():
    """A traceback that shows local variables would show a key."""

    @bridged
    async def fails(key):
        del key
        raise ZeroDivisionError

    for call in (lambda: fails("secret"), lambda: asyncio.run(fails.aio("secret"))):
        with pytest.raises(ZeroDivisionError) as caught:
            call()
        assert [entry.locals for entry in caught.traceback if "secret" in repr(entry.locals)] == []


def test_a_step_may_be_another_one_for_a_caller_that_awaits(drive):
    async def awaits():
        await asyncio.sleep(0)
        return "wait"

    async def act():
        return await Either(lambda: "block", awaits)

    assert drive(act()) == next(name for name, driver in DRIVERS.items() if driver is drive)


def test_a_function_is_called_on_the_callers_thread_while_a_step_runs(drive):
    seen = []

    async def act():
        await OnLoop(asyncio.sleep(0.5), lambda: seen.append(threading.current_thread()))

    drive(act())
    assert set(seen) == {threading.current_thread()}


def test_an_interrupt_between_two_steps_reaches_the_coroutine():
    cleaned = []

    class Interrupted(OnLoop):
        def block(self):
            super().block()
            raise KeyboardInterrupt

    async def act():
        try:
            await Interrupted(step())
        except KeyboardInterrupt:
            cleaned.append(await OnLoop(step("cleaned")))
            raise

    with pytest.raises(KeyboardInterrupt):
        block(act())
    assert cleaned == ["cleaned"]
