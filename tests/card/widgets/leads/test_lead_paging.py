"""Pages that a server may send: empty ones, short ones, without a total, and cursors that lead nowhere."""

from __future__ import annotations

import json
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

import origami_widgets as ow
from tests.card.live import receive, sent_by
from tests.card.widgets.leads.lead_front import Front, message
from tests.support.quick import see

LEADS = 12


class Paged(ow.Sandbox):
    """A sandbox whose rows come in pages of a test's choice: by cursor, how many leads and the next cursor."""

    def __init__(self, **options):
        super().__init__(**options)
        self.pages, self.total, self.asked = {}, None, []

    async def __call__(self, scope, receive, send):
        if not scope.get("path", "").endswith("/rows"):
            await super().__call__(scope, receive, send)
            return
        cursor = parse_qs(scope["query_string"].decode()).get("cursor", [""])[0]
        self.asked.append(cursor)
        ids, following = self.pages[cursor]
        items = [{"id": f"lead-{number}", "company": f"Bakery {number}"} for number in ids]
        body = {"object": "list", "items": items, "nextCursor": following, "total": self.total, "url": "/rows"}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


@pytest.fixture(scope="module")
def server():
    sandbox = Paged(speed=600)
    run = ow.start("List bakeries in Porto", client=sandbox.client(), show=False).wait("cells", timeout=60)
    return SimpleNamespace(sandbox=sandbox, run=run, table=run.tables[0])


@pytest.fixture
def paged(server):
    """Show a grid of pages; returns what its page has received of them."""
    made = []

    def make(pages, total=None, **look):
        server.sandbox.pages, server.sandbox.total, server.sandbox.asked = pages, total, []
        grid, front = ow.LeadGrid(server.run), Front()
        made.append(grid)
        sent_by(grid)
        send = grid.comm.send

        def note(data=None, metadata=None, buffers=None):
            content = data.get("content") or {}
            if content.get("kind") == "leads":
                front.receive(content)
            send(data, metadata, buffers)

        grid.comm.send = note
        receive(grid, message(server.table.id, **{"size": 5, "last": 4, **look}))
        front.grid = grid
        return front

    yield make
    for grid in made:
        grid.close()


def ids(front):
    return [row[0] for row in front.rows]


def leads(*numbers):
    return [f"lead-{number}" for number in numbers]


@pytest.mark.parametrize("total", [None, LEADS])
def test_an_empty_first_page_with_a_next_one_is_read_on(paged, total):
    front = paged({"": ([], "a"), "a": ([], "b"), "b": (range(5), None)}, total)
    see(lambda: front.rows)
    assert ids(front) == leads(*range(5))
    assert front.answers[-1]["more"] is False


@pytest.mark.parametrize("total", [None, LEADS])
def test_short_pages_fill_the_place_that_is_seen(paged, server, total):
    front = paged({"": (range(2), "a"), "a": (range(2, 4), "b"), "b": (range(4, 7), "c"), "c": ([7], None)}, total)
    see(lambda: len(front.rows) == 7)
    assert ids(front) == leads(*range(7))
    assert front.answers[-1]["more"] is True
    assert server.sandbox.asked == ["", "a", "b"]
    # The page scrolls on.
    receive(front.grid, message(server.table.id, size=5, first=5, last=9))
    see(lambda: len(front.rows) == 8)
    assert front.answers[-1]["more"] is False
    assert server.sandbox.asked == ["", "a", "b", "c"]
    assert front.grid.frame.attrs["origami"]["complete"] is True


def test_without_a_total_the_count_is_the_tables(paged, server):
    front = paged({"": (range(5), "a"), "a": (range(5, 8), None)})
    see(lambda: front.rows)
    assert front.answers[-1]["count"] == f"5 of {server.table.lead_count} leads"
    receive(front.grid, message(front.answers[-1]["table"], size=5, first=5, last=9))
    see(lambda: len(front.rows) == 8)
    assert front.answers[-1]["count"] == f"8 of {server.table.lead_count} leads"


@pytest.mark.parametrize(
    "pages",
    [
        {"": (range(2), "a"), "a": ([], "a")},
        {"": (range(2), "a"), "a": ([], "b"), "b": ([], "a")},
        {"": (range(2), "a"), **{name: ([], name + "a") for name in ("a" * count for count in range(1, 20))}},
    ],
    ids=["the same cursor", "two in a circle", "empty for ever"],
)
def test_a_server_that_never_ends_is_left_and_not_called_complete(paged, server, pages):
    front = paged(pages)
    see(lambda: front.answers and not front.answers[-1]["more"])
    assert ids(front) == leads(0, 1)
    assert len(server.sandbox.asked) <= 4
    assert front.grid.frame.attrs["origami"]["complete"] is False
