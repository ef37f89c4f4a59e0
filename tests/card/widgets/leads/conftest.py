"""A run whose cells are final, and a feed of its leads."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import origami_widgets as ow
from origami_widgets.card.widgets import lead_feed
from origami_widgets.card.widgets.lead_feed import LeadFeed
from origami_widgets.run.polling.poller import Poller
from tests.card.live import on_loop
from tests.card.widgets.leads.lead_front import Counted, Front, found_in
from tests.support.quick import QuickClock, use_clock


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    use_clock(monkeypatch, QuickClock())
    monkeypatch.setattr(lead_feed, "SPACING", 0.05)
    monkeypatch.setattr(lead_feed, "RETRY", 0.05)


@pytest.fixture
def unlimited(monkeypatch):
    """What a test reads costs nothing of the rate limit, which would make it wait."""

    async def allow(_poller, _operations, **_options):
        pass

    monkeypatch.setattr(Poller, "allow", allow)


@pytest.fixture(scope="module")
def ended():
    """A sandbox, a client of it, and a run there whose cells are all final."""
    sandbox = Counted(speed=600)
    client = sandbox.client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=60)
    return SimpleNamespace(sandbox=sandbox, client=client, run=run, table=run.tables[0])


@pytest.fixture
def made(ended):
    """A feed of leads of that run, and what it has sent."""
    front = Front()
    tables = list(ended.run.tables)
    operations = ended.run.conversation.current.operations
    feed = LeadFeed(front.receive, found_in(lambda: tables), lambda _: operations)
    ended.sandbox.rows.clear()
    yield SimpleNamespace(**vars(ended), feed=feed, front=front, tables=tables, operations=operations)
    on_loop(feed.stop)
