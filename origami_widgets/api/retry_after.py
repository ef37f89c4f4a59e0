"""`Retry-After`, in every form that servers and proxies have been seen to send."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 86_400.0
"""Longer waits mean the same as this one to every caller, and overflow nothing."""

SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?", re.ASCII)


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
    waits = [wait for value in values for part in _parts(value) if (wait := _one(part.strip(), now)) is not None]
    return max(waits) if waits else None


def _parts(value: str) -> list[str]:
    """Two headers that a proxy has joined; a date has a comma of its own."""
    parts = value.split(",")
    return parts if all(SECONDS.fullmatch(part.strip()) for part in parts) else [value]


def _one(value: str, now: datetime | None) -> float | None:
    if SECONDS.fullmatch(value):
        # More digits than a float can hold become infinity here, and the longest wait below.
        return min(float(value), LONGEST)
    moment = http_date(value)
    if moment is None:
        return None
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST)


def http_date(value: str) -> datetime | None:
    """The moment in an HTTP date of any of its three forms, None when it is none."""
    try:
        moment = parsedate_to_datetime(value)
        # In another zone than UTC a date may lie before the first year or after the last one.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
