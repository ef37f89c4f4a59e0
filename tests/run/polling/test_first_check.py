"""The first check of a run plans the next one, although the poller sleeps longer already."""

import asyncio

from origami_widgets.api.errors import ServerError
from origami_widgets.run.polling.poller import Poller
from tests.run.polling.scripted import RUNNING, Server
from tests.support.simulation import SharedClock


async def asked_after(*script, retry_after):
    clock = SharedClock()
    server = Server(clock, *script, retry_after=retry_after)

    async def poll_run(*arguments, **options):
        # As over a network: the poller goes to sleep while the answer is on its way.
        await clock.sleep(0.2, asyncio.Event())
        return await Server.poll_run(server, *arguments, **options)

    server.poll_run = poll_run
    poller = Poller(clock)
    watch = await poller.watch(server, "agent", "run", started=None)
    first = asyncio.ensure_future(poller.first_check(watch))
    await clock.go_on(14)
    await first
    return [round(moment - server.asked[0][0], 1) for moment, *_ in server.asked]


async def test_the_next_check_comes_when_the_server_says():
    assert (await asked_after(RUNNING, retry_after=3.0))[:3] == [0.0, 3.2, 6.4]


async def test_a_first_look_that_fails_is_repeated_when_the_plan_says():
    first, second, *_ = await asked_after(ServerError("down", transient=True), RUNNING, retry_after=3.0)
    assert second - first < 3
