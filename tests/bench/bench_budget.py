"""What polling costs an organization, and what its runs get: requests a minute, refusals, the longest wait of a run.

An hour of each crowd, simulated with the real pollers and the sandbox's own quotas: 100 requests a minute for all.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.simulation import START, Kernel, Organization, SharedClock, crowded, longest_gap

HOUR = 3_600.0

CROWDS = ((1, 1), (1, 10), (1, 50), (2, 50), (5, 20), (10, 20), (20, 10))
SETTLED = START + 120
"""After the first two minutes, in which people attach to all runs at once."""


async def an_hour(kernels: int, runs: int) -> Organization:
    """Let so many kernels attach to so many runs each, and follow them for an hour."""
    clock = SharedClock()
    organization = Organization(clock)
    crowd = [Kernel(organization, number) for number in range(kernels)]
    attaching = [asyncio.ensure_future(kernel.attach(runs)) for kernel in crowd]
    await clock.go_on(HOUR)
    await asyncio.gather(*attaching)
    for kernel in crowd:
        kernel.close()
    return organization


def main() -> int:
    """Print the figures; returns 1 when one kernel alone sends more than 80 polls in a minute, or is refused."""
    print("kernels  runs each  requests/min  fullest minute  refused  longest wait of a run (s)  processor time (s)")
    good = True
    for kernels, runs in CROWDS:
        began = time.process_time()
        seen = asyncio.run(an_hour(kernels, runs))
        took = time.process_time() - began
        asked = [at for times in seen.by_kernel.values() for at in times if at > SETTLED]
        refused = sum(map(len, seen.refused.values()))
        longest = max(longest_gap(times, START + HOUR) for times in seen.asked.values())
        rate = len(asked) / (HOUR - 120) * 60
        fullest = crowded(asked)
        print(f"{kernels:7} {runs:10} {rate:13.1f} {fullest:15} {refused:8} {longest:26.0f} {took:19.1f}")
        good = good and (kernels > 1 or (fullest <= 80 and refused == 0))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
