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


def percent(share: float | None) -> str:
    """Return a share in whole percent, but never "0 %" for some or "100 %" for not all.

    Args:
        share: a fraction; 1 is all.

    Returns:
        Words; `n/a` for None.

    Example:
        >>> percent(0.8667), percent(0.9999)
        ('87 %', '>99 %')
    """
    if not known(share):
        return MISSING
    whole = math.floor(abs(share) * 100 + 0.5)
    if share > 0 and whole < 1:
        return "<1 %"
    if 0 < share < 1 and whole >= 100:  # noqa: PLR2004 - percent
        return ">99 %"
    return f"{'-' if share < 0 and whole else ''}{whole} %"


def credits(value: float | None) -> str:  # noqa: A001 - the field's word
    """Return an amount of credits with at most two decimals.

    Args:
        value: credits.

    Returns:
        Digits without trailing zeros; `n/a` for None.

    Example:
        >>> credits(3.8), credits(1234.5)
        ('3.8', '1,234.5')
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
    """Return a count with its noun.

    Args:
        value: how many.
        one: the noun for one.
        many: the noun for any other count; `one` with an s by default.

    Returns:
        Words.

    Example:
        >>> plural(1, "lead"), plural(1200, "lead")
        ('1 lead', '1,200 leads')
    """
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def moment(milliseconds: float | None) -> str:
    """Return a moment in UTC, to the minute.

    Args:
        milliseconds: since 1970.

    Returns:
        Words; `n/a` for None and for what no calendar holds.

    Example:
        >>> moment(1_784_625_465_000)
        '2026-07-21 09:17 UTC'
    """
    return _written(milliseconds, "%Y-%m-%d %H:%M")


def instant(milliseconds: float | None) -> str:
    """Return a moment in UTC, to the second.

    Args:
        milliseconds: since 1970.

    Returns:
        Words; `n/a` for None and for what no calendar holds.

    Example:
        >>> instant(1_784_625_465_000)
        '2026-07-21 09:17:45 UTC'
    """
    return _written(milliseconds, "%Y-%m-%d %H:%M:%S")


def _written(milliseconds: float | None, form: str) -> str:
    if not known(milliseconds):
        return MISSING
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime(form)} UTC"
    except (OverflowError, ValueError, OSError):
        return MISSING
