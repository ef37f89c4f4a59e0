"""The list of an agent's tables, which is read beside its run: when, how often, and what a fault of it does to the run."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace

import pytest

from origami_widgets.api.errors import AuthenticationError, ServerError, TableNotFound
from origami_widgets.run.polling.schedule import LIMITED_INTERVAL, NEVER
from tests.run.polling.scripted import COMPLETED, SILENT, Server, over, settled_table, started, steps


async def test_the_list_is_read_after_each_check_and_unchanged_notifies_nobody(poller, clock):
    table = COMPLETED["response"]["tables"][0]
    server = Server(clock, *[steps(count) | {"response": None} for count in (1, 1, 1, 1)], COMPLETED)
    server.tables, server.lists = [settled_table()], [[table]]
    watch = await poller.watch(server, "a", "r", started=started("r"))
    seen = []
    watch.subscribers.add(lambda: seen.append((len(watch.state.tables), watch.state.lead_count)))
    await over(watch)
    checks = [at for at, what, _ in server.asked if what == "r"]
    assert len(server.listed) == len(checks) - 1
    pairs = zip(checks, server.listed, checks[1:], strict=False)
    assert all(check <= listed < check + 1 < following for check, listed, following in pairs)
    before_the_end = [point for point in watch.state.history if point.status == "running"]
    assert [(point.steps_completed, point.lead_count) for point in before_the_end] == [(0, None), (1, None), (1, 15)]


async def test_the_list_is_read_between_the_checks_while_a_new_run_has_no_table(poller, clock):
    table = COMPLETED["response"]["tables"][0]
    server = Server(clock, SILENT)
    server.lists = [*[[]] * 8, [table]]
    watch = await poller.watch(server, "a", "r", started=started("r"))
    while len(server.listed) < 12:
        await asyncio.sleep(0)
    assert watch.state.lead_count == 15
    waits = [round(later - earlier) for earlier, later in pairwise(server.listed)]
    assert max(waits[:8]) <= 5
    assert waits[-2:] == [15, 15], "with the checks only, as soon as there is a table"
    checks = [at for at, what, _ in server.asked if what == "r"]
    assert {round(later - earlier) for earlier, later in pairwise(checks)} == {15}, "never before Retry-After"
    watch.schedule = NEVER


@pytest.mark.parametrize(
    "fault",
    [
        ServerError("No", status_code=503, transient=True),
        TableNotFound("No", status_code=404),
        AuthenticationError("No", status_code=401),
        ZeroDivisionError(),
        [None, 7, "table", {"id": None}, {"id": "", "name": 4}],
    ],
    ids=["503", "404", "401", "a mistake of ours", "nonsense"],
)
async def test_a_list_that_cannot_be_read_is_no_failure_of_the_run(poller, clock, fault):
    table = COMPLETED["response"]["tables"][0]
    server = Server(clock, *[steps(count) | {"response": None} for count in range(1, 20)], COMPLETED)
    server.tables, server.lists = [settled_table()], [[table], fault, fault, fault, [table]]
    watch = await poller.watch(server, "a", "r", started=started("r"))
    states = []
    watch.subscribers.add(lambda: states.append((watch.state.connection.state, len(watch.state.tables))))
    await over(watch)
    assert watch.state.status == "completed"
    assert {state for state, _ in states} <= {"live", "ended"}
    # What was known stays known.
    assert [count for _, count in states] == sorted(count for _, count in states)
    checks = [round(at - 1_000) for at, what, _ in server.asked if what == "r"]
    assert checks == [1 + 15 * count for count in range(20)]
    if isinstance(fault, Exception):
        pauses = [later - earlier for earlier, later in zip(server.listed, server.listed[1:], strict=False)]
        assert [round(pause) for pause in pauses[1:4]] == [20, 40, 80]


async def test_tables_of_a_failed_run_are_read_once_more_for_its_end(poller, clock):
    table = COMPLETED["response"]["tables"][0]
    early = {**table, "leadCount": 4, "cells": {"running": 0, "errored": 0}, "updatedAt": "2026-07-21T09:15:00Z"}
    end = {**COMPLETED, "status": "errored", "response": {"text": None, "actions": [], "tables": []}}
    server = Server(clock, SILENT, steps(9) | {"response": None}, end, tables=[settled_table()])
    server.lists = [[early], [early], [table]]
    watch = await poller.watch(server, "a", "r", started=started("r"))
    seen = []
    watch.subscribers.add(lambda: seen.append((watch.state.done, watch.state.lead_count, watch.state.cells_running)))
    await over(watch)
    assert next(each for each in seen if each[0]) == (True, 15, 2)
    assert len(server.listed) == 3
    assert watch.state.settled


async def test_one_reading_of_the_list_serves_all_turns_of_an_agent(poller, clock):
    table = COMPLETED["response"]["tables"][0]
    filling = {**table, "cells": {"running": 4, "errored": 0}}
    ended = {**COMPLETED, "response": {**COMPLETED["response"], "tables": [filling]}}
    server = Server(clock, ended, ended, *[steps(count) | {"response": None} for count in range(9)], COMPLETED)
    server.lists, server.tables = [*[[filling]] * 11, [settled_table()]], [settled_table()]
    first, second, third = [await poller.watch(server, "a", each, started=started(each)) for each in ("1", "2", "3")]
    while not third.state.done:
        await asyncio.sleep(0)
    while_it_ran = list(server.listed)
    assert len(while_it_ran) >= 8
    assert all(later - earlier > 10 for earlier, later in pairwise(while_it_ran[1:])), while_it_ran
    assert not [what for _, what, _ in server.asked if what == table["id"]], "the list says what each table would"
    await over(first, second, third)
    assert [each.state.cells_running for each in (first, second, third)] == [0, 0, 0]


async def test_a_turn_with_a_credit_limit_is_read_in_its_own_rhythm_beside_a_newer_one(poller, clock):
    table = COMPLETED["response"]["tables"][0]
    both = [{**table, "id": name, "cells": {"running": 4, "errored": 0}} for name in ("one", "two")]
    ended = {**COMPLETED, "response": {**COMPLETED["response"], "tables": both}}
    server = Server(clock, ended, *[steps(count) | {"response": None} for count in range(9)], COMPLETED)
    server.lists, server.tables = [both], [settled_table()]
    first, second = [await poller.watch(server, "a", each, started=started(each)) for each in ("1", "2")]
    first.limits["run"] = SimpleNamespace(note=lambda *_: None, reached_in=lambda _: None)
    poller.limit(first)
    while not second.state.done:
        await asyncio.sleep(0)
    gaps = [later - earlier for earlier, later in pairwise(server.listed)]
    assert len(gaps) > 16
    assert max(gaps[1:]) <= LIMITED_INTERVAL + 0.1
    first.schedule = second.schedule = NEVER
