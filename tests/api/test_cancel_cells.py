"""Stopping the cells of a table, and counting them: what is sent, repeated and refused."""

from __future__ import annotations

import json

import pytest

from origami_widgets.api.client import Client
from origami_widgets.api.errors import InvalidInput
from tests.api.conftest import KEY
from tests.support.server import answer

STOPPED = {"tableId": "t", "cancelledCells": 19, "cancelledLeadSourceJobs": 2}
ACTIVE = {"dryRun": True, "tableId": "t", "activeCells": 19, "activeLeadSourceJobs": 2}
UNAVAILABLE = answer({"error": "Unavailable", "code": "INTERNAL_ERROR"}, status=503)


@pytest.mark.parametrize(
    ("columns", "body"),
    [(None, {}), (["phone", "fit"], {"columns": ["phone", "fit"]}), (("fit",), {"columns": ["fit"]})],
)
def test_the_request_names_the_columns_or_the_whole_table(server, client, columns, body):
    server.plan(answer(STOPPED), answer(ACTIVE))
    stopped, active = client.cancel_cells("t", columns=columns), client.active_cells("t", columns=columns)
    assert (stopped.table_id, stopped.cells, stopped.lead_source_jobs) == ("t", 19, 2)
    assert (active.table_id, active.cells, active.lead_source_jobs) == ("t", 19, 2)
    assert (stopped.raw, active.raw) == (STOPPED, ACTIVE)
    assert [json.loads(request.body) for request in server.requests] == [body, {**body, "dryRun": True}]
    # With a key, the server would repeat its old answer.
    assert all("idempotency-key" not in request.headers for request in server.requests)


@pytest.mark.parametrize("columns", [[], "phone", [""], [" "], [None], [3], {"phone": 1}, 7, [KEY], ["\ud83c"]])
@pytest.mark.parametrize("call", ["cancel_cells", "active_cells"])
def test_a_list_that_names_no_columns_is_refused_before_anything_is_sent(server, client, call, columns):
    with pytest.raises(InvalidInput) as refused:
        getattr(client, call)("t", columns=columns)
    assert refused.value.remedy
    assert KEY not in str(refused.value)
    assert server.requests == []


@pytest.mark.parametrize("call", ["cancel_cells", "active_cells"])
def test_it_is_sent_again_after_a_fault_because_repeating_is_safe(server, quick, call):
    server.plan(UNAVAILABLE, UNAVAILABLE, answer(STOPPED if call == "cancel_cells" else ACTIVE))
    assert getattr(Client(KEY, base_url=server.base_url), call)("t").cells == 19
    assert len(server.requests) == 3
