"""Who answers in Origami's place stands on the card, live, saved and in the terminal: a key goes there."""

from __future__ import annotations

from dataclasses import replace

import pytest

import origami_widgets as ow
from origami_widgets.api.responses import ApiResponse
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from tests.card.markup import words
from tests.fixtures.states import NOW, payload, state_of
from tests.support.server import RawServer, answer

KEY = "og_live_OnlyForTheHostOnTheCard0000"


def shown(host):
    """What is shown of a run from that host, in each of the ways; the live card lays out `head.origin`."""
    state = replace(state_of(payload("completed_stats")), origin=host)
    yield make_view(state, now=NOW)["head"]["origin"]
    for form in ("current", "snapshot"):
        view = make_view(state, now=NOW, form=form)
        yield words(render_html(view, now=NOW))
        yield render_text(view, now=NOW)


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("staging.example:8443", "staging.example:8443"),
        ("[::1]:8000", "[::1]:8000"),
        (f"{'origami.chat.' * 20}evil.example:8443", "origami.chat.evil.example:8443"),
        ("xn--rigami-3uf.chat", "xn--rigami-3uf.chat"),
    ],
)
def test_the_owner_of_the_host_is_shown(host, owner):
    for text in shown(host):
        assert owner in text


def test_origami_itself_needs_no_word():
    for text in shown(""):
        assert "origami.chat" not in text.replace("https://origami.chat/", "")


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_however_it_was_named(monkeypatch, how):
    with RawServer(answer(payload("completed_stats"))) as server:
        monkeypatch.setenv("ORIGAMI_API_KEY", KEY)
        if how == "environment":
            monkeypatch.setenv("ORIGAMI_BASE_URL", server.base_url)
        client = ow.Client(base_url=server.base_url) if how == "argument" else None
        run = payload("completed_stats")
        try:
            handle = ow.attach(run["agentId"], run["id"], client=client, show=False)
            host = server.base_url.split("/")[2]
            assert host in handle.to_html()
            assert host in str(handle)
            card = ow.RunCard(handle)
            assert card.head["origin"] == host
            card.close()
        finally:
            ow.configure()


@pytest.mark.parametrize(("base_url", "said"), [("https://evil.example/api/v2", "evil.example"), (None, "")])
def test_no_host_hides_behind_the_word_sandbox(base_url, said):
    """Only a server on this machine is believed when it says that it is one, and a client's own transport."""
    client = ow.Client(KEY, base_url=base_url or "https://origami.chat/api/v2")
    with pytest.MonkeyPatch.context() as patched:

        async def send(*_arguments, **_options):
            return ApiResponse(200, {"object": "account"}, sandbox=True)

        patched.setattr("origami_widgets.api.transport.Transport.send", send)
        client.get_account()
    assert client.operations.origin == said
