"""What more qualified leads will cost, for the runs of one comparison, and which run is the cheapest. Pure.

A run has spent C credits, and x of its n judged leads qualify. Leads are taken to be independent, and the prices of
single leads to vary as much as their mean. The run that looks cheapest was often only lucky, so several runs are pulled
towards their common mean: by B, which is averaged over all values that could have given these runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

SPREAD = 1.0
"""Variance of the price of a lead, as a share of its squared mean: found ones may cost 15 credits, and others none."""
DRAWS = 4_000
SEED = 41
LOW, HIGH = 0.02, 0.99


class Judged(NamedTuple):
    """What a run has spent, and for what.

    Attributes:
        credits: all credits of the run, above 0.
        qualified: its qualified leads, at least 1.
        judged: its leads with a verdict.
        name: what tells two runs with equal numbers apart, so that the order of the runs has no influence.
    """

    credits: float
    qualified: int
    judged: int
    name: str = ""


class Forecast(NamedTuple):
    """What more leads of one run will cost.

    Attributes:
        cost: the expected credits.
        low: its 2nd percentile.
        high: its 99th percentile.
        chance_cheapest: the probability that no other run is cheaper; None for a single run.
    """

    cost: float
    low: float
    high: float
    chance_cheapest: float | None


def forecasts(runs: Sequence[Judged], more: int) -> list[Forecast]:
    """Return what `more` qualified leads of each run will cost.

    Args:
        runs: the runs of one comparison.
        more: the number of further qualified leads.
    """
    order = sorted(range(len(runs)), key=lambda at: runs[at])
    if not order:
        return []
    credits_used, qualified, judged = (np.array([runs[at][place] for at in order], np.float64) for place in (0, 1, 2))
    y, p = np.log(credits_used / qualified), (qualified + 0.5) / (judged + 1)
    v = (1 - p) / qualified + SPREAD / judged
    random = np.random.default_rng(SEED)
    theta = _prices(y, v, random)
    costs = more * np.exp(theta + random.normal(0, np.sqrt(((1 - p) + SPREAD * p) / more), theta.shape))
    expected, (low, high) = more * np.exp(theta.mean(axis=0)), np.quantile(costs, (LOW, HIGH), axis=0)
    cheapest = np.bincount(theta.argmin(axis=1), minlength=len(runs)) / DRAWS
    made = zip(expected.tolist(), low.tolist(), high.tolist(), cheapest.tolist(), strict=True)
    found = dict(zip(order, (Forecast(*each[:3], each[3] if len(runs) > 1 else None) for each in made), strict=True))
    return [found[at] for at in range(len(runs))]


def _prices(
    y: npt.NDArray[np.float64], v: npt.NDArray[np.float64], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw the logarithm of what a qualified lead of each run costs, given what was measured and its variance."""
    noise = random.normal(size=(DRAWS, len(y)))
    noise -= noise.mean(axis=0)
    if len(y) == 1:
        return np.asarray(y + np.sqrt(v) * noise)
    b = np.arange(1, 40) / 40
    precision = 1 / (v + (v.mean() * (1 - b) / b)[:, None])
    total = precision.sum(axis=1)
    center = (precision * y).sum(axis=1) / total
    likely = (np.log(precision) - precision * (y - center[:, None]) ** 2).sum(axis=1) / 2 - np.log(total) / 2
    weights = np.exp(likely - likely.max())
    at = random.choice(len(b), DRAWS, p=weights / weights.sum())
    s, mu = v * precision[at], random.normal(center[at], total[at] ** -0.5)[:, None]
    return np.asarray((1 - s) * y + s * mu + np.sqrt(v * (1 - s)) * noise)
