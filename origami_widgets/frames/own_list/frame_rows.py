"""Read a user's own list from a frame: what is sent, checked before anything is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

import numpy as np
import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.own_rows import NOT_SENT, KeyText, OwnList, Sent, at_positions, key_of
from origami_widgets.api.validate import not_a_key, refused, shortened
from origami_widgets.words.foreign_text import is_unicode
from origami_widgets.words.numbers import plural

MOST_ROWS = 100_000
MOST_COLUMNS = 100
LONGEST_CELL = 32_767
"""Characters of a cell, as in a spreadsheet."""
LONGEST_NAME = 255
LARGEST_EXACT = 2**53
"""Integers beyond this are sent as texts: other languages read them as floats, which would change their last digits."""


def column_names(given: object, argument: str) -> list[str]:
    """Return one or several column names, as given for `key` or `columns`.

    Raises:
        InvalidInput: they are not names, or none is for `key`.
    """
    names = [given] if isinstance(given, str) else list(given) if isinstance(given, Sequence) else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise refused(
            f"{argument} must name columns",
            given,
            f"Pass names of columns: {argument}=['website']. Rename a column whose name isn't a text.",
        )
    if argument == "key" and not names:
        raise InvalidInput("key names no column", cause="It's empty.", remedy="Pass the column that tells rows apart.")
    return list(dict.fromkeys(names))


def own_list_of(frame: pd.DataFrame, key: object, columns: object = ()) -> OwnList:
    """Return what is sent of a frame: the key and the named columns of the rows that have a key, and nothing else.

    Args:
        frame: the user's list.
        key: the column, or columns, that tell rows apart.
        columns: further columns to send.

    Raises:
        InvalidInput: a column or a value can't be sent, no row has a key, or rows of one key differ. The message has
            positions of rows, and never a value.
    """
    keys = column_names(key, "key")
    names = list(dict.fromkeys([*keys, *column_names(columns, "columns")]))
    _check_names(frame, names)
    if len(frame) > MOST_ROWS:
        raise InvalidInput(
            "The list is too long",
            cause=f"It has {len(frame):,} rows; the limit is {MOST_ROWS:,}.",
            remedy="Upload it in parts, the later ones with table=: ow.upload(part, key=…, table=table).",
        )
    cells = [_sent_column(frame, name, is_key=name in keys) for name in names]
    return _distinct(names, len(keys), list(zip(*cells, strict=True)))


def keys_of(frame: pd.DataFrame, key: object) -> list[KeyText | None]:
    """Return the key of each row of a frame; None where it is missing.

    Raises:
        InvalidInput: a column or a value can't be a key.
    """
    names = column_names(key, "key")
    _check_names(frame, names)
    rows = zip(*(_sent_column(frame, name, is_key=True) for name in names), strict=True)
    return [None if any(map(_is_blank, row)) else key_of(row) for row in rows]


def _check_names(frame: pd.DataFrame, names: Sequence[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise InvalidInput(
            "Too many columns",
            cause=f"Got {len(names)}; the limit is {MOST_COLUMNS}.",
            remedy="Send only the columns that the brief needs.",
        )
    labels = list(frame.columns)
    folded: dict[str, str] = {}
    for name in names:
        count = labels.count(name)
        if count != 1:
            raise InvalidInput(
                f"No column {shortened(name)}" if not count else f"{count} columns are called {shortened(name)}",
                cause=f"The frame has these: {', '.join(map(shortened, labels[:20]))}.",
                remedy="Name a column of the frame." if not count else "Rename them: frame.columns = […].",
            )
        problem = _name_problem(name)
        twin = folded.setdefault(name.strip().casefold(), name)
        if problem or twin != name:
            raise InvalidInput(
                f"The column name {shortened(name)} can't be used",
                cause=problem or f"Without capitals and spaces, it's the same as {shortened(twin)}.",
                remedy=f"Rename the column: frame.rename(columns={{{shortened(name)}: 'another name'}}).",
            )
        not_a_key(name, "a column's name")


def _name_problem(name: str) -> str:
    if not name.strip():
        return "It's empty."
    if len(name) > LONGEST_NAME:
        return f"It has {len(name)} characters; the limit is {LONGEST_NAME}."
    return "" if is_unicode(name) and name.isprintable() else "It contains a control character or half a character."


def _sent_column(frame: pd.DataFrame, name: str, *, is_key: bool) -> list[Sent]:
    column = frame[name]
    missing = column.isna().to_numpy(dtype=bool)
    values = column.astype(object).to_list()
    sent: list[Sent] = []
    problems: dict[str, list[int]] = {}
    for position, (value, is_missing) in enumerate(zip(values, missing, strict=True)):
        found: Sent = None
        if not is_missing:
            try:
                found = _sent(value)
                if is_key and isinstance(found, bool | float):
                    raise _CannotBeSent("a number with decimals, or True or False, can't be part of a key")  # noqa: TRY301
            except _CannotBeSent as error:
                problems.setdefault(str(error), []).append(position)
        sent.append(found)
    if problems:
        _refuse(name, *next(iter(problems.items())))
    try:
        not_a_key("\n".join(each for each in sent if isinstance(each, str)), f"a value of the column {name!r}")
    except InvalidInput as error:
        raise error.with_traceback(None) from None
    return sent


class _CannotBeSent(ValueError):
    """A value that can't be sent exactly as it is."""


def _sent(value: Any) -> Sent:
    """Return a value as it is sent.

    Raises:
        _CannotBeSent: it can't be sent exactly.
    """
    if isinstance(value, np.generic):
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else value.item()
    if isinstance(value, str):
        return _sent_text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _CannotBeSent("infinity isn't a number that can be sent")
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID) or (isinstance(value, Decimal) and value.is_finite()):
        return str(value)
    raise _CannotBeSent(f"values of type {type(value).__name__} can't be sent")


def _sent_text(text: str) -> str:
    if len(text) > LONGEST_CELL:
        raise _CannotBeSent(f"a text has more than {LONGEST_CELL:,} characters")
    if "\0" in text:
        raise _CannotBeSent("a text contains NUL (character 0)")
    if not is_unicode(text):
        raise _CannotBeSent("a text contains half a character, such as half an emoji")
    return text


_REPAIRS = {
    "a number with": "Use texts or whole numbers: frame[{name}] = frame[{name}].astype('Int64'), or choose another key.",
    "values of type": "Write them as texts: frame[{name}] = frame[{name}].map(str, na_action='ignore').",
    "a text has": "Shorten them: frame[{name}] = frame[{name}].str[:32767].",
    "a text contains NUL": "Remove it: frame[{name}] = frame[{name}].str.replace('\\0', '').",
    "a text contains half": "Repair them: frame[{name}] = frame[{name}].map(lambda text: text.encode('utf-8', 'ignore').decode(), "
    "na_action='ignore').",
    "infinity": "Leave it out: frame[{name}] = frame[{name}].replace([float('inf'), -float('inf')], None).",
}


def _refuse(name: str, problem: str, positions: list[int]) -> NoReturn:
    repair = next(text for start, text in _REPAIRS.items() if problem.startswith(start))
    raise InvalidInput(
        f"Column {shortened(name)} can't be sent as it is",
        cause=f"In {at_positions(positions)}, {problem}. Nothing was sent.",
        remedy=repair.replace("{name}", shortened(name)),
    )


def _is_blank(value: Sent) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _distinct(names: Sequence[str], key_size: int, rows: Sequence[tuple[Sent, ...]]) -> OwnList:
    known: dict[KeyText, int] = {}
    distinct: list[tuple[Sent, ...]] = []
    first: list[int] = []
    places: list[int] = []
    conflicts: list[int] = []
    for position, row in enumerate(rows):
        if any(map(_is_blank, row[:key_size])):
            places.append(NOT_SENT)
            continue
        place = known.setdefault(key_of(row[:key_size]), len(distinct))
        if place == len(distinct):
            distinct.append(row)
            first.append(position)
        elif key_of(distinct[place]) != key_of(row):
            conflicts += [first[place], position]
        places.append(place)
    if not distinct:
        raise InvalidInput(
            "No row has a key",
            cause=f"{', '.join(map(shortened, names[:key_size]))}: empty in all {plural(len(rows), 'row')}. Nothing was sent.",
            remedy="Choose a column that tells rows apart: key='website'.",
        )
    if conflicts:
        positions = sorted(set(conflicts))
        raise InvalidInput(
            "Rows with the same key differ in other columns",
            cause=f"{plural(len(positions), 'row')}: {at_positions(positions)}. Nothing was sent.",
            remedy="Keep one row for each key: frame.drop_duplicates(subset=[…]). Or add a column to key= that tells "
            "them apart.",
        )
    return OwnList(tuple(names), key_size, tuple(distinct), tuple(places))
