"""What each call sends, as its documentation says: a POST is what may spend credits."""

from __future__ import annotations

import threading

import httpx
import pytest

import origami_widgets as ow


class Listening(httpx.ASGITransport):
    """Notes method and last part of the path of every request."""

    def __init__(self, sandbox: ow.Sandbox) -> None:
        super().__init__(app=sandbox)
        self.heard: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.heard.append((request.method, request.url.path.rpartition("/")[2]))
        return await super().handle_async_request(request)

    def during(self, call):
        """What a call gives, and what was sent while it lasted."""
        before = len(self.heard)
        result = call()
        return result, self.heard[before:]


@pytest.fixture
def listening():
    return Listening(ow.Sandbox())


@pytest.fixture
def client(listening):
    return ow.Client("og_live_sandbox", "https://origami-sandbox.invalid/api/v2", _transport=listening)


@pytest.fixture
def ended():
    """A run with questions that has ended, on a sandbox that is quick."""
    quick = Listening(ow.Sandbox(speed=600))
    client = ow.Client("og_live_sandbox", "https://origami-sandbox.invalid/api/v2", _transport=quick)
    return ow.start("Find partners. scenario:needs_input", client=client, show=False).wait(timeout=30), quick


def start(client):
    """A running run that has just been read: the poller comes back in 15 s only."""
    return ow.start("Find bakers. scenario:slow", client=client, show=False).refresh()


def test_start_sends_one_post(listening, client):
    _, heard = listening.during(lambda: ow.start("Find bakers. scenario:slow", client=client, show=False))
    assert heard == [("POST", "agents")]


def test_attach_only_reads(listening, client):
    run = start(client)
    for target in (run.token, run.agent_id):
        _, heard = listening.during(lambda target=target: ow.attach(target, client=client, show=False))
        assert {method for method, _ in heard} <= {"GET"}


def test_refresh_sends_one_get_and_one_for_tables_left_out(listening, client):
    run = start(client)
    _, heard = listening.during(lambda: run.refresh(include=("stats", "transcript")))
    assert heard == [("GET", run.id), ("GET", "tables")]


def test_refresh_of_a_run_that_is_over_sends_one_get(ended):
    run, listening = ended
    assert listening.during(run.refresh)[1] == [("GET", run.id)]


def test_refresh_sends_one_get_where_the_answer_has_tables():
    listening = Listening(ow.Sandbox(speed=240))
    client = ow.Client("og_live_sandbox", "https://origami-sandbox.invalid/api/v2", _transport=listening)
    run = ow.start("Find bakers. scenario:slow scenario:partial", client=client, show=False)
    named = threading.Event()
    run.on_change(lambda run: run.tables and named.set())
    assert named.wait(20)
    _, heard = listening.during(run.refresh)
    assert heard == [("GET", run.id)]


def test_cancel_looks_first_and_only_looks_after_the_end(listening, client, ended):
    run = start(client)
    _, heard = listening.during(run.cancel)
    # Before each round of the stop, a run that goes on is read. It has no table yet: none of its cells could be stopped.
    assert [each for each in heard if each != ("GET", run.id)] == [("POST", "cancel"), ("GET", "tables")]
    assert heard[0] == ("GET", run.id)
    over, quick = ended
    # What settled a moment ago may begin again: it is looked at, free of charge.
    _, heard = quick.during(over.cancel)
    assert {method for method, _ in heard} == {"GET"}


def test_answer_and_follow_up_read_the_agent_and_send_one_post_each(ended):
    run, listening = ended
    _, heard = listening.during(lambda: run.answer("Iberia", "yes"))
    assert heard == [("GET", run.agent_id), ("POST", "runs")]
    with pytest.raises(ow.OrigamiError, match="Nothing to answer"):
        run.answer("Iberia", "yes")
    run.wait("cells", timeout=30)
    _, heard = listening.during(lambda: run.follow_up("Find more. scenario:slow"))
    assert heard == [("GET", run.agent_id), ("POST", "runs")]


def test_reading_and_rendering_send_nothing(ended):
    run, listening = ended

    def look():
        return [getattr(run, name) for name in dir(run) if not name.startswith("_")], str(run), run.to_html()

    assert listening.during(look)[1] == []
    assert listening.during(lambda: [frame(run) for frame in (ow.tables_frame, ow.columns_frame)])[1] == []
