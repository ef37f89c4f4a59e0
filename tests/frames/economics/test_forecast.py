"""The forecast of what more qualified leads cost, against known values and its formula in plain Python."""

import math
from statistics import NormalDist, fmean

import pytest

from origami_widgets.frames.economics.run_economics import DRAWS, Judged, forecasts

# Draws of a distribution give its quantiles with this error at most.
NEAR = {"rel": 0.06}


def moments(run):
    """The logarithm of the cost of a qualified lead, its variance, and that of one further lead."""
    p = (run.qualified + 0.5) / (run.judged + 1)
    variance = (1 - p) / run.qualified + 1 / run.judged
    return math.log(run.credits / run.qualified), variance, (1 - p) + p


def pulled(runs):
    """The mean logarithm of each run's cost: the formula, with the mean over B in place of draws."""
    known = [moments(run) for run in runs]
    mean = fmean(v for _, v, _ in known)
    weights, means = [], []
    for step in range(1, 40):
        b = step / 40
        spread = mean * (1 - b) / b
        total = sum(1 / (v + spread) for _, v, _ in known)
        center = sum(y / (v + spread) for y, v, _ in known) / total
        likely = 1 / math.sqrt(total)
        for y, v, _ in known:
            likely *= math.exp(-((y - center) ** 2) / (v + spread) / 2) / math.sqrt(v + spread)
        weights.append(likely)
        means.append([y + v / (v + spread) * (center - y) for y, v, _ in known])
    return [sum(w * each[at] for w, each in zip(weights, means, strict=True)) / sum(weights) for at in range(len(runs))]


def test_one_run_costs_what_it_cost_and_its_range_has_both_sources_of_chance():
    run = Judged(269, 13, 20)
    (found,) = forecasts([run], 100)
    y, v, further = moments(run)
    assert found.cost == pytest.approx(100 * 269 / 13)
    spread = NormalDist(y, math.sqrt(v + further / 100))
    assert found.low == pytest.approx(100 * math.exp(spread.inv_cdf(0.02)), **NEAR)
    assert found.high == pytest.approx(100 * math.exp(spread.inv_cdf(0.99)), **NEAR)
    assert found.chance_cheapest is None


def test_a_small_order_has_the_wider_range():
    few, many = (forecasts([Judged(269, 13, 20)], more)[0] for more in (1, 1_000))
    assert few.high / few.cost > 2 * many.high / many.cost


def test_the_expected_cost_of_several_runs_is_pulled_to_their_mean_as_the_formula_has_it():
    runs = [Judged(100, 12, 20, "a"), Judged(100, 8, 20, "b"), Judged(150, 9, 20, "c"), Judged(90, 11, 40, "d")]
    found = forecasts(runs, 100)
    for each, mean in zip(found, pulled(runs), strict=True):
        assert each.cost == pytest.approx(100 * math.exp(mean), rel=0.01)
    # The one that looks cheapest is dearer than it looks, and the dearest one cheaper.
    assert found[0].cost > 100 * 100 / 12
    assert found[2].cost < 100 * 150 / 9


def test_runs_that_differ_for_sure_keep_their_costs():
    cheap, dear = forecasts([Judged(4_000, 1_000, 2_000), Judged(16_000, 1_000, 2_000)], 100)
    assert cheap.cost == pytest.approx(400, rel=0.02)
    assert dear.cost == pytest.approx(1_600, rel=0.02)
    assert (cheap.chance_cheapest, dear.chance_cheapest) == (1, 0)


def test_chances_add_up_and_equal_runs_have_about_the_same():
    found = forecasts([Judged(100, 10, 20, name) for name in "abcd"], 100)
    assert sum(each.chance_cheapest for each in found) == pytest.approx(1)
    assert all(abs(each.chance_cheapest - 0.25) < 4 / math.sqrt(DRAWS) for each in found)


def test_the_order_of_the_runs_has_no_influence():
    runs = [Judged(100, 12, 20, "b"), Judged(100, 12, 20, "a"), Judged(90, 8, 40, "c")]
    assert forecasts(runs[::-1], 50) == forecasts(runs, 50)[::-1]
    assert forecasts(runs, 50) == forecasts(runs, 50)


def test_without_runs_there_is_none():
    assert forecasts([], 100) == []
