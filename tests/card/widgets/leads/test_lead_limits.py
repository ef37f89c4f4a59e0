"""Leads within the rate limit: the first ones go before routine checks, and a refusal is said."""

from __future__ import annotations

import json
import time

import origami_widgets as ow
from origami_widgets.api.models.table import Table
from origami_widgets.card.view.lead_cells import LIMITED
from origami_widgets.run.reduce import TablesRead
from tests.card.live import on_loop, receive, sent_by
from tests.card.widgets.leads.lead_front import SIZE, message
from tests.support.quick import see


class Noting(ow.Sandbox):
    """A sandbox that notes the order of requests, and refuses them all while `refusing` seconds are set."""

    def __init__(self, **options):
        super().__init__(**options)
        self.asked, self.refusing = [], 0

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        self.asked.append("rows" if path.endswith("/rows") else "check" if "/runs/" in path else "other")
        if not self.refusing:
            await super().__call__(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"retry-after", f"{self.refusing}".encode())]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        body = {"error": "Too many requests", "code": "RATE_LIMITED"}
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def answers_of(grid):
    messages = sent_by(grid)
    return lambda: [
        each["content"] for each in messages if each["method"] == "custom" and each["content"]["kind"] == "leads"
    ]


def test_while_requests_are_refused_the_grid_says_so(clock):
    sandbox = Noting(clock=clock.time)
    run = ow.start("List bakeries in Porto", client=sandbox.client(), show=False).wait("cells", timeout=60)
    clock.skips = lambda: False
    table, grid = run.tables[0], ow.LeadGrid(run)
    answers = answers_of(grid)
    sandbox.refusing = 120
    sandbox.asked.clear()
    receive(grid, message(table.id))
    see(answers)
    (answer,) = answers()
    assert (answer["rows"], answer["note"], answer["count"]) == ([], LIMITED, "")
    # It was sent once: a refusal is not repeated before its time.
    assert sandbox.asked == ["rows"]
    # Another view, which has not asked yet, says the same without a request.
    receive(grid, message(table.id, grid="w"))
    see(lambda: len(answers()) == 2)
    assert (answers()[1]["grid"], answers()[1]["note"]) == ("w", LIMITED)
    assert sandbox.asked == ["rows"]
    grid.close()


def test_the_count_follows_its_table_while_the_rows_still_wait(clock):
    sandbox = Noting(clock=clock.time)
    run = ow.start("List bakeries in Porto", client=sandbox.client(), show=False).wait("cells", timeout=60)
    clock.skips = lambda: False
    table, grid = run.tables[0], ow.LeadGrid(run)
    answers = answers_of(grid)
    receive(grid, message(table.id))
    see(answers)
    assert answers()[-1]["count"].startswith(f"{SIZE} of {table.lead_count} leads")
    sandbox.refusing = 60
    grown = Table.from_raw({**table.raw, "leadCount": table.lead_count + 4})
    on_loop(run.conversation.current.update, TablesRead((grown,), at=time.time()))
    see(lambda: len(answers()) > 1)
    assert answers()[1]["count"] == f"{SIZE} of {table.lead_count + 4} leads"
    assert (answers()[1]["rows"], answers()[1]["changes"]) == (None, [])
    grid.close()
