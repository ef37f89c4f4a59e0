"""Number words are held to the same cases as the front end's."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from origami_widgets.words import numbers as words

CASES = json.loads((Path(__file__).parents[1] / "fixtures" / "format_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']} {case['value']}")
def test_every_shared_case(case):
    assert getattr(words, case["kind"])(case["value"]) == case["text"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, -(10**400)])
@pytest.mark.parametrize("kind", ["age", "duration", "percent", "amount", "count", "moment"])
def test_what_is_no_number_to_show_is_missing(kind, value):
    assert getattr(words, kind)(value) == words.MISSING


def test_moments_outside_the_calendar_are_missing():
    assert words.moment(9e14) == words.MISSING


def test_a_noun_agrees_with_the_number_that_is_written():
    assert [words.plural(value, "credit") for value in (0, 1, 0.999, 12.5, None)] == [
        *("0 credits", "1 credit", "1 credit", "12.5 credits", "n/a credits"),
    ]


def test_a_share_of_something_is_never_0_for_some_nor_100_for_not_all():
    assert [words.percent(part, 5_000) for part in (0, 1, 2_500, 4_999, 5_000)] == [
        "0 %",
        "<1 %",
        "50 %",
        ">99 %",
        "100 %",
    ]
    assert words.percent(sum([0.1] * 10)) == "100 %", "the sum of all shares lacks its last digit"
    assert words.percent(1, 0) == words.percent(None, 5) == words.percent(5, None) == words.MISSING


def test_a_time_of_any_zone_is_written_in_utc():
    lisbon = datetime(2026, 7, 21, 10, 17, 45, tzinfo=timezone(timedelta(hours=1)))
    assert words.moment(lisbon) == words.moment(lisbon.timestamp() * 1000) == "2026-07-21 09:17 UTC"
    assert words.instant(lisbon) == "2026-07-21 09:17:45 UTC"
