"""Formulas of the documentation in plain Python, independent of the package."""

import math


def quantile(more, qualified, judged, end):
    """The number of leads that an order takes at most with this probability: summed up from the distribution's formula."""
    good, bad = qualified + 0.5, judged - qualified + 0.5

    def log_beta(a, b):
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    unfit, below = 0, 0.0
    while True:
        ways = math.lgamma(more + unfit) - math.lgamma(unfit + 1) - math.lgamma(more)
        below += math.exp(ways + log_beta(good + more, bad + unfit) - log_beta(good, bad))
        if below >= end:
            return more + unfit
        unfit += 1


def over(part, whole):
    return part / whole if part is not None and whole else None


def sum_of(values):
    return sum(values) if values else None
