"""Words for numbers, times and durations. The front end writes them alike: one list of cases tests both.

Rounding is half up by `floor(x + 0.5)`, because Python and JavaScript round halves differently.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final, TypeGuard

UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
"""Units of durations and ages with their seconds, largest first."""

MISSING = "n/a"
"""Shown for a value that the server did not send."""

_LARGEST = 10**15


def known(value: float | None) -> TypeGuard[float]:
    """Return whether a number is present and can be shown."""
    if value is None or not -_LARGEST < value < _LARGEST:
        return False
    return math.isfinite(value)


def shown_count(value: float | None) -> int | None:
    """Return a count that can be shown; None for any other number."""
    return int(value) if value is not None and known(value) and value >= 0 else None


def duration(seconds: float | None) -> str:
    """Return a duration in the two largest units that apply.

    Args:
        seconds: the duration in seconds; negative ones count as zero.

    Returns:
        Words; `n/a` for None.

    Example:
        >>> duration(108), duration(7500)
        ('1 min 48 s', '2 h 5 min')
    """
    if not known(seconds):
        return MISSING
    whole = max(0, math.floor(seconds))
    at = next(at for at, (_, size) in enumerate(UNITS) if whole >= size or size == 1)
    unit, size = UNITS[at]
    # Seconds do not matter once it takes hours.
    smaller = UNITS[at + 1 : at + 2] if whole >= UNITS[-2][1] else ()
    parts = [f"{whole // size} {unit}", *(f"{rest} {name}" for name, each in smaller if (rest := whole % size // each))]
    return " ".join(parts)


def age(seconds: float | None) -> str:
    """Return how long ago something was, in one unit.

    Args:
        seconds: the seconds since then; less than one counts as now.

    Returns:
        Words; `n/a` for None.

    Example:
        >>> age(9.7), age(125)
        ('9 s ago', '2 min ago')
    """
    if not known(seconds):
        return MISSING
    whole = math.floor(seconds)
    if whole < 1:
        return "just now"
    unit, size = next(each for each in UNITS if whole >= each[1])
    return f"{whole // size} {unit} ago"


def percent(share: float | None, of: float | None = 1.0) -> str:
    """Return a share in whole percent, but never "0 %" for some or "100 %" for not all.

    Args:
        share: the part.
        of: the whole.

    Returns:
        Words; `n/a` without one of the two, and for a whole that is not above 0.

    Example:
        >>> percent(0.8667), percent(12, 21), percent(4999, 5000), percent(1, 0)
        ('87 %', '57 %', '>99 %', 'n/a')
    """
    if not known(share) or not known(of) or of <= 0:
        return MISSING
    whole = math.floor(abs(share) * 100 / of + 0.5)
    if share > 0 and whole < 1:
        return "<1 %"
    # A sum of all shares may lack the last digit.
    if 0 < share < of * (1 - 1e-9) and whole >= 100:  # noqa: PLR2004 - percent
        return ">99 %"
    return f"{'-' if share < 0 and whole else ''}{whole} %"


def amount(value: float | None) -> str:
    """Return an amount, such as of credits, with thousands separators and at most two decimals.

    Args:
        value: the amount.

    Returns:
        Digits without trailing zeros; `n/a` for None.

    Example:
        >>> amount(3.8), amount(1234.5), amount(0.001)
        ('3.8', '1,234.5', '<0.01')
    """
    if not known(value):
        return MISSING
    cents = math.floor(abs(value) * 100 + 0.5)
    if value > 0 and cents < 1:
        return "<0.01"
    fraction = f".{cents % 100:02d}".rstrip("0") if cents % 100 else ""
    return f"{'-' if value < 0 and cents else ''}{cents // 100:,}{fraction}"


def count(value: float | None) -> str:
    """Return a whole number with thousands separators.

    Args:
        value: how many.

    Returns:
        Digits; `n/a` for None.

    Example:
        >>> count(12345)
        '12,345'
    """
    if not known(value):
        return MISSING
    whole = math.floor(abs(value) + 0.5)
    return f"{'-' if value < 0 and whole else ''}{whole:,}"


def plural(value: float | None, one: str, many: str = "") -> str:
    """Return an amount with its noun.

    Args:
        value: how many, or how much.
        one: the noun for one.
        many: the noun for any other amount; `one` with an s by default.

    Returns:
        Words.

    Example:
        >>> plural(1, "lead"), plural(12.5, "credit"), plural(2, "search", "searches")
        ('1 lead', '12.5 credits', '2 searches')
    """
    number = amount(value)
    return f"{number} {one if number == '1' else many or one + 's'}"


def moment(at: float | datetime | None) -> str:
    """Return a moment in UTC, to the minute.

    Args:
        at: milliseconds since 1970, or a time with its zone.

    Returns:
        Words; `n/a` for None and for what no calendar holds.

    Example:
        >>> moment(1_784_625_465_000)
        '2026-07-21 09:17 UTC'
    """
    return _written(at, "%Y-%m-%d %H:%M")


def instant(at: float | datetime | None) -> str:
    """Return a moment in UTC, to the second; see `moment`.

    Example:
        >>> instant(datetime(2026, 7, 21, 9, 17, 45, tzinfo=UTC))
        '2026-07-21 09:17:45 UTC'
    """
    return _written(at, "%Y-%m-%d %H:%M:%S")


def _written(at: float | datetime | None, pattern: str) -> str:
    try:
        if not isinstance(at, datetime):
            if not known(at):
                return MISSING
            at = datetime.fromtimestamp(at / 1000, tz=UTC)
        return f"{at.astimezone(UTC).strftime(pattern)} UTC"
    except (OverflowError, ValueError, OSError):
        return MISSING
