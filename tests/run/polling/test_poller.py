"""One poller for all runs: who is asked, when, and what a failure does. The clock is a number, the server a script."""

import asyncio
import gc
import weakref

import pytest

from origami_widgets.api.errors import ServerError, TableNotFound
from origami_widgets.api.responses import ApiResponse
from origami_widgets.card.view import clock_drifted
from origami_widgets.run.polling import poller as module
from origami_widgets.run.polling.poller import LATE, Poller
from origami_widgets.run.polling.schedule import DEADLINE, NEVER
from origami_widgets.run.reduce import Changed
from origami_widgets.run.starts.credit_limit import CreditLimitReached
from tests.run.polling.scripted import COMPLETED, NAMED, RUNNING, SILENT, Server, over, settled_table, started, steps


async def test_a_run_is_checked_as_the_server_says_and_its_cells_after_it(poller, clock):
    server = Server(clock, steps(3), steps(9), COMPLETED, tables=[COMPLETED["response"]["tables"][0], settled_table()])
    watch = await poller.watch(server, "a", "r", started=started("r"))
    await over(watch)
    asked = [(round(at - 1_000), what) for at, what, _ in server.asked]
    table_id = COMPLETED["response"]["tables"][0]["id"]
    assert asked == [(1, "r"), (16, "r"), (31, "r"), (46, table_id), (61, table_id)]
    assert {include for *_, include in server.asked} == {("stats",)}
    assert (watch.state.status, watch.state.settled, watch.state.connection.state) == ("completed", True, "ended")


@pytest.mark.parametrize("wait", [15, "soon"], ids=["readable", "unreadable"])
async def test_an_unknown_status_ends_with_the_header(poller, clock, wait):
    odd = {**steps(3), "status": "pondering", "response": None}

    class Pondering(Server):
        async def poll_run(self, agent_id, run_id, *, include):
            await super().poll_run(agent_id, run_id, include=include)
            return self.answer({**odd, "id": run_id}, wait if len(self.asked) < 3 else None)

    server = Pondering(clock, odd)
    watch = await poller.watch(server, "a", "r", started=started("r"))
    await over(watch)
    assert len(server.asked) == 3
    assert (watch.state.status, watch.state.done) == ("pondering", True)


async def test_two_handles_of_one_run_are_one_watch(poller, clock):
    server = Server(clock, COMPLETED, tables=[settled_table()])
    first = await poller.watch(server, "a", "r", started=started("r"))
    assert await poller.watch(server, "a", "r", started=None) is first
    other = Server(clock, COMPLETED, tables=[settled_table()])
    assert await poller.watch(other, "a", "r", started=None) is not first
    await over(first)


async def test_failures_do_not_end_a_run(poller, clock):
    failed = ServerError("No", status_code=503, transient=True)
    server = Server(clock, steps(1), *[failed] * 8, steps(9), {**COMPLETED, "response": None})
    watch = await poller.watch(server, "a", "r", started=started("r"))
    seen = []
    watch.subscribers.add(lambda: seen.append((watch.state.connection.state, watch.state.connection.failures)))
    await over(watch)
    assert watch.state.status == "completed"
    assert ("reconnecting", 8) in seen
    pauses = [later[0] - earlier[0] for earlier, later in zip(server.asked, server.asked[1:], strict=False)]
    assert [round(pause) for pause in pauses] == [15, 2, 4, 8, 16, 30, 30, 30, 30, 15]


async def test_an_exception_of_the_loop_does_not_end_polling(clock, monkeypatch, caplog):
    monkeypatch.setattr(module, "AFTER_FAILURE", 0.0)
    sleep, moments = clock.sleep, iter([1, 3])
    fails_at = next(moments)

    async def fails_at_times(seconds, wake):
        nonlocal fails_at
        if len(server.asked) >= fails_at:
            fails_at = next(moments, 1_000)
            raise ValueError("Can't schedule in the past")
        return await sleep(seconds, wake)

    clock.sleep = fails_at_times
    server = Server(clock, steps(3), steps(5), steps(9), COMPLETED, tables=[settled_table()])
    watch = await Poller(clock).watch(server, "a", "r", started=started("r"))
    async with asyncio.timeout(20):
        await over(watch)
    assert watch.state.settled
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


@pytest.mark.slow
@pytest.mark.parametrize(("body", "least", "lists"), [(NAMED, 13, range(1)), (SILENT, 11, range(100, 300))])
async def test_fifty_runs_stay_within_the_rate_limit_and_none_is_starved(clock, body, least, lists):
    poller = Poller(clock)
    server = Server(clock, body, retry_after=15.0)
    watches = [await poller.watch(server, f"a{n}", f"r{n}", started=started(f"r{n}")) for n in range(50)]
    while clock.now < 1_000 + 600:
        await asyncio.sleep(0)
    times = sorted([at for at, *_ in server.asked] + server.listed)
    for at in times:
        assert sum(at <= other < at + 60 for other in times) <= 80
    counts = [sum(run_id == watch.state.run_id for _, run_id, _ in server.asked) for watch in watches]
    assert max(counts) - min(counts) <= 2
    assert min(counts) >= least
    # Lists of tables leave the runs their turns, and are not starved themselves.
    assert len(server.listed) in lists
    for watch in watches:
        watch.schedule = NEVER


@pytest.mark.parametrize("body", [NAMED, SILENT], ids=["tables named", "tables listed"])
@pytest.mark.parametrize("command", ["cancel", "check"])
async def test_a_check_that_a_person_waits_for_goes_before_fifty_others(clock, command, body):
    poller = Poller(clock)
    server = Server(clock, body, retry_after=15.0)
    watches = [await poller.watch(server, "a", f"r{n}", started=started(f"r{n}")) for n in range(50)]
    while clock.now < 1_000 + 100:
        await asyncio.sleep(0)
    # The one that was asked about last would be asked again after all others.
    last = next(watch for watch in watches if watch.state.run_id == server.asked[-1][1])
    known = len(server.asked)
    if command == "cancel":
        last.update(Changed(cancel="requested"))
    else:
        poller.hurry(last)
    due = last.schedule.due
    while not any(run_id == last.state.run_id for _, run_id, _ in server.asked[known:]):
        await asyncio.sleep(0)
    at, *_ = next(entry for entry in server.asked[known:] if entry[1] == last.state.run_id)
    assert due <= at <= due + 2.0
    for watch in watches:
        watch.schedule = NEVER


async def test_runs_that_a_credit_limit_ends_are_checked_no_more_often_than_others(clock):
    """Nobody waits for those checks, and the others have a limit that may be reached, too."""
    poller = Poller(clock)
    server = Server(clock, NAMED, retry_after=15.0)
    watches = [await poller.watch(server, f"a{n}", f"r{n}", started=started(f"r{n}")) for n in range(50)]
    for watch in watches[:10]:
        watch.update(Changed(limit_error=CreditLimitReached("Credit limit of 50 reached"), cancel="requested"))
    while clock.now < 1_000 + 300:
        await asyncio.sleep(0)
    counts = [sum(run_id == watch.state.run_id for _, run_id, _ in server.asked) for watch in watches]
    assert max(counts) - min(counts) <= 2
    for watch in watches:
        watch.schedule = NEVER


async def test_no_reader_believes_that_a_late_check_was_made(clock):
    poller = Poller(clock)
    server = Server(clock, RUNNING, retry_after=15.0)
    watches = [await poller.watch(server, "a", f"r{n}", started=started(f"r{n}")) for n in range(60)]
    # The moments that a card or board shows, and counts on from.
    shown, wrong, late = {}, [], 0
    while clock.now < 1_000 + 200:
        await asyncio.sleep(0)
        for watch in watches:
            connection = watch.state.connection
            clock_of = {
                "connection": connection.state,
                "interval": connection.interval,
                "next_at": connection.next_at and connection.next_at * 1000,
            }
            if watch not in shown or clock_drifted(shown[watch], clock_of):
                shown[watch] = clock_of
            late += shown[watch]["next_at"] is None
            due, overdue = watch.schedule.due, shown[watch]["next_at"] is not None and "run" not in watch.reading
            # A reader sees a check in each moment of the grid that has passed.
            if overdue and due is not None and clock.now - due > LATE + 1:
                wrong.append((watch.state.run_id, clock.now - due))
    assert late
    assert wrong == []
    for watch in watches:
        watch.schedule = NEVER


async def test_a_run_without_a_handle_is_not_checked(poller, clock):
    server = Server(clock, RUNNING)
    watch = await poller.watch(server, "a", "r", started=started("r"))
    while not server.asked:
        await asyncio.sleep(0)
    del watch
    for _ in range(50):
        await asyncio.sleep(0)
    count = len(server.asked)
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(server.asked) <= count + 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_deleted_table_is_gone_and_its_credits_still_count(poller, clock):
    first = COMPLETED["response"]["tables"][0]
    other = {**first, "id": "table-2"}

    class OneGone(Server):
        async def poll_table(self, table_id, *, include):
            if table_id == first["id"]:
                raise TableNotFound("No", status_code=404)
            return await super().poll_table(table_id, include=include)

    body = {**COMPLETED, "response": {**COMPLETED["response"], "tables": [first, other]}}
    server = OneGone(clock, body, tables=[{**settled_table(), "id": "table-2"}])
    watch = await poller.watch(server, "a", "r", started=started("r"))
    await over(watch)
    assert (watch.state.settled, watch.state.connection.state) == (True, "ended")
    assert [table.id for table in watch.state.tables] == ["table-2"]
    assert watch.state.credits_used == 2 * first["credits"]["lifetimeUsed"]
    # An answer about the run may go on naming it.
    await poller.check(watch)
    assert [table["id"] for table in watch.state.payload()["response"]["tables"]] == ["table-2"]


async def test_a_table_that_cannot_be_read_leaves_the_others_readable(poller, clock):
    first = COMPLETED["response"]["tables"][0]

    class OneBroken(Server):
        async def poll_table(self, table_id, *, include):
            if table_id == first["id"]:
                raise ServerError("No", status_code=500, transient=True)
            return await super().poll_table(table_id, include=include)

    body = {**COMPLETED, "response": {**COMPLETED["response"], "tables": [first, {**first, "id": "table-2"}]}}
    server = OneBroken(clock, body, tables=[{**settled_table(), "id": "table-2"}])
    watch = await poller.watch(server, "a", "r", started=started("r"))
    await over(watch)
    assert [table.cells.running == 0 for table in watch.state.tables] == [False, True]
    assert watch.state.connection.state == "stopped"


async def test_a_look_after_the_deadline_starts_the_watch_again(poller, clock):
    watch = await poller.watch(Server(clock, RUNNING), "a", "r", started=started("r"))
    await over(watch)
    assert watch.state.connection.state == "stopped"
    await poller.check(watch)
    assert watch.state.connection.state == "live"
    before = clock.now
    await over(watch)
    assert clock.now - before == pytest.approx(DEADLINE, abs=16)


async def test_a_mistake_of_ours_is_a_failed_check(poller, clock):
    class Odd(Server):
        async def poll_run(self, agent_id, run_id, *, include):
            answer = await super().poll_run(agent_id, run_id, include=include)
            if len(self.asked) == 2:
                raise ZeroDivisionError
            return answer

    server = Odd(clock, steps(1), steps(2), steps(3), {**COMPLETED, "response": None})
    watch = await poller.watch(server, "a", "r", started=started("r"))
    seen = []
    watch.subscribers.add(lambda: seen.append(watch.state.connection.state))
    await over(watch)
    assert watch.state.status == "completed"
    assert "reconnecting" in seen
    assert min(later[0] - earlier[0] for earlier, later in zip(server.asked, server.asked[1:], strict=False)) >= 1


@pytest.mark.parametrize(("code", "holds"), [("RATE_LIMITED", True), ("CONCURRENT_LIMIT_EXCEEDED", False)])
async def test_a_refusal_of_requests_holds_every_run_and_a_full_pool_none(poller, clock, code, holds):
    server = Server(clock, RUNNING)
    watches = [await poller.watch(server, "a", f"r{n}", started=started(f"r{n}")) for n in range(3)]
    while len(server.asked) < 3:
        await asyncio.sleep(0)
    # Some other request of the process got it.
    server.traffic.note_response(ApiResponse(429, {"code": code}, retry_after=50.0))
    at, known = clock.now, len(server.asked)
    while len(server.asked) < known + 3:
        await asyncio.sleep(0)
    pause = next(asked - at for asked, *_ in server.asked[known:] if asked > at)
    assert (pause >= 50) is holds
    for watch in watches:
        watch.schedule = NEVER


async def test_a_look_that_fails_puts_off_the_next_check_as_long_as_the_server_says(poller, clock):
    failed = ServerError("No", status_code=503, transient=True, retry_after=42.0)
    server = Server(clock, RUNNING, failed, RUNNING)
    watch = await poller.watch(server, "a", "r", started=None)
    await poller.check(watch)
    with pytest.raises(ServerError):
        await poller.check(watch)
    at = clock.now
    while len(server.asked) < 3:
        await asyncio.sleep(0)
    assert server.asked[2][0] - at >= 42
    watch.schedule = NEVER


@pytest.mark.parametrize("ends", ["allowed", "cancelled"])
async def test_nothing_is_kept_of_a_request_that_has_waited(poller, clock, ends):
    def urgent():
        return False

    waiting = asyncio.ensure_future(poller.allow(Server(clock), urgent=urgent))
    kept = weakref.ref(urgent)
    del urgent
    await asyncio.sleep(0)
    if ends == "cancelled":
        waiting.cancel()
    await asyncio.wait([waiting])
    del waiting
    gc.collect()
    assert kept() is None
