"""Reading many fields of many objects at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = Mapping[str, Any]
_NOTHING: Json = {}


class Values:
    """What objects hold at some places; `values[path]` has one value per object, None where there is none.

    Args:
        paths: the places.
        flat: the values, object after object.
    """

    def __init__(self, paths: tuple[str, ...], flat: list[Any]) -> None:
        self._places = {path: place for place, path in enumerate(paths)}
        self._flat = flat

    def __getitem__(self, path: str) -> list[Any]:
        # Cut out when it is used: converting a column right after touching its values finds them in the cache.
        return self._flat[self._places[path] :: len(self._places)]


def pluck(items: Sequence[Json], paths: Iterable[str]) -> Values:
    """What objects hold at some places.

    Args:
        items: the objects.
        paths: names of fields, joined by dots for a field of an inner object. They come from a schema, never from
            an answer.

    Returns:
        For each path one value per object, None where the object, or the inner object, has none.
    """
    names = tuple(dict.fromkeys(paths))
    return Values(names, _reader(names)(items))


def _as_object(item: object) -> Json:
    return item if isinstance(item, Mapping) else _NOTHING


@cache
def _reader(paths: tuple[str, ...]) -> Callable[[Sequence[Json]], list[Any]]:
    """A function that reads all paths of one object before it turns to the next.

    Decoded JSON lies scattered in memory, and waiting for it is most of the work. One pass over the objects, with the
    look-ups written out as dataclasses write out their methods, takes half the time of one pass per field.
    """
    lines = ["def read(items):", "    flat = []", "    for inner_0 in items:"]
    known = {"": "inner_0"}

    def inner(path: str) -> str:
        if path not in known:
            outer, _, name = path.rpartition(".")
            holder = inner(outer)
            known[path] = variable = f"inner_{len(known)}"
            lines.append(f"        {variable} = {holder}.get({name!r})")
            lines.append(f"        if {variable} is None: {variable} = nothing")
            lines.append(f"        elif type({variable}) is not dict: {variable} = as_object({variable})")
        return known[path]

    values = []
    for path in paths:
        outer, _, name = path.rpartition(".")
        values.append(f"{inner(outer)}.get({name!r})")
    lines += [f"        flat += ({', '.join(values)},)", "    return flat"]
    namespace: dict[str, Any] = {"nothing": _NOTHING, "as_object": _as_object}
    exec("\n".join(lines), namespace)  # noqa: S102 - the text is made of the schema's own paths
    read: Callable[[Sequence[Json]], list[Any]] = namespace["read"]
    return read
