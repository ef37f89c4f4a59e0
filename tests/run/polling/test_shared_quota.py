"""An hour of several kernels that share one organization, with the sandbox's own quotas, on a simulated clock."""

import asyncio

import pytest

from origami_widgets.api.usage import is_counted
from tests.support.simulation import START, Kernel, Organization, SharedClock, crowded, longest_gap

pytestmark = pytest.mark.slow

HOUR = 3_600.0


async def an_hour(kernels, runs, seconds=HOUR):
    clock = SharedClock()
    organization = Organization(clock)
    crowd = [Kernel(organization, number) for number in range(kernels)]
    attaching = [asyncio.ensure_future(kernel.attach(runs)) for kernel in crowd]
    await clock.go_on(seconds)
    await asyncio.gather(*attaching)
    for kernel in crowd:
        kernel.close()
    return organization


async def test_ten_kernels_with_twenty_runs_are_hardly_refused():
    seen = await an_hour(10, 20)
    assert len(seen.asked) == 200
    # People attach 200 times within seconds, before any kernel knows of the others. After that there is nothing to refuse.
    assert max(map(len, seen.refused.values()), default=0) <= 2
    assert not [at for times in seen.refused.values() for at in times if at > START + 60]
    assert max(longest_gap(times, START + HOUR) for times in seen.asked.values()) < 450
    assert sum(map(len, seen.by_kernel.values())) >= 65 * HOUR / 60
    assert min(seen.left[200:]) > 0


async def test_fifty_runs_in_one_kernel_send_nearly_eighty_requests_a_minute():
    seen = await an_hour(1, 50, 1_200)
    (times,) = seen.by_kernel.values()
    assert not seen.refused
    # To attach is what a person does, and is not put off.
    polls = [at for at in times if at >= START + 60]
    assert crowded(polls) <= 80
    assert len(polls) >= 60 * 19
    # At first the polls make up for what it took to attach.
    assert max(longest_gap(asked, START + 1_200) for asked in seen.asked.values()) <= 120
    assert (
        max(longest_gap([at for at in asked if at > START + 180], START + 1_200) for asked in seen.asked.values()) <= 60
    )


async def test_fifty_cards_with_open_leads_starve_no_poll_and_no_cancel():
    clock = SharedClock()
    organization = Organization(clock)
    kernel = Kernel(organization, 0)
    attaching = asyncio.ensure_future(kernel.attach(50))
    await clock.go_on(120)
    await attaching

    async def read_leads():
        # The leads of each card always have something new.
        is_counted.set(True)
        while True:
            await kernel.poller.allow(kernel)
            await kernel.read_rows()

    reading = [asyncio.create_task(read_leads()) for _ in range(50)]
    await clock.go_on(600)
    watch, asked_at = kernel.watches[25], clock.now
    before = len(organization.asked[watch.state.run_id])
    # What a click on Cancel does once its request, which never waits, has been answered: the run is checked at once.
    kernel.poller.hurry(watch)
    await clock.go_on(5)
    answered = organization.asked[watch.state.run_id][before]
    await clock.go_on(600)
    for task in reading:
        task.cancel()
    kernel.close()
    times = [at for at in organization.by_kernel[0] if at >= START + 120]
    assert not organization.refused
    assert crowded(times) <= 80
    assert len(organization.rows) >= 20
    assert answered - asked_at <= 1
    gaps = [longest_gap([at for at in asked if at > START + 240], clock.now) for asked in organization.asked.values()]
    assert max(gaps) <= 90


async def test_a_kernel_that_comes_later_is_not_shut_out():
    clock = SharedClock()
    organization = Organization(clock)
    crowd, attaching = [], []
    for number in range(2):
        crowd.append(Kernel(organization, number))
        attaching.append(asyncio.ensure_future(crowd[number].attach(30)))
        await clock.go_on(300)
    since = clock.now
    await clock.go_on(1_800)
    await asyncio.gather(*attaching)
    for kernel in crowd:
        kernel.close()
    counts = [sum(at > since for at in times) for times in organization.by_kernel.values()]
    assert min(counts) >= 10 * 30
    assert not any(organization.refused.values())
