"""A start whose answer is lost at a server that forgets its key and lists runs late: looked for long enough, and paid once."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

import origami_widgets as ow
from origami_widgets.run.starts import reconcile
from tests.support.quick import look_after
from tests.support.server import reset, silence
from tests.support.spending_server import PROXY_PAGE, SpendingServer

LAG = 1.2
"""Seconds after which the server lists a run: more than the first two looks of these tests, less than the last."""
KERNEL = """
import sys
import origami_widgets as ow
client = ow.Client(sys.argv[1], base_url=sys.argv[2])
ow.start("Find bakeries", once="porto", client=client, show=False)
"""


@pytest.fixture
def server(monkeypatch):
    look_after(monkeypatch, 0.1, 0.5, 2.0)
    with SpendingServer(lists_lag=LAG, agent_seconds=600.0, per_minute=None, per_minute_of_ip=None) as server:
        yield server


@pytest.fixture
def client(server):
    with ow.Client(server.key, base_url=server.base_url, timeout=5) as client:
        yield client


def test_the_moments_are_those_that_the_guide_names():
    assert (reconcile.LOOKS, reconcile.LOOKS_AFTER_FAILURE) == ((0.5, 2.5, 8.5), (2.0, 10.0))


@pytest.mark.parametrize("fault", [reset(), PROXY_PAGE, 500], ids=["reset", "a proxy's page", "500"])
@pytest.mark.parametrize("once", [None, "porto"])
def test_a_run_that_is_listed_late_is_found(server, client, fault, once):
    server.fail("POST /agents", fault, takes_effect=True)
    run = ow.start("Find bakeries", once=once, client=client, show=False)
    assert [each.id for each in server.runs] == [run.id]
    assert server.count("POST /agents") == 1


@pytest.mark.parametrize("lag", [LAG, 3600.0])
def test_a_follow_up_that_is_listed_late_is_found(monkeypatch, lag):
    """However late: the agent names its newest run."""
    look_after(monkeypatch, 0.1, 0.5, 2.0)
    with (
        SpendingServer(lists_lag=lag, agent_seconds=0.001, per_minute=None, per_minute_of_ip=None, cells=0) as server,
        ow.Client(server.key, base_url=server.base_url, timeout=5) as client,
    ):
        run = ow.start("Find bakeries", client=client, show=False).wait(timeout=20)
        server.fail("POST /agents/{id}/runs", reset(), takes_effect=True)
        run.follow_up("Add their phones")
        assert [each.id for each in server.runs] == [each.id for each in run.turns]
        assert len(server.runs) == 2
        assert server.count("POST /agents/{id}/runs") == 1


def killed_while_sending(server):
    """Another kernel, killed when its start has reached the server, which does not remember the key."""
    server.fail("POST /agents", silence(), takes_effect=True)
    sent = server.count("POST /agents")
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL, server.key, server.base_url])
    ends = time.monotonic() + 60
    while server.count("POST /agents") == sent:
        assert time.monotonic() < ends
        time.sleep(0.01)
    time.sleep(0.05)
    kernel.kill()
    kernel.wait()


def test_its_last_attempt_counts_and_not_its_first(server, client, files):
    killed_while_sending(server)
    files.change(claimed_at=(datetime.now(UTC) - timedelta(minutes=40)).isoformat())
    run = ow.start("Find bakeries", once="porto", client=client, show=False)
    assert [each.id for each in server.runs] == [run.id]


def test_each_attempt_is_written_down_before_it_is_sent(server, client, files):
    server.fail("POST /agents", reset(), 429, takes_effect=False)
    written = []
    with files.before_each_write(lambda record: written.append((record, server.count("POST /agents")))):
        ow.start("Find bakeries", once="porto", client=client, show=False)
    attempts = [record["attempted_at"] for record, _ in written]
    assert [sent for _, sent in written] == [0, 1, 3]
    assert attempts[0] < attempts[1] == attempts[2]
    assert len({record["claimed_at"] for record, _ in written}) == 1


def test_when_the_last_attempt_is_past_one_look_is_enough(server, client, files):
    killed_while_sending(server)
    time.sleep(LAG + 1.0)
    asked = server.count("GET /agents")
    run = ow.start("Find bakeries", once="porto", client=client, show=False)
    assert [each.id for each in server.runs] == [run.id]
    assert server.count("GET /agents") == asked + 1
