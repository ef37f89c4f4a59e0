"""Each answer about a run is one change: what it says and when the next check is due come together."""

from __future__ import annotations

from itertools import pairwise

import pytest

import origami_widgets as ow


class Counted(ow.Sandbox):
    """A sandbox that notes the paths of the requests that it has answered."""

    def __init__(self, **options):
        super().__init__(**options)
        self.answered = []

    async def __call__(self, scope, receive, send):
        await super().__call__(scope, receive, send)
        self.answered.append(scope["path"])


@pytest.fixture
def sandbox(clock):
    return Counted(speed=1, clock=clock.time)


@pytest.mark.parametrize(
    "brief",
    [
        "List bakeries in Porto with a web shop",
        "List bakeries in Porto. scenario:partial",
        "List bakeries in Porto. scenario:filling",
    ],
)
def test_a_poll_is_one_change(sandbox, brief):
    run = ow.start(brief, client=sandbox.client(), show=False)
    sandbox.answered.clear()
    seen = []
    run.on_change(lambda changed: seen.append(changed.state))
    run.wait("cells")
    assert run.settled
    assert 5 < len(seen) <= len(sandbox.answered)
    # What an answer says and when the next one is due come together; where several tables fill, with the last of them.
    assert all(each.connection.next_at > each.connection.heard_at for each in seen if not each.done)
    assert all(one is not other for one, other in pairwise(seen))
    assert (seen[-1].connection.state, seen[-1].connection.next_at) == ("ended", None)
    # What was seen is in the history, and each of its records differs from the one before.
    history = run.history
    assert {each.history[-1] for each in seen if each.history} <= set(history)
    assert all((one.time <= other.time) and one != other for one, other in pairwise(history))
    statuses = list(dict.fromkeys(point.status for point in history))
    assert (statuses[0], statuses[-1]) == ("running", run.status)


def test_a_poll_without_news_adds_nothing_to_the_history(sandbox):
    run = ow.start("List bakeries in Porto. scenario:filling", client=sandbox.client(), show=False)
    before, seen = run.history, []
    stop = run.on_change(lambda changed: seen.append(changed.connection.heard_at))
    sandbox.answered.clear()
    asked = run.refresh()
    run.refresh()
    stop()
    assert asked is run
    assert len(seen) <= len(sandbox.answered)
    assert len(run.history) <= len(before) + len(sandbox.answered)
    run.cancel().wait()
