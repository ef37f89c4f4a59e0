"""Real processes that share one organization, against the sandbox's limiter; `tests/support/kernels.py` tells what is
scaled.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import time

import pytest

from tests.support.kernels import SCALE, Counting, Kernel
from tests.support.simulation import crowded, longest_gap

pytestmark = pytest.mark.clock

PROCESSES, RUNS = 10, 20
MINUTE = 60.0
BRIEF = "Find bakeries in Porto. scenario:slow"
"""Takes a quarter of an hour."""


@contextlib.contextmanager
def kernels(sandbox, count, **options):
    with contextlib.ExitStack() as stack:
        served = stack.enter_context(sandbox.serve())
        crowd = [stack.enter_context(Kernel(sandbox, served.base_url, **options)) for _ in range(count)]
        assert {kernel.says() for kernel in crowd} == {"ready"}
        yield crowd


def test_two_hundred_runs_in_ten_processes_are_watched_to_their_end():
    sandbox = Counting()
    with kernels(sandbox, PROCESSES, until_the_end=True) as crowd:
        tokens = sandbox.start(PROCESSES * RUNS, BRIEF)
        sandbox.let_go()
        shares = [tokens[at : at + RUNS] for at in range(0, len(tokens), RUNS)]
        for kernel, share in zip(crowd, shares, strict=True):
            kernel.begin(share)
        assert {kernel.says() for kernel in crowd} == {"attached"}
        ends = [json.loads(kernel.says()) for kernel in crowd]
    assert ends == [["completed"] * RUNS] * PROCESSES
    run_ids = [[token.partition("/")[2] for token in share] for share in shares]
    refused = [sum(len(sandbox.refused[run_id]) for run_id in share) for share in run_ids]
    polls = [sorted(itertools.chain(*(sandbox.asked[run_id] for run_id in share))) for share in run_ids]
    assert max(refused) <= 5
    assert sum(refused) <= 0.05 * sum(map(len, polls))
    # Eighty polls a minute for two hundred runs: each is asked about every third minute or so.
    assert max(longest_gap(times, times[-1]) for times in sandbox.asked.values()) <= 10 * MINUTE
    assert min(map(len, sandbox.asked.values())) >= 2


def test_fifty_runs_in_one_process_cost_eighty_requests_a_minute_at_most():
    sandbox = Counting()
    with kernels(sandbox, 1, until_the_end=False) as (kernel,):
        tokens = sandbox.start(50, BRIEF)
        sandbox.let_go()
        kernel.begin(tokens)
        assert kernel.says() == "attached"
        began = sandbox.now()
        time.sleep(6 * MINUTE / SCALE)
        # As they are sent: a busy machine lets them come to the server at once that were sent one after the other.
        polls = [at for at in kernel.polled() if at > began + MINUTE]
    assert not any(sandbox.refused.values())
    assert crowded(polls) <= 80
    assert len(sandbox.asked) == 50
    # On a busy machine, many fewer than it might.
    assert len(polls) >= 5 * 80 / 4
    arrived = sum(at > began + MINUTE for times in sandbox.asked.values() for at in times)
    assert arrived >= 0.9 * len(polls)


def test_fifty_cards_with_leads_cost_no_more_and_starve_no_poll():
    # Leads come after the runs: what is left over is theirs.
    sandbox = Counting()
    with kernels(sandbox, 1, until_the_end=False, looks_at_leads=True) as (kernel,):
        tokens = sandbox.start(50, BRIEF)
        sandbox.let_go()
        kernel.begin(tokens)
        assert kernel.says() == "attached"
        began = sandbox.now()
        gives_up = time.monotonic() + 60
        while len(sandbox.rows) < 5:
            assert time.monotonic() < gives_up, "leads are never asked for"
            time.sleep(0.1)
        until = sandbox.now()
        requests = [at for at in kernel.polled() if at > began + MINUTE]
    assert not any(sandbox.refused.values())
    assert crowded(requests) <= 80
    assert len(sandbox.asked) == 50
    assert max(longest_gap(times, until) for times in sandbox.asked.values()) <= 5 * MINUTE
