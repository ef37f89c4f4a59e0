"""`OwnList`: a user's own rows as they are sent to Origami, without pandas. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from origami_widgets.words.numbers import plural

Sent: TypeAlias = "str | int | float | bool | None"
"""A value as it is sent: dates and large integers are texts by then, missing values are None."""
KeyText: TypeAlias = "tuple[str, ...]"
"""The texts of a row's key columns, by which it is found again. They are compared exactly."""
NOT_SENT, NOT_YET = -1, -2
"""The place of a row that has no key, and of one that is sent later."""


@dataclass(frozen=True)
class OwnList:
    """Rows of a user's own list, each key once.

    Attributes:
        names: the headings of the columns, those of the key first.
        key_size: the number of columns that make up the key.
        rows: the values of each row, in the order of `names`.
        places: for each row of the user's frame, the position of its row here; `NOT_SENT` for a row without a key.
    """

    names: tuple[str, ...]
    key_size: int
    rows: tuple[tuple[Sent, ...], ...]
    places: tuple[int, ...]

    @property
    def without_key(self) -> list[int]:
        """The positions in the user's frame of the rows that are not sent."""
        return self.positions({NOT_SENT})

    @property
    def repeated(self) -> int:
        """How many rows of the user's frame equal an earlier one."""
        return len(self.places) - len(self.without_key) - len(self.rows)

    @property
    def said_without_key(self) -> str:
        """What is said of the rows that are not sent; empty if all are."""
        return without_key(self.without_key, len(self.places), self.names[: self.key_size])

    @property
    def in_words(self) -> str:
        """What is sent, for a question: how many of the rows, why not all, and which columns."""
        rows, left = f"{plural(len(self.rows), 'row')}", []
        if missing := len(self.without_key):
            left.append(f"{missing:,} without a key")
        if self.repeated:
            left.append(f"{self.repeated:,} repeated")
        if left:
            rows = f"{len(self.rows):,} of {plural(len(self.places), 'row')} ({', '.join(left)})"
        return f"{rows} with {plural(len(self.names), 'column')} ({', '.join(self.names)[:200]})"

    def part(self, rows: Sequence[int]) -> OwnList:
        """Return the list with only some of its rows, which are given by their positions here."""
        at = {row: place for place, row in enumerate(rows)}
        places = (place if place == NOT_SENT else at.get(place, NOT_YET) for place in self.places)
        return replace(self, rows=tuple(self.rows[row] for row in rows), places=tuple(places))

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
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def without_key(positions: list[int], rows: int, names: Sequence[str]) -> str:
    """Return what is said of the rows of a list that have no key; empty without such rows.

    >>> without_key([3, 17], 60, ["website"])
    "2 of 60 rows have no 'website', so they are not sent and come back empty: positions 3, 17 (the first row is 0)."
    """
    if not positions:
        return ""
    verb, are, come = ("has", "it is", "comes") if len(positions) == 1 else ("have", "they are", "come")
    what = " and ".join(f"{name!r:.80}" for name in names)
    return (
        f"{len(positions):,} of {rows:,} rows {verb} no {what}, so {are} not sent and {come} back empty: "
        f"{at_positions(positions)}."
    )


def at_positions(positions: list[int]) -> str:
    """Return positions of rows in a list as text, at most ten of them.

    >>> at_positions([3, 17]), at_positions([0])
    ('positions 3, 17 (the first row is 0)', 'position 0 (the first row is 0)')
    """
    shown = ", ".join(map(str, positions[:MOST_POSITIONS]))
    further = f" and {len(positions) - MOST_POSITIONS:,} more" if len(positions) > MOST_POSITIONS else ""
    return f"position{'' if len(positions) == 1 else 's'} {shown}{further} (the first row is 0)"


MOST_POSITIONS = 10
