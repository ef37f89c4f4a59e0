"""How many leads are needed until enough of them qualify, if their share is known only from a few verdicts. Pure.

Before any verdict, all shares are about equally likely (Jeffreys' prior, Beta(1/2, 1/2)). After `judged` verdicts, of
which `qualified` are good, the share is Beta(qualified + 1/2, judged - qualified + 1/2). The number of leads that fail
before the last wanted one qualifies then has a beta-negative-binomial distribution, which combines chance and the
unknown share.
"""

from __future__ import annotations

import math
import operator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from origami_widgets.api.errors import InvalidInput

MOST_LEADS = 10**9
LOW, HIGH = 0.02, 0.99
"""Quantiles that enclose 97 % of the distribution.

For some shares of qualifying leads, they enclose fewer orders than on average over all shares, and most of the others
cost more. With 2.5 % at each end, they would enclose 92 to 94 % for some shares, and 4 to 6 % would cost more. With
these ends, they enclose at least 94 %, and at most 3.5 % cost more, whatever the share, once 10 leads are judged; with
5, it is 93 % and 4 %.
"""
LOW_OF_NONE = 0.01
"""Lower end while no lead qualifies: even with a fairly good share, chance alone causes that in one of twenty samples."""
FEW, MANY = 2**10, 2**17
"""Numbers of leads that are summed one by one. Beyond the larger one, the distribution is smooth."""
POINTS = 2_001
LARGEST = 1e9
"""Most verdicts that count: more would make no visible difference to the range."""
_FURTHEST = 80.0
"""Logarithm of a number of leads that no table can reach."""
_NEGLIGIBLE = 40.0
"""Fall in the logarithm of a density beyond which the rest is negligible."""
_ROUNDS = 8


def checked_order(more: object, caller: str) -> int:
    """Check the number of wanted qualified leads, and return it.

    Args:
        more: the caller's argument.
        caller: the name of the called function, for the error.

    Raises:
        InvalidInput: it is not such a number.
    """
    try:
        wanted = 0 if isinstance(more, bool) else operator.index(more)  # type: ignore[arg-type]
    except TypeError:
        wanted = 0
    if not 1 <= wanted <= MOST_LEADS:
        raise InvalidInput(
            "more must be a number of qualified leads",
            cause=f"Got more={more!r:.40}.",
            remedy=f"Use a whole number from 1 to {MOST_LEADS:,}: {caller}(run, more=100).",
        )
    return wanted


@lru_cache(maxsize=4096)
def leads_needed(more: int, qualified: float, judged: float) -> tuple[float, float]:
    """Return the number of leads that 98 % of orders reach or exceed, and the number that 1 % exceed.

    While none has qualified, the lower end is what 99 % reach or exceed, and there is no upper end, as the share may be
    0.

    Args:
        more: the number of qualified leads wanted.
        qualified: leads with a good verdict so far.
        judged: leads with any verdict so far.

    Returns:
        Both ends; NaN for an unknown one.

    >>> leads_needed(100, 12, 15), leads_needed(100, 0, 15)
    ((105.0, 201.0), (503.0, nan))
    >>> leads_needed(100, 16, 15)
    (nan, nan)
    """
    if not (0 <= qualified <= judged and 1 <= judged < math.inf):
        return math.nan, math.nan
    scale = min(1.0, LARGEST / judged)
    good, bad = qualified * scale + 0.5, (judged - qualified) * scale + 0.5
    low, high = _unfit(more, good, bad, (LOW if qualified > 0 else LOW_OF_NONE, HIGH))
    return more + low, math.nan if qualified == 0 else more + high


def _unfit(more: int, good: float, bad: float, ends: tuple[float, float]) -> tuple[float, float]:
    """Return two quantiles of the number of leads that do not qualify."""
    first = _log_gamma_ratio(good, bad) - _log_gamma_ratio(good + more, bad)
    size, below = FEW, np.cumsum(np.exp(first + _log_steps(more, good, bad, FEW)))
    if below[-1] < ends[1]:
        size, below = MANY, np.cumsum(np.exp(first + _log_steps(more, good, bad, MANY)))
    reached = min(float(below[-1]), 1.0)
    exact = [float(np.searchsorted(below, end)) for end in ends]
    if reached >= ends[1]:
        return exact[0], exact[1]
    logs, masses = _beyond(more, good, bad, size)
    # The numbers summed one by one are exact, so the smooth part gets the remainder.
    shares = reached + (1.0 - reached) * masses / masses[-1]
    low, high = (math.floor(math.exp(float(np.interp(end, shares, logs)))) for end in ends)
    return (exact[0] if reached >= ends[0] else low), high + 1


def _log_steps(more: int, good: float, bad: float, size: int) -> npt.NDArray[np.float64]:
    """Return the logarithms of the probabilities of 0, 1, 2, … unfit leads, relative to that of none."""
    before = np.arange(size - 1, dtype=np.float64)
    steps = np.log1p((bad - 1) / (before + 1)) + np.log((more + before) / (good + bad + more + before))
    return np.concatenate([[0.0], np.cumsum(steps)])


def _beyond(more: int, good: float, bad: float, start: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return logarithms of numbers of unfit leads from `start` on, and the cumulative mass below each, not normalized."""
    logs = np.linspace(math.log(start), _FURTHEST, POINTS)
    density = _log_density(logs, more, good, bad)
    for _ in range(_ROUNDS):
        near = np.flatnonzero(density > density.max() - _NEGLIGIBLE)
        if len(near) > POINTS // 4:
            break
        # The density has one peak, which may be narrower than the steps.
        logs = np.linspace(logs[max(0, near[0] - 1)], logs[near[-1] + 1], POINTS)
        density = _log_density(logs, more, good, bad)
    weights = np.exp(density - density.max())
    return logs, np.concatenate([[0.0], np.cumsum(weights[1:] + weights[:-1])])


def _log_density(logs: npt.NDArray[np.float64], more: int, good: float, bad: float) -> npt.NDArray[np.float64]:
    """Return the log density over the logarithm of the number of unfit leads, up to a constant."""
    unfit = np.exp(logs)
    rising = _log_gamma_ratios(unfit + 1, more - 1.0) - _log_gamma_ratios(unfit + bad, good + more)
    return np.asarray(rising + logs)


def _log_gamma_ratio(of: float, by: float) -> float:
    """Return the logarithm of Γ(of + by) / Γ(of)."""
    return math.lgamma(of + by) - math.lgamma(of)


def _log_gamma_ratios(of: npt.NDArray[np.float64], by: float) -> npt.NDArray[np.float64]:
    """Return the same for large numbers, by Stirling's formula, which avoids the difference of two huge numbers."""
    whole = of + by
    return (of - 0.5) * np.log1p(by / of) + by * (np.log(whole) - 1) + (1 / whole - 1 / of) / 12
