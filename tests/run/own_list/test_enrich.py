"""`enrich`: the user's rows with new columns, asked for first, paid for once, and stopped as a whole."""

from __future__ import annotations

import asyncio
import threading

import pandas as pd
import pytest

import origami_widgets as ow
from tests.support.errors import raises
from tests.support.interrupts import interrupt
from tests.support.quick import see


def test_the_same_rows_come_back_with_new_columns(server, client, companies):
    before = companies.copy(deep=True)
    found = ow.enrich(companies, "Find phones", key="website", columns=["zip"], client=client, show=False)
    pd.testing.assert_frame_equal(companies, before)
    pd.testing.assert_frame_equal(found[list(companies)], companies, check_flags=False)
    assert found["phone"].to_list() == ["+1 555 0000", "+1 555 0001", "+1 555 0000", "+1 555 0002"]
    about = found.attrs["origami"]
    assert (about["frame"], about["joined"], about["found_columns"]) == ("enrich", 4, ["phone"])
    assert about["credits_used"] == server.paid == 3
    assert len(server.runs) == 1
    assert server.runs[0].prompt == "Find phones"
    assert (server.enrichments, "revenue" in server.sent) == (0, False)


def test_all_rows_come_back_also_those_without_a_key(server, client, companies, tmp_path):
    rows = pd.concat([companies, companies.assign(website=["", None, "  ", pd.NA])]).sample(frac=1, random_state=3)
    file = tmp_path / "crm.csv"
    rows.to_csv(file, index=False, sep=";")
    with pytest.warns(RuntimeWarning, match="4 of 8 rows") as warned:
        found = ow.enrich(file, "Find phones", key="website", columns=["zip"], client=client, show=False)
    assert [each.filename for each in warned] == [__file__]
    assert found["zip"].fillna("").to_list() == rows["zip"].fillna("").to_list()
    assert found["phone"].isna().to_list() == rows["website"].fillna("").str.strip().eq("").to_list()
    [written] = ow.export(found, tmp_path / "found.csv")
    assert written.read_text().splitlines()[0] == ";".join([*rows.columns, "Phone"])
    assert len(server.runs) == 1


def test_awaited(server, client, companies):
    found = asyncio.run(ow.aio.enrich(companies, "Find phones", key="website", client=client, show=False))
    assert found["phone"].notna().all()


def test_a_frame_that_was_enriched_is_refused(server, client, companies):
    found = ow.enrich(companies, "Find phones", key="website", client=client, show=False)
    before = len(server.requests)
    with raises("InvalidInput", match="enriched before"):
        ow.enrich(found, "Find phones", key="website", client=client, show=False)
    assert len(server.requests) == before
    again = ow.enrich(found, "Find phones", key="website", client=client, fresh=True, show=False)
    assert "phone_found" in again
    assert len(server.runs) == 2


def test_under_a_name_it_is_paid_for_once(server, client, companies, execute, asked):
    def call(prompt: str = "Find phones") -> pd.DataFrame:
        return ow.enrich(companies, prompt, key="website", once="crm", client=client, show=False)

    first, again = execute(call), execute(call)
    pd.testing.assert_frame_equal(first, again)
    assert (len(server.runs), len(server.contents)) == (1, 1)
    with raises("NameTaken"):
        execute(lambda: call("Find e-mails"))
    assert len(server.runs) == 1


def test_a_cell_that_is_run_again_pays_again_with_a_table_of_its_own(server, client, companies, execute, asked):
    def call() -> list[str]:
        return list(ow.enrich(companies, "Find phones", key="website", client=client, show=False))

    assert execute(call) == execute(call) == [*companies, "phone"]
    assert (len(server.runs), len(server.contents), len(asked[0])) == (2, 2, 2)


def test_it_asks_first_in_a_notebook_and_a_no_sends_nothing(server, client, companies, execute, asked):
    questions, answers = asked
    answers[:] = ["n", "y"]

    def call(**options) -> pd.DataFrame:
        return ow.enrich(companies, "Find phones", key="website", columns=["zip"], client=client, **options)

    with raises("StartDeclined"):
        execute(call)
    assert server.requests == []
    for part in ("3 of 4 rows", "1 repeated", "2 columns", "website, zip", "your organization", "no credit limit"):
        assert part in questions[0]
    execute(lambda: call(once="crm", credit_limit=100))
    assert (len(questions), len(server.runs)) == (2, 1)
    assert "limit of 100 credits" in questions[1]
    execute(lambda: call(once="crm", credit_limit=100))
    assert len(questions) == 2, "what is paid for already is not asked about"


@pytest.mark.parametrize(("confirm", "times"), [(False, 0), ("enrich", 1), (True, 1)])
def test_it_asks_once_unless_nothing_may_ask(client, companies, execute, asked, confirm, times):
    ow.configure(confirm=confirm)
    try:
        execute(lambda: ow.enrich(companies, "Find phones", key="website", client=client, show=False))
    finally:
        ow.configure(confirm="enrich")
    assert len(asked[0]) == times


def test_an_interrupt_cancels_the_run_and_stops_its_cells(server, client, companies, clock):
    clock.skips = lambda: False
    reached = threading.Event()
    threading.Thread(target=lambda: (see(lambda: server.runs), reached.set())).start()
    interrupt(lambda: ow.enrich(companies, "Find phones", key="website", client=client, show=False), reached)
    see(lambda: server.cancels == [server.runs[0].agent])
    clock.skips = lambda: True
    see(lambda: server.active(server.tables[0]) == 0)


@pytest.mark.parametrize("prompt", ["asking", "nothing"])
def test_an_end_without_success_is_an_error_with_what_there_is(server, client, companies, prompt):
    with raises("EnrichmentFailed") as caught:
        ow.enrich(companies, prompt, key="website", client=client, show=False)
    error = caught.value
    assert error.run.status == ("needs_input" if prompt == "asking" else "completed")
    assert error.partial.index.equals(companies.index)
    assert error.table.id == error.partial.attrs["origami"]["table_id"]
    assert "ow.join_leads(frame, error.table, key='website')" in error.remedy
    if prompt == "asking":
        run = error.run.answer("North").wait("cells")
        assert run.status == "completed"


# The second cell passes the limit a long time before the agent's end.
@pytest.mark.parametrize("server", [{"agent_seconds": 10_000, "cells_per_second": 0.02, "in_flight": 1}], indirect=True)
def test_a_credit_limit_is_an_end_without_success(server, client, companies):
    with raises("EnrichmentFailed") as caught:
        ow.enrich(companies, "Find phones", key="website", client=client, credit_limit=1, show=False)
    assert caught.value.run.status == "cancelled"


# All is over within a hundredth of a second: on a busy machine the run was seen to end before its limit was counted.
@pytest.mark.clock
@pytest.mark.parametrize("server", [{"agent_seconds": 0.001, "cells_per_second": 1e6}], indirect=True)
def test_a_whole_list_is_returned_and_a_passed_limit_is_named(server, client, companies):
    with pytest.warns(RuntimeWarning, match="3 credits were used since the start; credit_limit is 2") as caught:
        found = ow.enrich(companies, "Find phones", key="website", client=client, credit_limit=2, show=False)
    assert caught[0].filename == __file__
    assert found["phone"].notna().all()
    assert (server.cancels, server.paid) == ([], 3)


SLOW_CELLS = {"agent_seconds": 5.0, "cells_per_second": 0.005, "in_flight": 1, "credits_per_cell": 10}


@pytest.mark.parametrize("server", [SLOW_CELLS], indirect=True)
@pytest.mark.parametrize("limit", [5, None])
def test_cells_that_were_stopped_are_no_success_of_a_run_that_completed(server, client, companies, clock, limit):
    def stop() -> None:
        see(lambda: server.paid)
        run = ow.attach(server.runs[0].agent, client=client, show=False)
        see(lambda: run.refresh().done)
        run.stop_cells()
        clock.skips = lambda: True

    if limit is None:
        clock.skips = lambda: not server.paid
        threading.Thread(target=stop, daemon=True).start()
    with raises("EnrichmentFailed", match="completely") as caught:
        ow.enrich(companies, "Find phones", key="website", client=client, show=False, credit_limit=limit)
    error = caught.value
    assert error.run.status == "completed"
    assert 0 < error.partial["phone"].notna().sum() < len(companies)
    assert "error.run.fill(credit_limit=" in error.remedy


@pytest.mark.parametrize(
    "options",
    [{"prompt": ""}, {"prompt": "x" * 10_001}, {"model": "gpt"}, {"credit_limit": -1}, {"name": ""}, {"once": ""}],
    ids=str,
)
def test_wrong_arguments_are_refused_before_the_list_is_sent(server, client, companies, options):
    given = {"prompt": "Find phones", **options}
    with raises("InvalidInput"):
        ow.enrich(companies, given.pop("prompt"), key="website", client=client, show=False, **given)
    assert server.requests == []


@pytest.mark.parametrize("server", [{"cells": 60, "agent_seconds": 5.0, "cells_per_second": 0.1}], indirect=True)
@pytest.mark.parametrize("once", [None, "crm"])
def test_a_cell_that_is_run_again_fills_what_was_stopped_if_one_agrees(server, client, execute, asked, clock, once):
    companies = pd.DataFrame({"website": [f"firm{n}.example" for n in range(60)]})

    def call() -> pd.DataFrame:
        return ow.enrich(companies, "Find phones", key="website", client=client, once=once, show=False)

    def stop() -> None:
        see(lambda: server.paid > 20)
        ow.attach(server.runs[0].agent, client=client, show=False).cancel()
        clock.skips = lambda: True

    questions, answers = asked
    answers[:] = ["y", "n", "y"]
    clock.skips = lambda: server.paid <= 20
    threading.Thread(target=stop, daemon=True).start()
    with raises("EnrichmentFailed", "completely") as caught:
        execute(call)
    assert "error.run.fill(credit_limit=" in caught.value.remedy
    lacking, paid = caught.value.partial["phone"].isna().sum(), server.paid
    assert 0 < lacking < 40
    with raises("EnrichmentFailed", "completely"):
        execute(call)
    assert (len(server.runs), server.paid) == (1, paid)
    found = execute(call)
    assert found["phone"].notna().all()
    assert (len(server.runs), len(server.contents), server.finish()) == (2, 1, 60)
    assert [question.partition(" ")[0] for question in questions] == ["Send", "Fill", "Fill"]
    assert f"Fill {lacking} cells?" in questions[-1]
