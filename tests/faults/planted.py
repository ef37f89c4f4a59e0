"""Everything that an object gives away about itself, to whoever looks for a key in it."""

from __future__ import annotations

import traceback
import types
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from origami_widgets.api.secret import Secret
from tests.faults.journey import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = (KEY, KEY[8:20])
"""Formatters wrap and shorten: a part of it is as bad as the whole."""
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
            if "/tests/" not in frame.f_code.co_filename:
                for name, value in frame.f_locals.items():
                    yield f"{frame.f_code.co_qualname}: {name} = {_text(value)}"
                    if hasattr(value, "__dict__"):
                        yield f"{frame.f_code.co_qualname}: vars({name}) = {_text(vars(value))}"
        error = error.__cause__ or error.__context__


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
