"""`Model` and `Page`: frozen objects from the server, tolerant of anything that a beta API may send.

Converters, compiled once per class from its annotations, build a model from decoded JSON. A value that is missing, null
or of the wrong kind becomes the field's default; unknown fields stay in `raw`; unknown enum members stay plain strings. Building never raises.
"""

from __future__ import annotations

import functools
import math
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    NamedTuple,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from origami_widgets.words.foreign_text import clean
from origami_widgets.words.numbers import plural

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as it was decoded."""
Convert = Callable[[object], object]
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound="Model")
LONGEST_LINE, LONGEST_TEXT = 200, 60
"""Characters of a repr and of a value in it, at most."""
LARGEST_WHOLE = 2**63 - 1
"""Larger counts and ids are mistakes, and no column of a frame could hold them."""

WHOLE = re.compile(r"\s*-?[0-9]{1,19}\s*", re.ASCII)
NUMBER = re.compile(r"\s*[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?\s*", re.ASCII)

LIST_KEYS = ("items", "rows", "runs", "agents", "tables", "columns", "data")
"""Keys for the items of a list: `items` today, others before July 2026."""


@dataclass(frozen=True, slots=True)
class About:
    """Description of a field: `total_runs: Annotated[int | None, About("over its life", "executions")]`.

    The columns of frames and the documentation's lists of fields are made from these descriptions.

    Attributes:
        meaning: one phrase.
        unit: the unit of the value; empty if it counts nothing.
        column: the name of the column in frames, if it differs from the field's.
        words: every documented word of an open enumeration, in the documented order.
    """

    meaning: str
    unit: str = ""
    column: str = ""
    words: tuple[str, ...] = ()


class DescribedField(NamedTuple):
    """Field with a description, of a model or of a model inside it.

    Attributes:
        column: the name of the column in frames.
        path: the field's path in the JSON object, joined by dots.
        hint: the type of the value, without None.
        about: the description.
    """

    column: str
    path: str
    hint: object
    about: About


ABSENT = object()
"""Marks a value that cannot be used; the default takes its place."""


class Model(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base class of every object that the server sends.

    Attributes:
        raw: the JSON object as received, including fields that this package does not know.
        __shown_fields__: the fields in the repr, if any of them is set, in order; a path such as
            `credits.lifetime_used` is a nested field. Otherwise, it has all that differ from their default.
    """

    __shown_fields__: ClassVar[tuple[str, ...]] = ()

    raw: JsonObject = msgspec.field(default_factory=dict)

    @classmethod
    def from_raw(cls, raw: object) -> Self:
        """Build an object from decoded JSON.

        Args:
            raw: what the server sent. Anything but a JSON object gives an object of defaults.
        """
        if not isinstance(raw, dict):
            return cls()
        fields = cls.prepare(raw)
        values: JsonObject = {"raw": raw}
        for name, key, convert in _converters(cls):
            if key in fields:
                value = convert(fields[key])
                if value is not ABSENT:
                    values[name] = value
        return cls(**values)

    @classmethod
    def prepare(cls, raw: JsonObject) -> JsonObject:
        """Return the fields to read; overridden if the API documents variants of an object."""
        return raw

    def __repr__(self) -> str:
        facts = {name: attrgetter(name)(self) for name in self.__shown_fields__}
        facts = {name: value for name, value in facts.items() if value is not None and value != ""}
        if not facts:
            fields = (field for field in msgspec.structs.fields(self) if field.name not in ("raw", "object"))
            facts = {each.name: value for each in fields if (value := getattr(self, each.name)) != _default(each)}
        line = ", ".join(f"{name}={_in_line(value)}" for name, value in facts.items())
        return clean(f"{type(self).__name__}({line})", LONGEST_LINE)


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _in_line(value: object) -> str:
    """Return a value from the server as a short text, without control characters and keys."""
    # Imported when an object is shown: frames import the models, but nothing that knows keys.
    from origami_widgets.api.keys.secret import hide_all

    if isinstance(value, str):
        # Cleaned first, as an invisible character would keep a key from being found.
        return repr(hide_all(clean(value, LONGEST_TEXT)))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, tuple | list | dict):
        texts = f"({', '.join(map(_in_line, value))})" if all(isinstance(each, str) for each in value) else ""
        return texts if value and texts and len(texts) <= LONGEST_TEXT else f"<{plural(len(value), 'item')}>"
    text = hide_all(repr(value))
    return text if len(text) <= LONGEST_TEXT else f"{type(value).__name__}(…)"


@functools.cache
def _converters(cls: type[Model]) -> list[tuple[str, str, Convert]]:
    hints = get_type_hints(cls)
    fields = (field for field in msgspec.structs.fields(cls) if field.name != "raw")
    return [(field.name, field.encode_name, _converter(hints[field.name])) for field in fields]


def described_fields(cls: type[Model], path: str = "") -> Iterator[DescribedField]:
    """Yield the fields with a description, including those of nested models, but not of items in lists."""
    hints = get_type_hints(cls, include_extras=True)
    for field in msgspec.structs.fields(cls):
        hint = hints[field.name]
        hint, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        alternatives = [each for each in get_args(hint) if each is not types.NoneType]
        hint = alternatives[0] if get_origin(hint) in (Union, types.UnionType) else hint
        place = f"{path}.{field.encode_name}" if path else field.encode_name
        if notes:
            yield DescribedField(notes[0].column or field.name, place, hint, notes[0])
        elif isinstance(hint, type) and issubclass(hint, Model):
            yield from described_fields(hint, place)


def _converter(hint: object) -> Convert:
    """Return the function that reads a field; a union with None means that null is a valid value."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (member,) = (arg for arg in inner if arg is not type(None))
        convert = _converter(member)
        return lambda value: None if value is None else convert(value)
    if origin is tuple:
        return _sequence(_converter(inner[0]))
    if origin is dict:
        return _mapping(_converter(inner[1]))
    if isinstance(hint, type) and issubclass(hint, Model):
        return lambda value: hint.from_raw(value) if isinstance(value, dict) else ABSENT
    return _SCALARS.get(hint, lambda value: value)


def _sequence(convert: Convert) -> Convert:
    def convert_all(value: object) -> object:
        if not isinstance(value, list):
            return ABSENT
        return tuple(item for item in map(convert, value) if item is not ABSENT)

    return convert_all


def _mapping(convert: Convert) -> Convert:
    def convert_all(value: object) -> object:
        if not isinstance(value, dict):
            return ABSENT
        items = {key: convert(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not ABSENT}

    return convert_all


def _text(value: object) -> object:
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_WHOLE
    return str(value) if is_number else ABSENT


def _whole(value: object) -> object:
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ABSENT
    return int(value) if abs(value) <= LARGEST_WHOLE and value % 1 == 0 else ABSENT


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ABSENT
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return ABSENT
    try:
        number = float(value)
    except OverflowError:
        return ABSENT
    return number if math.isfinite(number) else ABSENT


def _timestamp(value: object) -> object:
    if not isinstance(value, str):
        return ABSENT
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return ABSENT


_SCALARS: dict[object, Convert] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: lambda value: value if isinstance(value, bool) else ABSENT,
    datetime: _timestamp,
}


class Page(Model, Generic[T_co], frozen=True):
    """One page of a list: a sequence of items.

    `next_cursor` is None on the last page. Only some lists have a `total`, and only an agent's tables have a
    `workspace_id`.
    """

    __shown_fields__: ClassVar[tuple[str, ...]] = ("items", "total", "next_cursor")

    object: str = ""
    items: tuple[T_co, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    url: str = ""
    workspace_id: str | None = None

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, at: int) -> T_co:
        return self.items[at]

    @classmethod
    def prepare(cls, raw: JsonObject) -> JsonObject:
        """Read the items, and the total in `pagination`, in any envelope. Items that are not objects are left out."""
        pagination = raw.get("pagination")
        fields = {**pagination, **raw} if isinstance(pagination, dict) else raw
        found: list[Any] = next((raw[name] for name in LIST_KEYS if isinstance(raw.get(name), list)), [])
        items = [each for each in found if isinstance(each, dict)]
        return {**fields, "items": items, "nextCursor": fields.get("nextCursor") or None}

    @classmethod
    def of(cls, item: type[M], raw: Any) -> Page[M]:
        """Build the page in a decoded response.

        Args:
            item: the class of the items, which `from_raw` leaves as they were decoded.
            raw: the decoded response.
        """
        page: Page[Any] = cls.from_raw(raw)
        return msgspec.structs.replace(page, items=tuple(map(item.from_raw, page.items)))


def is_list(raw: object) -> bool:
    """Return whether a decoded response is a list, in any envelope."""
    return isinstance(raw, dict) and any(isinstance(raw.get(name), list) for name in LIST_KEYS)
