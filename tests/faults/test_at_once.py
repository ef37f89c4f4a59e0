"""Batches that hypothesis makes up: no brief is paid for twice, and never more runs are active than were asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from tests.faults.life_clock import LifeClock, on_loop
from tests.faults.life_way import Fault, Way, lost, put_off
from tests.run.batch.common import is_done

if TYPE_CHECKING:
    from collections.abc import Callable

SCENARIOS = ("completed", "slow", "empty", "answer", "needs_input", "errored", "timed_out", "cancelled", "pool_full")
LONGEST = 12 * 3_600.0
SETTINGS = settings(suppress_health_check=list(HealthCheck))

unseen = [Fault("503")] * 8
"""So many in a row keep both looks for a lost start from seeing anything."""
one_start = st.tuples((st.just(Fault()) | lost | put_off).map(lambda fault: [fault]), st.just([])) | st.sampled_from(
    [
        ([Fault("500", arrives="forgotten")], unseen),
        ([Fault("500")], unseen),
        ([Fault("500"), Fault("502", arrives="forgotten")], []),
    ]
)
"""What one start meets, and what the looks for its run do."""


def most_at_once(way: Way) -> int:
    """How many runs were active at the server at a time, by its own account."""
    runs = [run for agent in way.world.agents.values() for run in agent.runs]
    moments = sorted([(run.ends, -1) for run in runs] + [(run.starts, 1) for run in runs])
    most = active = 0
    for _, change in moments:
        active += change
        most = max(most, active)
    return most


@pytest.mark.slow
@SETTINGS
@given(
    scenarios=st.lists(st.sampled_from(SCENARIOS), min_size=1, max_size=8),
    at_once=st.sampled_from([1, 1, 2, 3, 5]),
    faults=st.lists(one_start, max_size=6),
    stop_after=st.none() | st.integers(0, 4),
)
def test_a_batch_keeps_its_bounds(
    own_time: Callable[[LifeClock], None],
    scenarios: list[str],
    at_once: int,
    faults: list[tuple[list[Fault], list[Fault]]],
    stop_after: int | None,
) -> None:
    clock = LifeClock()
    own_time(clock)
    way = Way(clock)
    on_loop(clock.take_over)
    way.starts[:] = [fault for met, _ in faults for fault in met]
    way.lists[:] = [fault for _, looks in faults for fault in looks]
    briefs = [f"Find bakeries in town {number}. scenario:{scenario}" for number, scenario in enumerate(scenarios)]
    batch = ow.start_many(briefs, at_once=at_once, client=way.client, show=False)

    def stands_still() -> bool:
        return is_done(batch) or batch.error is not None

    if stop_after is not None:
        clock.let_pass(LONGEST, lambda: stands_still() or len(batch.runs) >= stop_after)
        batch.stop()
        clock.let_pass(LONGEST, stands_still)
        assert is_done(batch)
        assert batch.error is None
        batch.resume()
    for _ in range(20):
        clock.let_pass(LONGEST, stands_still)
        if batch.error is None:
            break
        batch.resume()
    assert is_done(batch), batch
    assert [run.prompt for run in batch] == briefs
    made = Counter({brief: len(runs) for brief, runs in way.made.items()})
    assert made == Counter(briefs)
    assert most_at_once(way) <= at_once
    assert not way.early
    way.calm()
