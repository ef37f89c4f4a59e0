"""What an account says of itself, and what is made of it where it says less."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import AuthenticationError, ServerError
from tests.api.conftest import KEY
from tests.support.server import answer

ACCOUNT = {
    "object": "account",
    "organization": {"id": "org-1", "name": "Acme"},
    "plan": {"id": "pro", "name": "Pro"},
    "capabilities": {"canUseApi": True, "concurrentAgents": 3},
}
CREDITS = answer({"object": "credits", "balance": 12.5, "currency": "credits"})
NO_AGENTS = answer({"object": "list", "items": [], "nextCursor": None})

pytestmark = pytest.mark.usefixtures("quick")


def read(server, *behaviours):
    """The account that a server sends."""
    server.plan(*behaviours)
    return ow.account(client=ow.Client(KEY, base_url=server.base_url))


def with_slots(slots):
    return answer(ACCOUNT | {"capabilities": {} if slots is ... else {"concurrentAgents": slots}})


def agents(*statuses, cursor=None):
    items = [
        {"id": f"a-{cursor}-{at}", "name": "x", "lastRun": {"id": f"r-{cursor}-{at}", "status": status}}
        for at, status in enumerate(statuses)
    ]
    return answer({"object": "list", "items": [*items, {"id": "new", "lastRun": None}], "nextCursor": cursor})


SLOTS = {
    "some": (3, 2, 1, "at most 1 of 3 free (runs started in the web app aren't counted)"),
    "more than are allowed": (1, 2, 0, "none of 1 free"),
    "no limit": (None, 2, None, "unlimited; 2 active"),
    "unknown": (..., 2, None, "unknown; 2 active"),
    "no number": ("many", 2, None, "unknown; 2 active"),
}


@pytest.mark.parametrize(("slots", "active", "free", "words"), SLOTS.values(), ids=SLOTS)
def test_how_many_slots_are_free(server, slots, active, free, words):
    account = read(server, with_slots(slots), CREDITS, agents("running", "completed", "running", "errored"))
    assert (account.active_runs, account.free_run_slots) == (active, free)
    assert str(account).splitlines()[2] == f"Run slots: {words}"
    assert account.run_slots_known == (slots in {3, 1, None})


def test_agents_are_read_until_all_slots_are_known_up_to_five_pages(server):
    read(server, with_slots(2), CREDITS, agents("running", cursor="1"), agents("running", cursor="2"), agents())
    assert len(server.requests) == 4
    server.requests.clear()
    account = read(server, with_slots(3), CREDITS, *(agents("completed", cursor=str(page)) for page in range(9)))
    assert [request.path.removeprefix("/api/v2") for request in server.requests] == [
        "/account",
        "/account/credits",
        *["/agents"] * 5,
    ]
    assert account.free_run_slots == 3


def test_a_part_that_cannot_be_read_is_none_and_the_others_are_read(server):
    forbidden = answer({"error": "no", "code": "FORBIDDEN"}, 403)
    account = read(server, answer(ACCOUNT), forbidden, forbidden)
    assert (account.credits, account.active_runs, account.free_run_slots) == (None, None, None)
    assert str(account).startswith("Organization: Acme (127.0.0.1:")
    assert str(account).splitlines()[1:3] == [
        "Plan: Pro, API access",
        "Run slots: 3; the number of free ones couldn't be read",
    ]
    assert "Credits: unknown" in str(account)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_key_that_is_refused_at_any_request_raises(server, at):
    plan = [answer(ACCOUNT), CREDITS, NO_AGENTS]
    plan[at] = answer({"error": "no", "code": "UNAUTHORIZED"}, 401)
    with pytest.raises(AuthenticationError):
        read(server, *plan)


def test_an_account_that_cannot_be_read_raises(server):
    with pytest.raises(ServerError):
        read(server, *[answer({"error": "x"}, 500)] * 9)


def test_missing_values_are_called_unknown(server):
    account = read(server, answer({}), answer({}), NO_AGENTS)
    assert str(account).splitlines()[:3] == [
        f"Organization: unknown ({server.base_url.split('/')[2]})",
        "Plan: unknown, API access unknown",
        "Run slots: unknown; 0 active",
    ]
