"""How well the forecast of the run that looks cheapest holds, on simulated runs: `python -m tests.bench.bench_forecast`.

Each of 15 settings, which were fixed before the first simulation, has runs with the same true cost, or with shares that
differ, and prices of leads that vary. The run with the least expected cost is chosen, and its next 100 qualified leads
are drawn. `covers` and `dearer` are the shares of such draws within the range and above it, `actual` is their mean
cost over the expected one. `chance` is the mean `chance_cheapest` of the chosen run, and `was` how often it was the
cheapest one, where shares differ.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from origami_widgets.frames.economics.run_economics import Judged, forecasts

MORE = 100
REPEATED = 1_000


class Setting(NamedTuple):
    """Runs to simulate: their number, judged leads, share that qualifies, how prices and shares vary."""

    runs: int
    judged: int
    share: float
    prices: float
    shares: float = 0.0


SETTINGS = [
    *(Setting(8, 10, 0.5, prices) for prices in (0, 1)),
    *(Setting(8, 20, 0.2, prices) for prices in (0, 1)),
    *(Setting(8, 20, 0.5, prices) for prices in (0.5, 1)),
    *(Setting(8, 50, share, 1) for share in (0.2, 0.5, 0.8)),
    *(Setting(20, 20, share, 1) for share in (0.2, 0.5)),
    *(Setting(20, 50, share, 0.5) for share in (0.5, 0.8)),
    Setting(8, 20, 0.5, 1, 0.5),
    Setting(20, 50, 0.3, 1, 0.5),
]


def prices(random: np.random.Generator, leads: int, spread: float) -> float:
    """Return what so many leads cost together; a single one costs 1 on average."""
    return float(leads if spread == 0 else random.gamma(leads / spread**2, spread**2))


def simulated(setting: Setting) -> dict[str, float]:
    """Simulate one setting."""
    random = np.random.default_rng(7)
    found: list[tuple[bool, bool, float, float, bool]] = []
    while len(found) < REPEATED:
        odds = setting.share / (1 - setting.share) * np.exp(random.normal(0, setting.shares, setting.runs))
        shares = odds / (1 + odds)
        qualified = random.binomial(setting.judged, shares)
        drawn = [(share, int(x)) for share, x in zip(shares.tolist(), qualified, strict=True) if x]
        if len(drawn) < 2:
            continue
        runs = [
            Judged(prices(random, setting.judged, setting.prices), x, setting.judged, str(at))
            for at, (_, x) in enumerate(drawn)
        ]
        made = forecasts(runs, MORE)
        at = min(range(len(made)), key=lambda place: made[place].cost)
        share, chosen = drawn[at][0], made[at]
        actual = prices(random, MORE + int(random.negative_binomial(MORE, share)), setting.prices)
        found.append(
            (
                chosen.low <= actual <= chosen.high,
                actual > chosen.high,
                actual / chosen.cost,
                chosen.chance_cheapest or 0,
                share == max(each for each, _ in drawn),
            )
        )
    names = ("covers", "dearer", "actual", "chance", "was")
    return dict(zip(names, np.array(found, float).mean(axis=0).tolist(), strict=True))


def main() -> None:
    """Print a line for each setting."""
    for setting in SETTINGS:
        result = simulated(setting)
        said = "  ".join(f"{name} {value:.3f}" for name, value in result.items())
        sys.stdout.write(
            f"{setting.runs:2} runs of {setting.judged} leads, share {setting.share}, prices ± {setting.prices}, "
            f"shares ± {setting.shares}: {said}\n"
        )


if __name__ == "__main__":
    main()
