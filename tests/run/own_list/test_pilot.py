"""A pilot: some rows first, a price for the rest, and the rest only after a yes, within the limit. Each row is paid once."""

from __future__ import annotations

import contextlib
import threading
from random import Random

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.run.own_list.pilot import pilot_rows, price_range
from tests.support.errors import raises
from tests.support.own_list_server import OwnListServer
from tests.support.processes import SameFiles
from tests.support.quick import see

ROWS, PRICE = 60, 2.0
PAID = pytest.mark.parametrize(
    "server",
    [{"cells": 5, "agent_seconds": 30.0, "credits_per_cell": PRICE, "cells_per_second": 5.0}],
    ids=["5 cells of the agent"],
    indirect=True,
)


@pytest.fixture
def companies() -> pd.DataFrame:
    return pd.DataFrame({"website": [f"{n}.example" for n in range(ROWS)], "zip": "01234", "note": "mine"})


@pytest.fixture
def call(client, companies):
    def enrich(frame: pd.DataFrame = companies, **options) -> pd.DataFrame:
        given = {"key": "website", "columns": ["zip"], "pilot": 20, "client": client, "show": False} | options
        return ow.enrich(frame, "Find phones", **given)

    return enrich


def paid_once(server, rows=ROWS):
    """Each row has a value and was paid for once, and the columns ran by themselves for all but the agent's five."""
    (table,) = server.contents
    assert len(server.contents[table]) == rows
    assert (set(server.enriched.values()), server.enriched.total()) == ({1}, rows - 5)
    assert server.paid == PRICE * rows
    assert len(server.runs) == 1


@PAID
def test_within_the_limit_it_goes_on_where_nobody_is_asked(server, client, companies, call):
    found = call(credit_limit=1_000)
    assert found["phone"].notna().all()
    pd.testing.assert_frame_equal(found[list(companies)], companies, check_flags=False)
    paid_once(server)
    assert found.attrs["origami"]["credits_used"] == PRICE * ROWS
    assert "mine" not in server.sent
    sizes = [len(rows) for _, how, rows in server.writes if how == "upsert"]
    assert sizes == [1] * 15 + [20, 20]


@PAID
@pytest.mark.parametrize("limit", [None, 100], ids=["no limit", "a limit below the range"])
def test_else_it_ends_with_a_price_and_the_same_call_goes_on(server, call, limit):
    with raises("EnrichmentFailed") as caught:
        call(credit_limit=limit, once="crm")
    assert caught.value.code == "PILOT_ENDED"
    assert "20 of 60 rows: Phone: 20 found, 40 credits. The other 40: 80 to 86 credits." in caught.value.cause
    assert caught.value.partial["phone"].notna().sum() == 20
    assert server.paid == 20 * PRICE
    assert call(credit_limit=1_000, once="crm")["phone"].notna().all()
    paid_once(server)


@PAID
def test_it_asks_with_the_price_and_a_no_costs_nothing_more(server, call, execute, asked):
    questions, answers = asked
    answers[:] = ["y", "n", "y"]
    with raises("EnrichmentFailed") as caught:
        execute(lambda: call(credit_limit=500))
    assert (caught.value.code, server.paid) == ("DECLINED", 20 * PRICE)
    assert "80 to 86 credits" in questions[1]
    assert execute(lambda: call(credit_limit=500))["phone"].notna().all()
    assert len(questions) == 3, "what a pilot has cost is not asked about again, only the rest"
    paid_once(server)


@pytest.mark.parametrize(
    "server", [{"cells": 5, "credits_per_cell": PRICE, "begins_after": 30.0}], ids=["late cells"], indirect=True
)
def test_cells_that_begin_after_the_last_check_of_the_run_are_counted(server, call, execute, asked):
    assert execute(call).attrs["origami"]["credits_used"] == PRICE * ROWS
    paid_once(server)


@PAID
def test_a_limit_that_the_pilot_has_almost_used_up_is_not_passed(server, call, execute, asked):
    with raises("EnrichmentFailed") as caught:
        execute(lambda: call(credit_limit=90, once="crm"))
    assert caught.value.code == "CREDIT_LIMIT"
    assert 20 * PRICE <= server.paid <= 90
    execute(lambda: call(credit_limit=500, once="crm"))
    paid_once(server)


@pytest.mark.parametrize(
    "server",
    [{"cells": 5, "agent_seconds": 0.001, "credits_per_cell": PRICE, "cells_per_second": 1e6}],
    ids=["all at once"],
    indirect=True,
)
def test_a_limit_that_the_agent_has_passed_ends_the_pilot(server, call):
    with raises("EnrichmentFailed", match="higher credit_limit") as caught:
        call(credit_limit=PRICE, once="crm")
    assert (caught.value.code, caught.value.partial["phone"].notna().sum()) == ("CREDIT_LIMIT", 5)
    call(credit_limit=500, once="crm")
    paid_once(server)


@pytest.mark.parametrize(
    "server",
    [{"cells": 5, "agent_seconds": 5.0, "credits_per_cell": PRICE, "cells_per_second": 0.05, "in_flight": 1}],
    ids=["slow cells of the agent"],
    indirect=True,
)
def test_a_pilot_that_was_stopped_is_filled_and_then_goes_on_beyond_the_limit_of_the_fill(server, client, call, clock):
    def stop() -> None:
        see(lambda: server.paid)
        ow.attach(server.runs[0].agent, client=client, show=False).cancel()
        clock.skips = lambda: True

    clock.skips = lambda: not server.paid
    threading.Thread(target=stop, daemon=True).start()
    with raises("EnrichmentFailed", match="then run the same call again") as caught:
        call(credit_limit=500, once="crm")
    run = caught.value.run.fill(credit_limit=3 * PRICE * 5).wait("cells")
    see(lambda: run.state.filled)
    assert call(credit_limit=500, once="crm")["phone"].notna().all()
    assert server.paid == PRICE * ROWS


@PAID
def test_rows_in_another_order_are_the_same_list(server, call, companies):
    with raises("EnrichmentFailed"):
        call(once="crm")
    shuffled = companies.sample(frac=1, random_state=1)
    found = call(shuffled, once="crm", credit_limit=500)
    assert found["website"].to_list() == shuffled["website"].to_list()
    assert found["phone"].notna().all()
    paid_once(server)
    with raises("NameTaken"):
        call(companies.assign(zip="edited"), once="crm", credit_limit=500)


@PAID
@pytest.mark.parametrize("fault", ["lost", 500, 402, 429])
def test_a_write_that_fails_is_not_paid_twice(server, call, fault):
    route = "POST /tables/{id}/rows/upsert"

    def fail() -> None:
        # Of the first chunk of the rest, and of one row of the pilot.
        if len(server.writes) in {5, 16} and len(server.writes) not in failed:
            failed.add(len(server.writes))
            if fault in {402, 429}:
                server.refuse(route, fault)
            else:
                server.fail(route, None if fault == "lost" else fault, takes_effect=True)

    failed: set[int] = set()
    server.asked = fail
    found = None
    while found is None:
        with contextlib.suppress(ow.OrigamiError):
            found = call(credit_limit=500, once="crm")
    assert failed == {5, 16}
    assert found["phone"].notna().all()
    paid_once(server)


@pytest.mark.parametrize(
    ("server", "says_limit", "sizes"),
    [
        ({"cells": 5, "credits_per_cell": PRICE, "chunk_rows": 7}, True, [7, 7, 7, 7, 7, 5]),
        ({"cells": 5, "credits_per_cell": PRICE, "chunk_rows": 7}, False, [5] * 8),
    ],
    indirect=["server"],
    ids=["names its limit", "doesn't"],
)
def test_a_chunk_that_is_too_large_is_cut_and_no_row_is_paid_twice(server, call, says_limit, sizes):
    server.says_limit = says_limit
    assert call(credit_limit=1_000)["phone"].notna().all()
    assert [len(rows) for _, how, rows in server.writes if how == "upsert"] == [1] * 15 + sizes
    paid_once(server)


@PAID
def test_a_price_that_is_not_reported_is_not_taken_for_none(server, call):
    server.says_credits = False
    with raises("EnrichmentFailed") as caught:
        call(credit_limit=1_000, once="crm")
    assert (caught.value.code, server.paid) == ("UNKNOWN_COST", 20 * PRICE)


@PAID
def test_a_receipt_does_not_prove_that_rows_were_written(server, call):
    server.swallows = 1
    with pytest.warns(RuntimeWarning, match="20 rows of your list aren't in the table"):
        call(credit_limit=1_000, once="crm")
    assert call(credit_limit=1_000, once="crm")["phone"].notna().all()
    paid_once(server)


@PAID
def test_columns_of_others_are_named_and_not_run_unasked(server, call):
    added: list[str] = []

    def add() -> None:
        if not added and server.runs and server.runs[0].ends < server.now():
            added.extend(server.contents)
            server.colleague_adds(added[0], "score")

    server.asked = add
    with raises("EnrichmentFailed") as caught:
        call(credit_limit=500)
    assert caught.value.code == "FOREIGN_COLUMNS"
    assert "Score" in caught.value.cause
    assert not server.enriched


def test_the_agent_asks_in_the_pilot(server, client, call):
    with raises("EnrichmentFailed") as caught:
        ow.enrich(
            pd.DataFrame({"website": [f"{n}.example" for n in range(30)]}),
            "Find phones, asking",
            key="website",
            pilot=10,
            client=client,
            show=False,
        )
    assert caught.value.run.status == "needs_input"
    assert not server.enriched


@pytest.mark.parametrize("pilot", [7, 0, -1, 60, 61, 20.0, "20", True], ids=str)
def test_what_is_no_pilot(server, call, pilot):
    with raises("InvalidInput", match="pilot"):
        call(pilot=pilot)
    assert server.requests == []


NOTEBOOK = """
import origami_widgets as ow, pandas as pd
frame = pd.DataFrame({"website": [f"{n}.example" for n in range(60)]})
found = ow.enrich(frame, "Find phones", key="website", pilot=12, once="crm", credit_limit=500, show=False)
assert found["phone"].notna().all(), found
"""


@pytest.mark.slow
@pytest.mark.parametrize("kills", [[9, 14, 11], [20, 3, 30, 8], [26, 26, 26]], ids=str)
def test_a_killed_kernel_enriches_no_row_twice(tmp_path, kills):
    options = {"cells": 5, "cells_per_second": 100, "agent_seconds": 2.0, "credits_per_cell": PRICE}
    with OwnListServer(**options) as server:
        kernels = SameFiles(server, tmp_path, NOTEBOOK)
        for requests in kills:
            kernels.kill_after(requests)
        kernels.finish(kernels.begin())
        paid_once(server)


PRICED, REST, LISTS = 15, 480, 40


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_rest_is_seldom_dearer_than_the_range(share):
    chance, held, dearer, told = Random(2), 0, 0, 0  # noqa: S311 - repeatable on purpose
    for _ in range(LISTS):
        found = price_range([15 * (chance.random() < share) for _ in range(PRICED)], REST)
        cost = sum(15 * (chance.random() < share) for _ in range(REST))
        if found is not None:
            told += 1
            held += found[0] <= cost <= found[1]
            dearer += cost > found[1]
    assert held >= 0.7 * told
    assert dearer <= 0.09 * told


def test_the_rows_of_a_pilot_do_not_hang_on_the_order_of_the_list():
    keys = [(f"{n}.example",) for n in range(100)]
    chosen = {keys[at] for at in pilot_rows(keys, "salt", 20)}
    assert chosen == {keys[::-1][at] for at in pilot_rows(keys[::-1], "salt", 20)}
    assert len(chosen) == 20
