"""How fresh a card is, and how long a run took in views that count no time themselves."""

from dataclasses import replace

import pytest

from origami_widgets.card.view import make_view
from origami_widgets.card.view.run_head import fresh_words, times_of
from origami_widgets.run.state import Connection, RunState
from tests.fixtures.states import NOW as LATER
from tests.fixtures.states import STATES

NOW = 1_784_625_465.0


def words_of(*, done=False, now=NOW, **connection):
    state = RunState(agent_id="a", run_id="r", done=done, connection=Connection(**connection))
    return fresh_words(make_view(state, now=now)["clock"], now=now)


@pytest.mark.parametrize(
    ("connection", "words"),
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
            "last update 2 min ago, retrying in 12 s",
        ),
        ({"state": "reconnecting", "heard_at": NOW - 130, "next_at": NOW}, "last update 2 min ago, retrying…"),
        ({"state": "stopped", "heard_at": NOW - 3_700}, "last update 1 h ago, no longer updating"),
        ({"state": "stopped"}, "no longer updating"),
        ({"state": "ended", "heard_at": NOW - 9}, ""),
    ],
)
def test_how_fresh_a_running_run_is(connection, words):
    assert words_of(**connection) == words


def test_of_a_run_that_ended_the_age_is_that_of_its_cells():
    filling = make_view(STATES["filling"](), now=LATER)
    assert fresh_words(filling["clock"], now=LATER) == "updated 9 s ago, next check in 11 s"
    settled = make_view(STATES["completed"](), now=LATER)
    assert fresh_words(settled["clock"], now=LATER) == ""
    looked_at_once_more = replace(STATES["completed"](), connection=Connection(heard_at=LATER, next_at=LATER + 30))
    assert fresh_words(make_view(looked_at_once_more, now=LATER)["clock"], now=LATER) == ""


TIMES = {
    "starting": [],
    "running": ["4 min 28 s so far"],
    "completed": ["3 min 43 s", "ended 2026-07-21 09:17 UTC"],
    "stopped": ["2 min 18 s at the last update", "last update 2026-07-21 09:16 UTC"],
    "reconnecting": ["2 min 18 s at the last update", "last update 2026-07-21 09:16 UTC"],
}


@pytest.mark.parametrize("name", TIMES)
def test_how_long_it_took_and_when_it_was_last_heard_of(name):
    view = make_view(STATES[name](), now=LATER, form="snapshot")
    assert times_of(view, now=LATER) == TIMES[name]
    assert times_of(view, now=LATER, ticking=True) == [each for each in TIMES[name] if "last update 2026" not in each]


def test_an_old_answer_carries_its_moment():
    view = make_view(STATES["running"](), now=LATER, form="snapshot")
    assert times_of(view, now=LATER + 600)[-1] == "last update 2026-07-21 09:18 UTC"
