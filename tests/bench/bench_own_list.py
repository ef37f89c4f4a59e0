"""Upload 10,000 rows while a card is live: requests, seconds at the vendor's rate limit, memory, and the gaps between polls.

`python -m tests.bench.bench_own_list`, four minutes. Once as one file, once by upserts of 100 rows, as after a 413.
"""

from __future__ import annotations

import itertools
import sys
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import pandas as pd

import origami_widgets as ow
from tests.support.own_list_server import OwnListServer

ROWS = 10_000
MOST_A_MINUTE = 80
LONGEST_GAP = 20.0
"""Seconds between two polls of the card, whose server asks for 15."""


def upload(csv_rows: int) -> bool:
    """Upload the list, and print the figures; returns whether they hold."""
    frame = pd.DataFrame({"website": [f"{n}.example" for n in range(ROWS)], "zip": [f"{n:05d}" for n in range(ROWS)]})
    with OwnListServer(csv_rows=csv_rows, cells=5, agent_seconds=600) as server:
        client = ow.Client(server.key, base_url=server.base_url)
        run = ow.start("Find phones", client=client, show=False)
        began, before = time.monotonic(), len(server.requests)
        tracemalloc.start()
        ow.upload(frame, key="website", columns=["zip"], client=client)
        took, peak = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        sent = server.requests[before:]
        polls = [began, *(each.at for each in sent if each.path.endswith(run.id)), time.monotonic()]
        own = [each for each in sent if not each.path.startswith("/api/v2/agents")]
        moments = [each.at for each in server.requests]
        crowd = max(sum(at <= other < at + 60 for other in moments) for at in moments)
        gap = max(later - earlier for earlier, later in itertools.pairwise(polls))
        print(
            f"{csv_rows:>8} {len(own):>9} {took:>8.0f} {crowd:>14} {peak / 2**20:>7.0f} {len(polls) - 2:>6} {gap:>11.1f}"
        )
        run.cancel()
        return crowd <= MOST_A_MINUTE and gap <= LONGEST_GAP


def main() -> int:
    """Print the figures of both ways; returns 1 when one of them does not hold."""
    print("csv rows  requests  seconds  most in 60 s  peak MB  polls  longest gap")
    return 0 if all([upload(100_000), upload(1)]) else 1


if __name__ == "__main__":
    sys.exit(main())
