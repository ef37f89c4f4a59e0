"""How fresh a card is, in the words of the front end."""

import pytest
from origami_widgets.card.view.snapshot_words import freshness_words

from origami_widgets.card.view import make_view
from origami_widgets.run.state import Connection, RunState

NOW = 1_784_625_465.0


def words_of(*, done=False, now=NOW, **connection):
    state = RunState(agent_id="a", run_id="r", done=done, connection=Connection(**connection))
    return freshness_words(make_view(state, now=now), now=now)


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ({"heard_at": NOW - 9.5, "next_at": NOW + 6.4}, "updated 9 s ago, next check in 6 s"),
        ({"heard_at": NOW - 0.2, "next_at": NOW + 90}, "updated just now, next check in 1 min 30 s"),
        ({"heard_at": NOW - 15, "next_at": NOW + 0.5}, "updated 15 s ago, checking…"),
        ({"heard_at": NOW - 15, "next_at": NOW - 4}, "updated 15 s ago, checking…"),
        ({"heard_at": NOW - 15}, "updated 15 s ago"),
        ({"next_at": NOW + 5}, "next check in 5 s"),
        ({}, ""),
        (
            {"state": "reconnecting", "heard_at": NOW - 130, "next_at": NOW + 12},
            "last heard 2 min ago, trying again in 12 s",
        ),
        ({"state": "reconnecting", "heard_at": NOW - 130, "next_at": NOW}, "last heard 2 min ago, checking…"),
        ({"state": "stopped", "heard_at": NOW - 3_700}, "last heard 1 h ago, checks have stopped"),
        ({"state": "stopped"}, "checks have stopped"),
        ({"state": "ended", "heard_at": NOW - 9}, ""),
    ],
)
def test_what_is_said_of_a_run_that_goes_on(connection, told):
    assert words_of(**connection) == told


def test_a_run_that_is_over_says_nothing_of_checks():
    assert words_of(done=True, heard_at=NOW - 9, next_at=NOW + 5) == ""
