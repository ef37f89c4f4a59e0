"""Estimate the cost of a list from the rows of its pilot. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from origami_widgets.words.numbers import amount, plural

if TYPE_CHECKING:
    from origami_widgets.api.rows.own_rows import KeyText

LEAST_PILOT = 8
"""Fewest rows of a pilot. From fewer, the cost of the rest can't be estimated."""
BY_AGENT = 5
"""Rows of a pilot that the agent gets with the brief. The others are enriched in the same way as the rest of the list."""
DRAWS = 2_000
BOUNDS = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated cost of the rest of a list, with the results of its pilot.

    Attributes:
        rows: rows of the pilot.
        rest: rows that are left.
        used: credits that the pilot has used.
        found: how many values of each new column were found, by its name.
        low, high: the range of credits for the rest; None if the pilot found nothing that cost credits.
        limit: the credit limit; None without one.
        is_agreed: whether an earlier call was told to enrich the rest.
    """

    rows: int
    rest: int
    used: float
    found: Mapping[str, int]
    low: int | None
    high: int | None
    limit: float | None
    is_agreed: bool

    @property
    def fits(self) -> bool:
        """Whether the rest surely stays within the credit limit."""
        return self.high is not None and self.limit is not None and self.used + self.high <= self.limit

    @property
    def in_words(self) -> str:
        """The results and the cost of the pilot, and the estimate for the rest."""
        values = ", ".join(f"{name}: {count:,} found" for name, count in [*self.found.items()][:3]) or "nothing found"
        so_far = f"{self.rows:,} of {plural(self.rows + self.rest, 'row')}: {values}, {amount(self.used)} credits."
        if self.low is None or self.high is None:
            return f"{so_far} No row has cost anything, so the price of the other {self.rest:,} isn't known."
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
