"""Read-only objects for the `attrs` of frames. Pure.

pandas deep-copies `attrs` at nearly every step since 2.2 (pandas-dev/pandas#55314): `frame[name]` of a table with 421
columns took twenty times as long as without notes. Objects that can't change are shared instead.
"""

from __future__ import annotations

from typing import Any, NoReturn, Self

_REMEDY = (
    "The attrs of this frame are read-only, so that pandas need not copy them at every step. Replace an entry instead: "
    'frame.attrs["origami"] = frame.attrs["origami"] | {"key": "value"}, or take a copy with dict(…) or list(…).'
)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError(_REMEDY)


class _Shared:
    """Object that is its own copy."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


class ReadOnlyDict(_Shared, dict[str, Any]):
    """Dict that can't be changed and is never copied. Equals a dict with the same items, and is written as JSON like one.

    Attributes:
        operations: the API that the leads of these notes came from; None if unknown. Not in pickles and JSON.

    >>> import copy
    >>> notes = read_only({"units": {"credits": "credits"}})
    >>> copy.deepcopy(notes) is notes, notes == {"units": {"credits": "credits"}}
    (True, True)
    >>> (notes | {"rows": 2})["rows"]
    2
    """

    __slots__ = ("operations",)
    operations: object

    def __or__(self, other: dict[str, Any]) -> Self:  # type: ignore[override]
        joined: Self = read_only({**self, **other}, self.operations)
        return joined

    # `|=` on an entry of `attrs` replaces the entry.
    __ior__ = __or__  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as a plain dict, so that reading it needs no module of ours.
        return dict, (dict(self),)

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse


class ReadOnlyList(_Shared, list[Any]):
    """List that can't be changed and is never copied. Equals a list with the same items, and is written as JSON like one."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse


def read_only(value: Any, operations: object = None) -> Any:
    """Return JSON with every object and list in it read-only. Parts that are already read-only are kept.

    Args:
        value: dicts, lists, tuples and plain values.
        operations: the API that leads came from, if these are notes about leads.
    """
    if isinstance(value, _Shared):
        return value
    if isinstance(value, dict):
        made = ReadOnlyDict({key: read_only(each, operations) for key, each in value.items()})
        made.operations = operations
        return made
    if isinstance(value, list | tuple):
        return ReadOnlyList([read_only(each, operations) for each in value])
    return value
