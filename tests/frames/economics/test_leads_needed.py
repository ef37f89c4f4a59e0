"""The range of leads that an order takes, and of what they cost: it holds as often as it says."""

import math
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from origami_widgets import frames
from origami_widgets.frames.economics.leads_needed import leads_needed
from tests.frames.payloads import table


def test_few_leads_give_a_wide_range_and_many_a_narrow_one():
    def spread(qualified, judged_leads, more=100):
        stats = {"qualification": {"rate": qualified / judged_leads, "qualifiedLeads": qualified}}
        source = table() | {"stats": stats, "columns": []}
        (row,) = frames.economics_frame(source, more=more).to_dict("records")
        low, middle, high = (row[f"expected_credits{end}"] for end in ("_low", "", "_high"))
        assert low < middle < high
        return high / low

    assert spread(4, 5) > spread(40, 50) > spread(4000, 5000) > 1
    assert spread(40, 50, more=1) > spread(40, 50, more=1000)


@lru_cache
def ranges(judged_leads, more):
    """The range of leads for each number of qualified ones: a lead costs one credit."""
    tables = [
        {
            "object": "table",
            "id": f"t{qualified}",
            "leadCount": judged_leads,
            "credits": {"lifetimeUsed": judged_leads},
            "columns": [{"id": "fit", "qualification": {"total": judged_leads}}],
            "stats": {"qualification": {"qualifiedLeads": qualified}},
        }
        for qualified in range(judged_leads + 1)
    ]
    frame = frames.economics_frame(tables, more=more)
    return frame["expected_credits_low"].to_numpy(float, na_value=np.nan), frame["expected_credits_high"].to_numpy(
        float, na_value=np.inf
    )


@lru_cache
def unfit_before(more, share):
    """How likely so many leads or fewer do not qualify before as many qualify as are wanted."""
    mean = more * (1 - share) / share
    steps = np.arange(int(mean + 12 * math.sqrt(mean / share) + 200), dtype=float)
    logs = np.concatenate([[0.0], np.cumsum(np.log((more + steps) / (steps + 1)) + math.log1p(-share))])
    return np.cumsum(np.exp(logs + more * math.log(share)))


def orders(share, judged_leads, more):
    """Of orders, how many cost less, and how many more, than the range says: leads are judged, then as many bought as it takes."""
    low, high = ranges(judged_leads, more)
    below, last = unfit_before(more, share), len(unfit_before(more, share))
    up_to = [0.0, *below, 1.0]
    cheaper = dearer = 0.0
    for qualified in range(judged_leads + 1):
        weight = math.comb(judged_leads, qualified) * share**qualified * (1 - share) ** (judged_leads - qualified)
        cheaper += weight * up_to[min(math.ceil(low[qualified]) - more, last + 1)]
        dearer += weight * (1 - up_to[int(min(high[qualified] - more, last)) + 1])
    return cheaper, dearer


SHARES = (0.05, 0.1, 0.2, 0.25, 0.3, 0.375, 0.5, 0.6, 0.7, 0.725, 0.75, 0.8, 0.85, 0.9, 0.95)


@pytest.mark.sweep
@pytest.mark.parametrize("more", [1, 20, 100, 1_000])
@pytest.mark.parametrize("judged_leads", [10, 11, 12, 15, 20, 30, 60, 200])
def test_the_range_holds_for_any_share_as_soon_as_ten_leads_are_judged(judged_leads, more):
    for share in SHARES:
        cheaper, dearer = orders(share, judged_leads, more)
        assert 1 - cheaper - dearer >= 0.94, share
        assert dearer <= 0.035, share


@pytest.mark.parametrize("more", [1, 20, 100, 1_000])
def test_with_five_leads_judged_it_holds_on_average(more):
    points = [orders(share, 5, more) for share in (*SHARES, 0.525)]
    assert all(1 - cheaper - dearer >= 0.93 and dearer <= 0.04 for cheaper, dearer in points)
    cheaper, dearer = np.mean(points, axis=0)
    assert 1 - cheaper - dearer >= 0.94
    assert dearer <= 0.035


@pytest.mark.parametrize(
    ("qualified", "judged_leads", "more"),
    [
        (1, 1, 1),
        (12, 15, 100),
        (3, 400, 20),
        (1, 1_000, 1_000),
        (800, 1_000, 10**9),
        (5, 5, 10**6),
        (30, 10_000, 10**4),
    ],
)
def test_the_range_is_that_of_the_posterior_predictive_distribution(qualified, judged_leads, more):
    """Against chance: a share from the posterior, then the leads that it takes."""
    low, high = leads_needed(more, qualified, judged_leads)
    chance = np.random.default_rng(9)
    share = chance.beta(qualified + 0.5, judged_leads - qualified + 0.5, 100_000)
    needed = more + chance.poisson(chance.gamma(more, size=100_000) * (1 - share) / share)
    assert np.mean(needed < low) <= 0.022
    assert np.mean(needed <= low) >= 0.018
    assert np.mean(needed > high) <= 0.0115
    assert np.mean(needed >= high) >= 0.0085


def test_a_range_costs_little_however_large_the_numbers_are():
    for numbers in [(10**9, 1, 10**9), (10**9, 10**18, 10**18 + 1), (1, 1, 10**18), (10**9, 0, 1)]:
        low, high = leads_needed(*numbers)
        assert numbers[0] <= low < np.inf
        assert np.isnan(high) if numbers[1] == 0 else low <= high < np.inf


def test_with_none_qualified_the_range_has_one_side():
    source = table() | {"columns": [{"id": "fit", "qualification": {"pass": 0, "total": 15}}]}
    source["stats"] = {"qualification": {"qualifiedLeads": 0}}
    (row,) = frames.economics_frame(source, more=100).to_dict("records")
    assert row["expected_credits_low"] > 100 * row["credits_per_lead"]
    for name in ("expected_credits", "expected_credits_high", "expected_leads", "credits_per_qualified_lead"):
        assert pd.isna(row[name]), name


def test_what_is_nearly_whole_is_whole():
    qualification = {"rate": 1 / 1.1, "qualifiedLeads": 100}
    source = table() | {"columns": [], "stats": {"qualification": qualification}}
    assert frames.economics_frame(source, more=100)["expected_leads"].to_list() == [110]
    assert frames.economics_frame(source, more=3)["expected_leads"].to_list() == [4]


@pytest.mark.parametrize(("qualified", "judged"), [(0, math.inf), (12, math.inf), (math.inf, math.inf), (3, 2), (0, 0)])
def test_verdicts_that_cannot_be_counted_give_no_range(qualified, judged):
    assert all(map(math.isnan, leads_needed(100, qualified, judged)))
