from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.api.client import Client
from origami_widgets.api.errors import InvalidInput, NotFound, RedirectRefused, UnexpectedAnswer
from tests.api.conftest import KEY
from tests.support.server import answer


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://origami.chat/api/v2", ""),
        ("https://origami.chat/api/v2/", ""),
        ("https://staging.example/api/v2", "staging.example"),
        ("https://staging.example:8443", "staging.example:8443"),
        ("http://127.0.0.1:8000/api/v2", "127.0.0.1:8000"),
        ("http://127.8.9.1:8000/api/v2", "127.8.9.1:8000"),
        ("http://localhost:8000/api/v2", "localhost:8000"),
        ("http://[::1]:8000/api/v2", "[::1]:8000"),
    ],
)
def test_a_key_may_be_sent_to_encrypted_and_local_urls(url, origin):
    assert Client(KEY, base_url=url).operations.origin == origin


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://origami.chat/api/v2", "isn't encrypted"),
        ("http://10.0.0.1/api/v2", "isn't encrypted"),
        ("http://0.0.0.0/api/v2", "isn't encrypted"),
        ("http://127.0.0.1.evil.example/api/v2", "isn't encrypted"),
        ("http://localhost.evil.example/api/v2", "isn't encrypted"),
        ("http://[::ffff:8.8.8.8]/api/v2", "isn't encrypted"),
        ("ftp://origami.chat", "Invalid base_url"),
        ("//origami.chat", "Invalid base_url"),
        ("origami.chat/api/v2", "Invalid base_url"),
        ("https://", "Invalid base_url"),
        ("https://origami.chat:port/", "Invalid base_url"),
        ("https://оrigami.chat/api/v2", "Invalid base_url"),  # noqa: RUF001 - a look-alike is what is tested
        ("https://origami.chat\\@evil.example/", "Invalid base_url|more than an address"),
        ("https://evil.example\\.origami.chat/", "Invalid base_url"),
        ("https://origami.chat/api v2", "Invalid base_url"),
        ("https://origami.chat/\napi", "Invalid base_url"),
        ("https://user@origami.chat/api/v2", "more than an address"),
        ("https://origami.chat/api/v2?key=1", "more than an address"),
        ("https://origami.chat/api/v2#x", "more than an address"),
        ("https://origami.chat/api/v2?", "more than an address"),
        ("https://origami.chat/api/v2#", "more than an address"),
        ("http://localhost@evil.example/api/v2", "more than an address"),
        ("http://localhost:8000@evil.example/api/v2", "more than an address"),
        ("http://127.1/api/v2", "isn't encrypted"),
        ("http://127.1.evil.example/api/v2", "isn't encrypted"),
        ("http://127.0.0.1./api/v2", "isn't encrypted"),
        ("http://localhost./api/v2", "isn't encrypted"),
        ("http://2130706433/api/v2", "isn't encrypted"),
        ("http://0x7f000001/api/v2", "isn't encrypted"),
        ("http://0177.0.0.1/api/v2", "isn't encrypted"),
        ("http://[::]/api/v2", "isn't encrypted"),
        ("http://[::1%eth0]/api/v2", "Invalid base_url"),
        ("http://[::1%25eth0]/api/v2", "Invalid base_url"),
        ("http://127\u30020\u30020\u30021/api/v2", "Invalid base_url"),
        ("http://127.0.0.1%2eevil.example/api/v2", "Invalid base_url"),
        ("http://127.0.0.1\t.evil.example/api/v2", "Invalid base_url"),
        ("http:127.0.0.1/api/v2", "Invalid base_url"),
        ("http:///127.0.0.1/api/v2", "Invalid base_url"),
        ("https://256.1.1.1/api/v2", "Invalid base_url"),
        ("https://xn--a/api/v2", "Invalid base_url"),
        (7, "must be a string"),
        ("", "Invalid base_url"),
    ],
)
def test_a_key_may_not_be_sent_to_other_urls(url, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        Client(KEY, base_url=url)
    assert caught.value.remedy


def test_the_environment_names_base_url_and_project(server, monkeypatch):
    server.plan(answer({"object": "credits"}))
    monkeypatch.setenv("ORIGAMI_API_KEY", KEY)
    monkeypatch.setenv("ORIGAMI_BASE_URL", server.base_url)
    Client().get_credits()
    monkeypatch.setenv("ORIGAMI_PROJECT_ID", "p-second")
    Client().get_credits()
    monkeypatch.setenv("ORIGAMI_PROJECT", "p-first")
    Client().get_credits()
    Client(project="p-given").get_credits()
    assert [request.headers.get("x-origami-project") for request in server.requests] == [
        None,
        "p-second",
        "p-first",
        "p-given",
    ]
    assert {request.target for request in server.requests} == {"/api/v2/account/credits"}


@pytest.mark.parametrize("project", ["", "a b", "a\nb", "ä", "x" * 200, 7])
def test_an_invalid_project_is_refused(project):
    with pytest.raises(InvalidInput, match="Invalid project id"):
        Client(KEY, project=project)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "30", None, True])
def test_an_invalid_timeout_is_refused(timeout):
    with pytest.raises(InvalidInput, match="a number of seconds"):
        Client(KEY, timeout=timeout)


def test_clients_of_another_key_project_or_base_url_have_another_identity():
    clients = [
        Client(KEY),
        Client("og_live_other"),
        Client(KEY, project="p"),
        Client(KEY, base_url="https://staging.example/api/v2"),
    ]
    assert len({client.operations.identity for client in clients}) == 4
    assert Client(KEY).operations.identity == clients[0].operations.identity


def test_a_sandbox_that_is_gone_is_never_taken_for_a_later_one():
    sandbox = ow.Sandbox()
    assert sandbox.client().operations.identity == sandbox.client().operations.identity
    # The memory of one that is gone is given to the next one.
    seen = [ow.Sandbox().client().operations.identity for _ in range(50)]
    assert len(set(seen)) == 50


PAGE = answer("<html><title>Not found</title>", 404, content_type="text/html")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (PAGE, NotFound),
        (answer({"error": "No such endpoint", "code": "NOT_FOUND"}, 404), NotFound),
        (answer({}, 404), NotFound),
        (answer("<html><title>Origami", content_type="text/html"), UnexpectedAnswer),
        (answer("", 302, headers={"Location": "/login"}), RedirectRefused),
    ],
    ids=["a page", "no such endpoint", "nothing", "a page in place of an answer", "a login"],
)
@pytest.mark.parametrize("missing", ["/api/v2", "/v2"])
@pytest.mark.usefixtures("quick")
def test_a_base_url_without_the_prefix_is_named(server, reply, kind, missing):
    server.plan(*[reply] * 9)
    base_url = server.base_url.removesuffix(missing)
    with pytest.raises(kind) as caught:
        Client(KEY, base_url=base_url).get_run("6b1f0a8e", "v2_run-1")
    assert "base_url" in caught.value.remedy
    assert server.base_url in caught.value.remedy
    assert "Check the id" not in caught.value.remedy


@pytest.mark.parametrize("reply", [PAGE, answer({}, 404)], ids=["a page", "nothing"])
def test_a_404_that_is_not_the_apis_doubts_the_address_and_the_id(server, reply):
    server.plan(reply)
    with pytest.raises(NotFound) as caught:
        Client(KEY, base_url=server.base_url).get_run("6b1f0a8e", "v2_run-1")
    assert server.base_url in caught.value.cause
    assert "base_url" in caught.value.remedy
    assert "Check the id" in caught.value.remedy
