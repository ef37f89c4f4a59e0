"""Everything that an object gives away about itself, to whoever looks for a key in it."""

from __future__ import annotations

import asyncio
import gc
import sys
import traceback
import types
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from origami_widgets.api.keys.secret import Secret
from tests.faults.journey import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


PARTS = (KEY[8:20], KEY[8:20].lower())
"""A part of the key, as formatters wrap and shorten; host names lose their capitals."""
TESTS = str(Path(__file__).parents[1])
CODE = (
    types.ModuleType
    | type
    | types.FunctionType
    | types.BuiltinFunctionType
    | types.CodeType
    | types.GetSetDescriptorType
)


def within(*things: Any) -> Iterator[str]:
    """The text of these objects and of all that can be reached from them by attributes and items."""
    known: dict[int, Any] = {}
    left = [(type(thing).__name__, thing) for thing in things]
    while left:
        path, thing = left.pop()
        if id(thing) in known:
            continue
        known[id(thing)] = thing
        if isinstance(thing, bytes | bytearray | memoryview):
            yield f"{path}: {bytes(thing).decode('latin-1')}"
        else:
            yield f"{path}: {thing!r} {thing!s}"
        left += [(f"{path}.{name}"[-300:], part) for name, part in _parts(thing)]


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    # `vars` of a secret is refused, and its one slot is what all this is about.
    if isinstance(thing, Secret | CODE | str | bytes | int | float | None):
        return
    if isinstance(thing, types.MethodType):
        yield "__self__", thing.__self__
        return
    if isinstance(thing, Mapping):
        for key, value in list(thing.items()):
            yield "key", key
            yield str(key)[:40], value
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from ((str(at), item) for at, item in enumerate(list(thing)))
    if hasattr(thing, "__dict__"):
        yield from list(vars(thing).items())
    for kind in type(thing).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(thing, name):
                yield name, getattr(thing, name)


def of_error(error: BaseException | None) -> Iterator[str]:
    """What a traceback shows, with the values in its frames as a verbose one has them."""
    while error is not None:
        yield from within(error)
        yield from traceback.format_exception(error)
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if not frame.f_code.co_filename.startswith(TESTS):
                for name, value in frame.f_locals.items():
                    yield f"{frame.f_code.co_qualname}: {name} = {_text(value)}"
                    if hasattr(value, "__dict__"):
                        yield f"{frame.f_code.co_qualname}: vars({name}) = {_text(vars(value))}"
        error = error.__cause__ or error.__context__


def held_by(error: BaseException | None) -> Iterator[str]:
    """Every string that the garbage collector finds behind an error, those that it came from, and all of their frames."""
    while error is not None:
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        ours = [frame.f_locals for frame in frames if not frame.f_code.co_filename.startswith(TESTS)]
        yield from reachable(error, *ours)
        error = error.__cause__ or error.__context__


def under_way() -> Iterator[str]:
    """What is shown of all tasks and threads while they run: as lists of tasks and dumps of threads show them."""
    for loop in [each for each in gc.get_objects() if isinstance(each, asyncio.AbstractEventLoop)]:
        for task in asyncio.all_tasks(loop):
            yield f"{task!r} {task.get_coro()!r}"
            waiting: Any = task.get_coro()
            while (frame := getattr(waiting, "cr_frame", None)) is not None:
                yield from _locals(frame)
                waiting = waiting.cr_await
    for top in sys._current_frames().values():  # noqa: SLF001 - no public name shows it
        for called, _ in traceback.walk_stack(top):
            yield from _locals(called)


def _locals(frame: types.FrameType) -> Iterator[str]:
    # Who runs the tests has their names, and some tests are named by the key.
    runs_tests = "pytest" in frame.f_code.co_filename or frame.f_globals.get("__name__") == "__channelexec__"
    if not frame.f_code.co_filename.startswith(TESTS) and not runs_tests:
        yield f"{frame.f_code.co_qualname}: { ({name: _text(value) for name, value in frame.f_locals.items()}) }"


def reachable(*things: Any) -> Iterator[str]:
    """Every string that the garbage collector finds behind these objects, but for what a secret keeps."""
    known: set[int] = set()
    left = list(things)
    while left:
        thing = left.pop()
        if id(thing) in known or isinstance(thing, Secret | types.ModuleType | type | types.FrameType | types.CodeType):
            continue
        known.add(id(thing))
        if isinstance(thing, str):
            yield thing
        elif isinstance(thing, bytes | bytearray):
            yield bytes(thing).decode("latin-1")
        elif isinstance(thing, types.FunctionType):
            # Its globals are those of its module, this one's among them.
            left += [cell.cell_contents for cell in thing.__closure__ or () if cell != types.CellType()]
            left += [thing.__defaults__, thing.__kwdefaults__, thing.__dict__]
        else:
            left += gc.get_referents(thing)


App = Callable[[Any, Any, Any], Awaitable[None]]


def echoing(app: App) -> App:
    """The same application behind a proxy that repeats the request's key in the headers of every answer."""

    async def answered(scope: Any, receive: Any, send: Any) -> None:
        key = dict(scope["headers"]).get(b"authorization", b"")

        async def repeat(message: Any) -> None:
            if message["type"] == "http.response.start":
                more = [(b"x-echo", key), (b"set-cookie", b"seen=" + key)]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await app(scope, receive, repeat)

    return answered


def _text(value: Any) -> str:
    try:
        return repr(value)
    except AttributeError as half_made:
        # A copy that was given up in the middle; its own error says no more than a name.
        return repr(half_made)


def showing(texts: Iterable[str]) -> list[str]:
    """Those of the texts that show the key or a part of it."""
    looked_at = [str(text) for text in texts]
    assert looked_at
    return [text[:300] for text in looked_at if any(part in text for part in PARTS)]
