"""What asking again cannot change: the watch stops at once, says why, and the run is not said to have ended."""

from __future__ import annotations

import pytest

from origami_widgets.api import errors
from tests.faults.journey import completed, going_on
from tests.support.server import answer

MISSING = answer({"error": "no such run", "code": "RUN_NOT_FOUND"}, 404)
STOPS = {
    "401": (answer({"error": "revoked", "code": "UNAUTHORIZED"}, 401), errors.AuthenticationError),
    "401 without a word": (answer(b"", 401), errors.AuthenticationError),
    "403": (answer({"error": "not yours"}, 403), errors.PermissionDenied),
    "403 with a page of HTML": (
        answer("<html>Blocked</html>", 403, content_type="text/html"),
        errors.PermissionDenied,
    ),
}


@pytest.mark.parametrize(("fault", "kind"), STOPS.values(), ids=STOPS)
def test_a_key_that_is_refused_is_not_shown_again(journey, interface, fault, kind):
    seen = journey().go(interface, going_on(3), fault, completed())
    assert len(seen.asked) == 2
    assert isinstance(seen.error, kind)
    assert (seen.run.status, seen.run.done) == ("running", False)
    assert seen.run.connection.state == "stopped"
    if interface == "card":
        assert seen.shows("stopped", seen.error)
        assert seen.run.token in seen.notice("stopped")["code"]


@pytest.mark.parametrize("code", ["AGENT_NOT_FOUND", "RUN_NOT_FOUND"])
def test_nothing_is_claimed_of_a_run_that_was_deleted(journey, interface, code):
    gone = answer({"error": "Not here", "code": code}, 404)
    seen = journey().go(interface, going_on(3, retry_after="60"), gone, completed())
    assert isinstance(seen.error, errors.NotFound)
    assert (seen.run.status, seen.run.done) == ("running", False)
    if interface == "card":
        assert seen.shows("stopped", seen.error)
        assert seen.notice("stopped")["code"] == "", "there may be no run to attach to"


def test_a_person_can_start_the_watch_again(journey, interface):
    seen = journey().go(interface, going_on(3), answer({}, 401), completed())
    assert not seen.run.done
    assert seen.run.refresh().status == "completed"
    assert seen.run.connection.state in ("live", "ended")
