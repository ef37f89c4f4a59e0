"""What the rest of a list will cost, from the rows of a pilot. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from origami_widgets.words.numbers import amount, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from origami_widgets.api.rows.own_rows import KeyText

LEAST_PILOT = 8
"""Rows of a pilot, at least: of fewer, nothing can be said about the rest."""
BY_AGENT = 5
"""Rows of any pilot that the agent gets with the brief. The others go the way that the rest will go."""
DRAWS = 2_000
BOUNDS = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the rest of a list will cost, as a pilot tells.

    Attributes:
        rows: rows of the pilot.
        rest: rows that are left.
        used: credits that the pilot has used.
        found: how many values of each new column were found, by its name.
        low, high: the range of credits for the rest; None if the price of a find isn't known.
    """

    rows: int
    rest: int
    used: float
    found: Mapping[str, int]
    low: int | None
    high: int | None

    @property
    def in_words(self) -> str:
        """What the pilot has found and cost, and what the rest will cost."""
        values = ", ".join(f"{name}: {count:,} found" for name, count in [*self.found.items()][:3]) or "nothing found"
        so_far = f"{self.rows:,} of {plural(self.rows + self.rest, 'row')}: {values}, {amount(self.used)} credits."
        if self.low is None or self.high is None:
            return f"{so_far} The price of a find isn't known, as no row of the pilot has cost anything."
        return f"{so_far} The other {self.rest:,}: {self.low:,} to {self.high:,} credits."


def pilot_rows(keys: Sequence[KeyText], salt: str, pilot: int) -> list[int]:
    """Return the positions of a pilot's rows: spread over the list by their keys, the same in every order of the rows.

    Args:
        keys: the keys of all rows.
        salt: makes another choice for another list.
        pilot: how many rows to choose.
    """

    def digest(position: int) -> bytes:
        return hashlib.blake2b(json.dumps(keys[position]).encode(), key=salt.encode()[:64]).digest()

    return sorted(range(len(keys)), key=digest)[:pilot]


def price_range(prices: Sequence[float], rest: int) -> tuple[int, int] | None:
    """Return the range of credits for further rows, from what single rows have cost; None if none has cost anything.

    The rows are resampled as they are. The upper end is at least that of one find more than there were, each at the price
    of the dearest row: where few were found, chance may have left the finds out.

    >>> price_range([15, 0, 0, 15, 0, 15, 0, 0, 15, 0], 100), price_range([0, 0], 100)
    ((223, 1033), None)
    """
    finds = sum(price > 0 for price in prices)
    if not finds:
        return None
    chance, count, totals = Random(0), len(prices), list[float]()  # noqa: S311 - the same range each time
    for _ in range(DRAWS):
        sample = chance.choices(prices, k=count)
        mean = sum(sample) / count
        variance = max(0.0, sum(price * price for price in sample) / count - mean * mean)
        totals.append(rest * mean + chance.gauss(0, 1) * math.sqrt(variance * rest))
    totals.sort()
    low, high = (totals[int(bound * DRAWS)] for bound in BOUNDS)
    return max(0, math.floor(low)), math.ceil(max(high, rest / count * (finds + 1) * max(prices)))
