"""A planted key, looked for in all that Python can be asked about a client, a run, a card, an error and a log."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import urllib.parse

import msgspec
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.secret import Secret
from tests.faults.journey import KEY, RUNNING, completed, going_on, running
from tests.faults.planted import of_error, showing, within
from tests.support.server import answer, head, raw, reset, silence

ECHO = f"Authorization: Bearer {KEY}"
ECHOING_FAULTS = {
    "a wrong key": answer({"error": f"no such key: {KEY}", "code": "UNAUTHORIZED", "details": {KEY: [KEY]}}, 401),
    "a proxy's page": answer(f"<html>{ECHO}</html>", 502, content_type="text/html"),
    "a header": answer({}, 503, {"X-Request-Id": KEY, "WWW-Authenticate": ECHO, "Retry-After": KEY}),
    "a redirect": answer("", 302, {"Location": f"https://elsewhere.example/{KEY}?{KEY}"}),
    "a redirect to a host": answer("", 302, {"Location": f"https://{KEY}.example/"}),
    "a field of the run": answer(running(4, note=ECHO, prompt=f"list {KEY}"), headers={"Retry-After": "15"}),
    "another run": answer(running(4, id=KEY)),
    "no JSON": answer(f'{{"id": "{KEY}'),
    "cut short": raw(head(200, 400) + f'{{"id": "{KEY}'.encode(), close=True),
    "no HTTP": raw(f"{KEY}\r\n\r\n".encode(), close=True),
    "a reset": reset(),
    "silence": silence(),
}


@pytest.mark.parametrize("fault", ECHOING_FAULTS.values(), ids=ECHOING_FAULTS)
def test_no_run_no_card_and_no_log_shows_it_after_a_fault(journey, server, interface, fault, caplog):
    caplog.set_level(logging.DEBUG, "origami_widgets")
    seen = journey(timeout=0.4).go(interface, going_on(3), fault, going_on(9), completed())
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert showing(within(seen.run, seen.connections, seen.notices, seen.heads)) == []
    assert showing(of_error(seen.error) if seen.error is not None else ["none"]) == []
    assert showing([*(error_text for c in seen.connections for error_text in of_error(c.error)), "end"]) == []
    run = seen.run
    shown = [str(run), repr(run), run.to_html(), json.dumps(run.raw), str(run.history), str(run._repr_mimebundle_())]
    assert showing(shown) == []
    assert showing([*(repr(vars(record)) + record.getMessage() for record in caplog.records), "end"]) == []


@pytest.mark.parametrize("fault", ECHOING_FAULTS.values(), ids=ECHOING_FAULTS)
@pytest.mark.parametrize("kind", [ow.Client, ow.AsyncClient])
def test_no_error_of_a_client_shows_it(server, fault, kind, monkeypatch):
    monkeypatch.setattr("origami_widgets.api.retry.FIRST_WAIT", 0.01)
    server.plan(fault)
    client = kind(KEY, base_url=server.base_url, project="p-1", timeout=0.4)
    calls = (
        lambda: client.get_run(RUNNING["agentId"], RUNNING["id"]),
        client.get_credits,
        lambda: client.create_agent("Find bakeries"),
    )
    for call in calls:
        assert showing(_outcome(kind, call)) == []


def _outcome(kind, call):
    async def awaited():
        return await call()

    try:
        result = asyncio.run(awaited()) if kind is ow.AsyncClient else call()
    except OrigamiError as error:
        return [*of_error(error), *within(pickle.loads(pickle.dumps(error)))]  # noqa: S301 - our own
    else:
        return list(within(result))


def test_the_libraries_that_carry_it_do_not_log_it(journey, interface, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio", "origami_widgets"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    journey().go(interface, going_on(3), answer({}, 503), reset(), completed())
    assert {"httpx", "httpcore.http11"} <= {record.name for record in caplog.records}
    assert showing(f"{record.getMessage()} {vars(record)!r}" for record in caplog.records) == []


@pytest.mark.parametrize("kind", [ow.Client, ow.AsyncClient])
def test_all_that_hangs_on_a_client_hides_it(server, clock, kind):
    server.plan(answer({"agent": {"id": RUNNING["agentId"]}, "run": running(0)}, 201), going_on(3))
    client = kind(KEY, base_url=server.base_url)
    run = ow.start("Find bakeries", client=client, show=False)
    card = ow.RunCard(run)
    try:
        texts = list(within(client, run, card))
        assert any("<Secret" in text for text in texts), "it was reached, and hid itself"
        assert any("KeyForOneHost" in text for text in texts)
        assert showing(texts) == []
        assert showing([json.dumps(card.get_state(), default=repr), str(card._repr_mimebundle_()), repr(card)]) == []
    finally:
        card.close()


@pytest.mark.parametrize(
    "write", [pickle.dumps, copy.deepcopy, json.dumps, msgspec.json.encode, msgspec.msgpack.encode]
)
def test_nothing_that_holds_it_can_be_written(server, clock, write):
    server.plan(answer({"agent": {"id": RUNNING["agentId"]}, "run": running(0)}, 201), going_on(3))
    client = ow.Client(KEY, base_url=server.base_url)
    run = ow.start("Find bakeries", client=client, show=False)
    for thing in (Secret(KEY), client, ow.AsyncClient(KEY), client.operations, run):
        with pytest.raises((TypeError, ValueError)) as refused:
            write(thing)
        assert showing(of_error(refused.value)) == []


def test_a_shallow_copy_of_a_client_shows_no_more_than_the_client(server):
    client = ow.Client(KEY, base_url=server.base_url)
    assert showing(within(copy.copy(client))) == []
    with pytest.raises(TypeError):
        copy.copy(Secret(KEY))


def test_the_key_is_looked_for_where_it_could_be():
    """The searcher itself finds it in every place that it is said to look into."""

    class Slotted:
        __slots__ = ("inner",)

    holder = Slotted()
    holder.inner = {"deep": [{1: (KEY.encode(),)}]}
    assert showing(within(holder))
    assert showing(within({KEY: 1}))
    assert showing(of_error(ValueError(urllib.parse.quote(ECHO))))
