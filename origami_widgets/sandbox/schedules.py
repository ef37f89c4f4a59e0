"""Scheduled agents: their records, the checks of their bodies, and when they are due. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.plans import MODEL_ALIASES
from origami_widgets.sandbox.run_requests import MAX_PROMPT_LENGTH, Issue, check_text, parse_json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SCHEDULE_NAME, MAX_DESCRIPTION, MAX_CRON, MAX_SLUG = 120, 1000, 100, 60

_CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_HOUR = timedelta(hours=1)
_MAX_DAYS = 4 * 366


@dataclass(slots=True)
class ScheduleRecord:
    """One scheduled agent; `runs` holds agent and run id and the moment of each trigger."""

    id: str
    project: str | None
    slug: str
    name: str
    prompt: str
    cron: str
    description: str | None = None
    model: str | None = None
    enabled: bool = False
    runs: list[tuple[str, str, float]] = field(default_factory=list)

    def change(self, data: Mapping[str, Any]) -> None:
        """Take over the fields of a checked body."""
        for name in ("name", "prompt", "cron", "description", "enabled", "model"):
            if name in data:
                setattr(self, name, data[name])


def parse_cron(text: str) -> list[set[int]]:
    """Read minutes, hours, days, months and weekdays (0 to 6, from Sunday).

    >>> [len(part) for part in parse_cron("30 8-10 */10 * 1,5")]
    [1, 3, 4, 12, 2]

    Raises:
        ValueError: it is not a cron expression of five fields.
    """
    parts = text.split()
    if len(parts) != len(_CRON_FIELDS):
        raise ValueError(text)
    fields = [_cron_field(part, *bounds) for part, bounds in zip(parts, _CRON_FIELDS, strict=True)]
    return [*fields[:4], {day % 7 for day in fields[4]}]


def next_moment(cron: str, now: float) -> float | None:
    """Return when a schedule is due next, in UTC; None if that is not within four years."""
    minutes, hours, days, months, weekdays = parse_cron(cron)
    minute = min(minutes)
    is_either = "*" not in cron.split()[2::2]
    hour = datetime.fromtimestamp(now, tz=UTC).replace(minute=0, second=0, microsecond=0)
    last = hour + timedelta(days=_MAX_DAYS)
    while hour < last:
        is_day, is_weekday = hour.day in days, hour.isoweekday() % 7 in weekdays
        # As in cron: if both are given, one of them is enough.
        is_due = is_day or is_weekday if is_either else is_day and is_weekday
        if hour.month not in months or not is_due:
            hour = hour.replace(hour=0) + timedelta(days=1)
            continue
        if hour.hour in hours and hour.replace(minute=minute).timestamp() > now:
            return hour.replace(minute=minute).timestamp()
        hour += _HOUR
    return None


def _cron_field(text: str, low: int, high: int) -> set[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        numbers = range(int(first), int(last or first) + 1, int(step or 1))
        if not numbers or numbers[0] < low or numbers[-1] > high:
            raise ValueError(text)
        chosen.update(numbers)
    return chosen


def parse_schedule(body: bytes, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Check the body of a request that creates or changes a scheduled agent.

    Raises:
        ErrorResponse: the body or its cron expression is not valid, or more often than once an hour.
    """
    data = parse_json_object(body)
    issues: list[Issue] = []
    limits = {
        "name": MAX_SCHEDULE_NAME,
        "prompt": MAX_PROMPT_LENGTH,
        "cron": MAX_CRON,
        "description": MAX_DESCRIPTION,
        "slug": MAX_SLUG,
    }
    for name, limit in limits.items():
        if name in needed or data.get(name) is not None:
            data[name] = check_text(data.get(name), name, limit, issues, minimum=0 if name == "description" else 1)
        elif name in data and name != "description":
            issues.append((name, "Expected a string"))
    if data.get("model") is not None and data["model"] not in tuple(MODEL_ALIASES):
        issues.append(("model", "Expected one of: origami-lite, origami-max"))
    if not isinstance(data.get("enabled", False), bool):
        issues.append(("enabled", "Expected a boolean"))
    if issues:
        raise error_responses.invalid(*issues)
    if "cron" in data:
        _check_cron(data["cron"])
    return data


def _check_cron(text: str) -> None:
    try:
        minutes = parse_cron(text)[0]
    except ValueError:
        raise error_responses.invalid(
            ("cron", "Expected five fields"), code="INVALID_CRON", error="Invalid cron expression"
        ) from None
    if len(minutes) > 1:
        raise error_responses.invalid(
            ("cron", "At most once an hour"), code="CRON_TOO_FREQUENT", error="The schedule is too frequent"
        )
