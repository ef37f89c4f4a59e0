"""Number words are held to the same cases as the front end's."""

import json
from pathlib import Path

import pytest

from origami_widgets.words import numbers as words

CASES = json.loads((Path(__file__).parents[1] / "fixtures" / "format_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']} {case['value']}")
def test_every_shared_case(case):
    assert getattr(words, case["kind"])(case["value"]) == case["text"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, -(10**400)])
@pytest.mark.parametrize("kind", ["age", "duration", "percent", "credits", "count", "moment"])
def test_what_is_no_number_to_show_is_missing(kind, value):
    assert getattr(words, kind)(value) == words.MISSING


def test_moments_outside_the_calendar_are_missing():
    assert words.moment(9e14) == words.MISSING
