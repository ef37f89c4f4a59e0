"""Checks that wait for their turn: shown to be late, and after those that a person waits for."""

import asyncio

from origami_widgets.run.polling.poller import LATE
from origami_widgets.run.polling.schedule import NEVER
from tests.run.polling.scripted import COMPLETED, RUNNING, Server, over, started


async def test_a_late_check_is_shown_once_and_not_before_it_is_late(poller, clock):
    watch = await poller.watch(Server(clock, RUNNING), "a", "r", started=started("r"))
    shown = []
    watch.subscribers.add(lambda: shown.append(watch.state.connection.next_at))
    due = watch.schedule.due
    poller.show_delays(due + LATE)
    assert shown == []
    poller.show_delays(due + LATE + 0.1)
    poller.show_delays(due + LATE + 9)
    assert shown == [None]
    assert watch.state.connection.interval == 15.0
    watch.schedule = NEVER


async def test_a_check_that_is_under_way_is_not_late(poller, clock):
    watch = await poller.watch(Server(clock, RUNNING), "a", "r", started=started("r"))
    known = watch.state
    watch.reading.add("run")
    poller.show_delays(watch.schedule.due + 100)
    assert watch.state is known
    watch.reading.discard("run")
    watch.schedule = NEVER
    poller.show_delays(1e9)
    assert watch.state is known


async def test_what_is_over_or_saved_is_not_read_soon(poller, clock):
    server = Server(clock, {**COMPLETED, "response": None})
    watch = await poller.watch(server, "a", "r", started=started("r"))
    await over(watch)
    count = len(server.asked)
    poller.soon(watch)
    assert watch.schedule.due is None
    watch.operations = None
    poller.soon(watch)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(server.asked) == count
