"""`OwnList`: a user's own rows as they are sent to Origami, without pandas. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Sent: TypeAlias = "str | int | float | bool | None"
"""A value as it is sent: dates and large integers are texts by then, missing values are None."""
KeyText: TypeAlias = "tuple[str, ...]"
"""The texts of a row's key columns, by which it is found again. They are compared exactly."""


@dataclass(frozen=True)
class OwnList:
    """Rows of a user's own list, each key once.

    Attributes:
        names: the headings of the columns, those of the key first.
        key_size: the number of columns that make up the key.
        rows: the values of each row, in the order of `names`.
        places: for each row of the user's frame, the position of its row here.
    """

    names: tuple[str, ...]
    key_size: int
    rows: tuple[tuple[Sent, ...], ...]
    places: tuple[int, ...]

    @property
    def keys(self) -> list[KeyText]:
        """The key of each row."""
        return [key_of(row[: self.key_size]) for row in self.rows]

    def csv(self, end: int) -> str:
        """Return the first rows as CSV, with headings. A missing value is an empty field."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.names)
        writer.writerows(map(cell_text, row) for row in self.rows[:end])
        return out.getvalue()

    def fingerprint(self, salt: str, *more: str) -> str:
        """Return a digest of what is sent, the same in every order of the rows.

        Args:
            salt: makes digests of equal lists differ between files, so that files cannot be compared.
            more: further texts that belong to the request.
        """
        return _digest(salt, self.names, self.key_size, sorted(map(json.dumps, self.rows)), more)

    def order(self, salt: str) -> str:
        """Return a digest of the order in which rows are sent; `salt` as in `fingerprint`."""
        return _digest(salt, self.rows)

    def positions(self, rows: set[int]) -> list[int]:
        """Return the positions in the user's frame of some of the rows."""
        return [position for position, place in enumerate(self.places) if place in rows]


def _digest(salt: str, *asked: object) -> str:
    return hashlib.blake2b(json.dumps(asked).encode(), key=salt.encode()[:64], digest_size=16).hexdigest()


def key_of(values: Iterable[object]) -> KeyText:
    """Return the key that some cells make up."""
    return tuple(map(cell_text, values))


def cell_text(value: object) -> str:
    """Return a value as the text that stands for it in CSV, and in keys that are compared.

    >>> [cell_text(each) for each in ("007", 7, 7.5, True, None)]
    ['007', '7', '7.5', 'true', '']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def at_positions(positions: list[int]) -> str:
    """Return positions of rows as a Python expression that shows these rows, at most ten of them.

    >>> at_positions([3, 17])
    'frame.iloc[[3, 17]]'
    """
    further = f" and {len(positions) - MOST_POSITIONS:,} more" if len(positions) > MOST_POSITIONS else ""
    return f"frame.iloc[{positions[:MOST_POSITIONS]}]{further}"


MOST_POSITIONS = 10
