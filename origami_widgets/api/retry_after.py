"""`Retry-After`, in every form that servers and proxies have been seen to send."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 86_400.0
"""Longer waits mean the same as this one to every caller, and overflow nothing."""


def retry_after(values: Iterable[str], *, now: datetime | None) -> float | None:
    """Seconds to wait.

    Args:
        values: the header's values; the longest readable wait counts, so that nobody is asked too early.
        now: the server's own clock (its `Date`), against which a date is read; None for this machine's.

    Returns:
        0 to 86,400 seconds, or None when no value can be read.

    >>> retry_after(["15"], now=None)
    15.0
    >>> retry_after(["soon"], now=None) is None
    True
    """
    waits = [wait for value in values if (wait := _one(value.strip(), now)) is not None]
    return max(waits) if waits else None


def _one(value: str, now: datetime | None) -> float | None:
    seconds = _seconds(value)
    if seconds is None:
        moment = http_date(value)
        if moment is None:
            return None
        seconds = max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
    return None if seconds < 0 else min(seconds, LONGEST)


def _seconds(value: str) -> float | None:
    if value.isascii() and value.isdecimal():
        # Digits without end are a number too, and no float can hold them.
        return LONGEST if len(value) > len("86400") and value.strip("0") else float(value)
    try:
        seconds = float(value)
    except ValueError:
        return None
    return None if math.isnan(seconds) else seconds


def http_date(value: str) -> datetime | None:
    """The moment in an HTTP date of any of its three forms, None when it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
