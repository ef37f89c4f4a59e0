"""The key reaches one header of one host and nothing else; it is hidden where a server repeats it."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import io
import json
import logging
import logging.config
import pickle
from typing import TYPE_CHECKING

import msgspec
import pytest
import rich
import rich.console

import origami_widgets as ow
from origami_widgets.api import errors
from origami_widgets.api.client import AsyncClient, Client
from origami_widgets.api.keys.secret import HIDDEN, Secret, hide_keys_in_logs, holds_key
from tests.api.conftest import KEY
from tests.faults.planted import of_error, within
from tests.support.server import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import RawServer


def assert_hidden(texts: Iterator[str]) -> None:
    found = [text for text in texts if KEY in text]
    assert found == []


def test_a_secret_has_no_repr_pickle_or_copy_with_the_key():
    secret = Secret(KEY)
    assert secret.reveal() == KEY
    assert repr(secret) == "<Secret og_live_…>", "not even a part of it"
    assert_hidden(iter([repr(secret), str(secret), f"{secret}", f"{secret:>60}", f"{secret!r}", "%s" % secret]))  # noqa: UP031
    for write in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, msgspec.json.encode, msgspec.to_builtins):
        with pytest.raises(TypeError):
            write(secret)
    for look in (vars, lambda held: held.__getstate__(), dataclasses.asdict, jsonable):
        with pytest.raises(TypeError):
            look(secret)
    assert secret == Secret(KEY)
    assert len({secret, Secret(KEY), Secret("og_live_other")}) == 2
    assert secret != KEY


def jsonable(value: object) -> str:
    """What libraries do that write any object: they ask it for its state."""
    return json.dumps(value, default=lambda each: each.__getstate__())


def test_inspecting_the_attributes_of_a_secret_shows_no_key():
    """As debuggers, variable inspectors and `rich.inspect` do, private attributes included."""
    secret = Secret(KEY)
    listed = rich.console.Console(file=io.StringIO(), width=200)
    rich.inspect(secret, console=listed, all=True, private=True, methods=True)
    assert "fingerprint" in listed.file.getvalue()
    assert_hidden(iter([listed.file.getvalue(), repr(inspect.getmembers(secret))]))


MISPLACED = {
    "brief": lambda client: client.create_agent(KEY),
    "in a brief": lambda client: client.create_agent(f"Find bakers, my key is {KEY}."),
    "name": lambda client: client.create_agent("Find bakers", name=KEY),
    "model": lambda client: client.create_agent("Find bakers", model=KEY),
    "focus": lambda client: client.create_agent("Find bakers", focus_table_ids=[KEY]),
    "focus alone": lambda client: client.create_agent("Find bakers", focus_table_ids=KEY),
    "attachment": lambda client: client.create_agent("Find bakers", attachments=[KEY]),
    "idempotency": lambda client: client.cancel("agent", idempotency_key=KEY),
    "idempotency of a start": lambda client: client.create_agent("Find bakers", idempotency_key=KEY),
    "once": lambda client: ow.start("Find bakers", once=KEY, client=client, show=False),
    "render": lambda _: ow.configure(render=KEY),
    "agent": lambda client: client.list_runs(KEY),
    "agent with more": lambda client: client.list_runs(f"a {KEY}"),
    "run": lambda client: client.get_run("agent", KEY),
    "table": lambda client: client.get_table(KEY),
    "include": lambda client: client.get_table("t1", include=[f"a {KEY}"]),
    "filters": lambda client: list(client.iter_rows("t1", filters=KEY)),
    "page": lambda client: client.list_agents(limit=KEY),
    "token": lambda client: ow.attach(KEY, client=client, show=False),
    "follow-up": lambda client: ow.attach("a", KEY, client=client, show=False),
    "project": lambda _: Client(KEY, project=KEY),
    "project with more": lambda _: Client(KEY, project=f"{KEY} "),
    "base URL": lambda _: Client(KEY, base_url=KEY),
    "in the base URL": lambda _: Client(KEY, base_url=f"https://origami.chat/{KEY}"),
    "as a host": lambda _: Client(KEY, base_url=f"https://{KEY.replace('_', '-')}.example/{KEY}"),
    "as a query": lambda _: Client(KEY, base_url=f"https://origami.chat/api/v2?key={KEY}"),
    "timeout": lambda _: Client(KEY, timeout=KEY),
    "client": lambda _: ow.start("Find bakers", client=KEY, show=False),
}


@pytest.mark.parametrize("misplace", MISPLACED.values(), ids=MISPLACED)
def test_a_key_in_another_argument_is_neither_sent_nor_repeated(server: RawServer, client, caplog, misplace):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(errors.InvalidInput) as refused:
        misplace(client)
    assert refused.value.remedy
    assert server.requests == []
    shown = [str(refused.value), repr(refused.value), repr(vars(refused.value)), repr(refused.value.args)]
    assert_hidden(iter(shown + [record.getMessage() for record in caplog.records]))


def test_a_key_in_the_environment_of_the_project_is_not_repeated(monkeypatch):
    monkeypatch.setenv("ORIGAMI_PROJECT", KEY)
    with pytest.raises(errors.InvalidInput, match="the id of a project") as refused:
        Client(KEY)
    assert_hidden(within(refused.value))


MALFORMED = {
    "space inside": f"{KEY[:20]} {KEY[20:]}",
    "line break inside": f"{KEY[:20]}\n{KEY[20:]}",
    "other prefix": KEY.replace("og_live_", "sk_live_"),
    "no prefix": KEY.removeprefix("og_live_"),
    "quotes": f'"{KEY}"',
    "not ASCII": f"{KEY}é",
    "header injection": f"{KEY}\r\nX-Other: 1",
    "prefix only": "og_live_",
    "bytes": KEY.encode(),
    "number": 12345678901234567890,
    "with Bearer": f"Bearer {KEY}",
}


@pytest.mark.parametrize("key", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_malformed_key_is_refused_without_being_repeated(kind, key):
    with pytest.raises(errors.InvalidInput, match="API key") as caught:
        kind(key)
    assert caught.value.cause
    assert "og_live_" in caught.value.remedy
    parts = (KEY[8:20], "1234567890")
    assert not [shown for shown in of_error(caught.value) if any(part in shown for part in parts)]


def test_whitespace_around_a_key_is_removed(server: RawServer):
    server.plan(answer({"object": "credits", "balance": 1}))
    assert Client(f" {KEY}\n", base_url=server.base_url).get_credits().balance == 1
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_header_is_added_for_the_configured_host_only():
    import httpx

    from origami_widgets.api.client_settings import make_settings
    from origami_widgets.api.transport import KeyForOneHost

    auth = KeyForOneHost(make_settings(Secret(KEY), "https://origami.chat/api/v2", "p-1", 30))
    for url in (
        "http://origami.chat/api/v2/agents",
        "https://origami.chat:8443/api/v2/agents",
        "https://origami.chat.evil.example/api/v2/agents",
        "https://evil.example/https://origami.chat/api/v2",
        "https://origami.chat@evil.example/api/v2",
    ):
        request = next(auth.auth_flow(httpx.Request("GET", url)))
        assert "authorization" not in request.headers, url
        assert "x-origami-project" not in request.headers, url
    request = next(auth.auth_flow(httpx.Request("GET", "https://ORIGAMI.chat:443/api/v2/agents")))
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-origami-project"] == "p-1"


def test_a_response_that_repeats_the_key_stays_readable(server, client):
    other = "og_live_somebodyelses0000"
    server.plan(answer({"object": "credits", "balance": 7, "note": f"Bearer {KEY}", "slug": other}))
    credits_left = client.get_credits()
    assert credits_left.raw == {"object": "credits", "balance": 7, "note": f"Bearer {HIDDEN}", "slug": other}


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (KEY, True),
        (f"Use {KEY} for it", True),
        ("og_live_short", True),
        ("OG_LIVE_SHORT", True),
        ("blog_live_posts_of_the_week", False),
        ("Which keys begin with og_live_?", False),
    ],
)
def test_keys_in_arguments_are_recognised(value, is_one):
    assert holds_key(value) is is_one


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("HTTP Request: %s %s", ("GET", "https://example.com/blog?live=%5F")),
        ("a mapping: %(a)s", ({"a": 1},)),
        ("too few: %s %s", ("one",)),
        (ValueError("no text"), ()),
    ],
)
def test_other_log_records_stay_unchanged(client, message, args):
    hide_keys_in_logs()
    record = logging.LogRecord("httpx", logging.INFO, __file__, 1, message, args, None)
    before = vars(record).copy()
    assert logging.getLogger("httpx").filter(record)
    assert vars(record) == before


def test_logs_hide_the_key_after_logging_is_configured_again(server, client, capfd):
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"late": {"class": "logging.StreamHandler"}},
            "loggers": {name: {"level": "DEBUG", "handlers": ["late"]} for name in ("httpx", "httpcore")},
        }
    )
    try:
        server.plan(answer({}, headers={"X-Echo": f"Bearer {KEY}"}))
        client.get_credits()
        written = capfd.readouterr().err
    finally:
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).setLevel(logging.NOTSET)
    assert "receive_response_headers.complete" in written
    assert f"(b'X-Echo', b'Bearer {HIDDEN}')" in written
    assert KEY not in written
