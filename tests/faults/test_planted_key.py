"""A planted key, looked for in all that Python can be asked about a client, a run, a card, an error and a log."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import copy
import itertools
import json
import logging
import pickle
from pathlib import Path

import msgspec
import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.keys.key_sources import SERVICE
from origami_widgets.api.keys.secret import Secret
from origami_widgets.cli import demo_command
from origami_widgets.run import settings
from origami_widgets.run.settings import client_or_default
from origami_widgets.sandbox.embedded import Served
from tests.faults.journey import KEY, RUNNING, completed, going_on, running
from tests.faults.planted import of_error, reachable, showing, under_way, within
from tests.support.keys import InMemory, use_colab, use_keyring, use_terminal
from tests.support.quick import look_after, see
from tests.support.server import answer, head, raw, reset, silence

ECHO = f"Authorization: Bearer {KEY}"
ECHOING_FAULTS = {
    "a wrong key": answer({"error": f"no such key: {KEY}", "code": "UNAUTHORIZED", "details": {KEY: [KEY]}}, 401),
    "a proxy's page": answer(f"<html>{ECHO}</html>", 502, content_type="text/html"),
    "a header": answer({}, 503, {"X-Request-Id": KEY, "WWW-Authenticate": ECHO, "Retry-After": KEY}),
    "every header": answer(
        running(4),
        headers=[("X-Echo", ECHO), ("Set-Cookie", f"seen={KEY}; Path=/"), ("Server", KEY), ("Retry-After", "15")],
    ),
    "a reason": raw(f"HTTP/1.1 503 {KEY}\r\nContent-Length: 2\r\n\r\n{{}}".encode()),
    "a redirect in small letters": answer("", 302, {"Location": f"https://{KEY.lower()}.example/"}),
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


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ECHOING_FAULTS.values(), ids=ECHOING_FAULTS)
def test_no_run_no_card_and_no_log_shows_it_after_a_fault(journey, server, interface, fault, caplog):
    debug(caplog)
    seen = journey(timeout=0.4).go(interface, going_on(3), fault, going_on(9), completed())
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert (
        showing(
            request.target + request.body.decode() + str(request.headers.get("cookie")) for request in server.requests
        )
        == []
    )
    assert showing(within(seen.run, seen.connections, seen.notices, seen.heads)) == []
    assert showing(of_error(seen.error) if seen.error is not None else ["none"]) == []
    assert showing([*(error_text for c in seen.connections for error_text in of_error(c.error)), "end"]) == []
    run = seen.run
    shown = [str(run), repr(run), run.to_html(), json.dumps(run.raw), str(run.history), str(run._repr_mimebundle_())]
    assert showing(shown) == []
    assert {"httpcore.http11", "httpcore.connection"} <= {record.name for record in caplog.records}
    assert showing(repr(vars(record)) + record.getMessage() for record in caplog.records) == []
    assert showing(reachable(run, seen.connections, seen.notices, seen.heads, seen.error)) == []


def debug(caplog):
    """Everything that any library wants to say."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio", "origami_widgets"):
        caplog.set_level(logging.DEBUG, name)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ECHOING_FAULTS.values(), ids=ECHOING_FAULTS)
@pytest.mark.parametrize("kind", [ow.Client, ow.AsyncClient])
def test_no_error_of_a_client_shows_it(server, fault, kind, monkeypatch):
    look_after(monkeypatch, 0.0, 0.0)
    server.plan(fault)
    client = kind(KEY, base_url=server.base_url, project="p-1", timeout=0.1)
    calls = (
        lambda: client.get_run(RUNNING["agentId"], RUNNING["id"]),
        client.get_credits,
        lambda: client.create_agent("Find bakeries"),
    )
    for call in calls:
        shows_nothing(_outcome(kind, call))


def shows_nothing(look):
    """A request on its way has the key, and a check may be under way at any moment: it is looked at again when it is over."""
    found = []

    def is_hidden():
        found[:] = showing(look())
        return not found

    with contextlib.suppress(AssertionError):
        see(is_hidden, every=0.2)
    assert found == []


def _outcome(kind, call):
    """Return what looks at the result or error of a call."""

    async def awaited():
        return await call()

    try:
        result = asyncio.run(awaited()) if kind is ow.AsyncClient else call()
    except OrigamiError as raised:
        error = raised
        return lambda: [*of_error(error), *within(pickle.loads(pickle.dumps(error)))]  # noqa: S301 - our own
    else:
        return lambda: within(result)


SENDING = ("_SelectorSocketTransport.write: ", "AsyncHTTP11Connection._send_")
"""What has the request in its hands until it is written. The server may have it by then."""


@pytest.mark.parametrize("interface", ["wait", "await", "card"])
def test_nothing_that_is_under_way_shows_it(journey, server, interface):
    """In the middle of a request the key is on its way, and a list of tasks or a dump of threads must not show it."""
    shown = []

    async def look(request, writer):
        # What arrived here may still stand in the frames that write it; from then on it is waited for.
        now = list(under_way())
        # A task that is running at this moment shows no frames at all.
        while any(text.startswith(SENDING) for text in now) or not any(
            text.startswith("Transport.exchange: ") for text in now
        ):
            await asyncio.sleep(0.01)
            now = list(under_way())
        shown.extend(now)
        await reset()(request, writer)

    journey(timeout=30).go(interface, going_on(3), look, going_on(9), completed())
    assert any(text.startswith("Transport.exchange: ") for text in shown)
    assert any(text.startswith("BackgroundLoop.") for text in shown)
    assert showing(shown) == []


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
        shows_nothing(lambda: within(client, run, card))
        assert any(RUNNING["id"] in text for text in reachable(client, run, card))
        shows_nothing(lambda: reachable(client, run, card))
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


def from_colab(patch, _server):
    use_colab(patch, lambda _: KEY)
    # A secret of Colab is not for a server on this machine, and no other can be reached.
    for module in ("api.client_settings", "run.settings"):
        patch.setattr(f"origami_widgets.{module}.is_local_url", lambda _: False)


def from_keyring(patch, server):
    ring = InMemory()
    ring.set_password(SERVICE, server.base_url, KEY)
    use_keyring(patch, ring)


def from_a_prompt(patch, _server):
    use_terminal(patch, lambda _: KEY)


WAYS = [
    *itertools.product((from_colab, from_keyring), (ow.Client, ow.AsyncClient, ow.login)),
    (from_a_prompt, ow.login),
]


@pytest.mark.parametrize(("source", "made_by"), WAYS)
def test_wherever_it_comes_from_it_is_hidden(server, monkeypatch, capsys, source, made_by):
    source(monkeypatch, server)
    monkeypatch.setattr(settings, "current", settings.Configuration())
    server.plan(answer({"object": "account"}), answer({"balance": 1}), answer({"items": []}))
    made = made_by(base_url=server.base_url)
    client = client_or_default(None) if made_by is ow.login else made
    for fault in ("a wrong key", "a redirect to a host"):
        server.plan(ECHOING_FAULTS[fault])
        shows_nothing(_outcome(ow.Client, lambda: background().run(client.operations.get_account())))
        assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    assert showing(within(made, client, settings.current.login)) == []
    assert showing(reachable(made, client, settings.current.login)) == []
    assert showing([*capsys.readouterr(), repr(vars(settings))]) == []


@pytest.mark.slow
def test_no_process_inherits_it(monkeypatch):
    """What a child's environment and arguments hold is for others to read: only the demo's JupyterLab is started."""
    starters = {
        "subprocess",
        "multiprocessing",
        "pty",
        "os.system",
        "os.popen",
        "os.execv",
        "os.spawnv",
        "os.posix_spawn",
    }
    monkeypatch.setenv("ORIGAMI_API_KEY", KEY)
    monkeypatch.setenv("ORIGAMI_PROJECT", "p-1")
    inherited = demo_command.lab_environment(Served("http://127.0.0.1:1/api/v2", "og_live_sandbox", 1))
    assert inherited["ORIGAMI_PROJECT"] == ""
    assert showing(inherited.values()) == []
    for path in Path(ow.__file__).parent.rglob("*.py"):
        if path == Path(demo_command.__file__):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = {
            name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
        }
        used |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        used |= {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not used & starters, path
