"""One line about a run."""

import json

import pytest

from origami_widgets.card.render.card_text import SIGNS, render_text
from origami_widgets.card.view import make_view
from origami_widgets.cli.exits import code_of_run
from origami_widgets.cli.lines import change_line, record, stamped, tones
from tests.cli.plain import is_plain
from tests.fixtures import hostile
from tests.fixtures.states import NOW, STATES


def line_of(state, **options):
    return change_line(make_view(state, now=NOW), state, **options)


@pytest.fixture(params=STATES)
def state(request):
    return STATES[request.param]()


def test_it_is_made_of_the_words_of_the_card(state):
    view = make_view(state, now=NOW)
    card = " ".join(render_text(view, now=NOW, final=False, width=10_000).split())
    pieces = line_of(state).split(" · ")
    unsaid = [piece for piece in pieces if piece not in card]
    # How many tables and leads there are in all is the sum of what the card tells of each.
    assert all("lead" in piece or "table" in piece for piece in unsaid), unsaid
    assert pieces[0].startswith(tuple(SIGNS.values()))


def test_the_filling_bakeries():
    state = STATES["filling"]()
    assert line_of(state) == (
        "✓ Completed · 17 steps · 1 table, 15 leads · 57 credits in this table"
        " · The agent is done; 2 cells are still filling, 1 failed"
    )
    assert line_of(state, brief=True).startswith("✓ Completed: List 15 family-run bakeries in Porto")
    assert stamped("x", now=NOW) == "2026-07-21 09:18:30 UTC  x"


def test_time_alone_is_no_news(state):
    assert change_line(make_view(state, now=NOW + 500), state) == line_of(state)


@pytest.mark.parametrize("variant", ["unknown"])
@pytest.mark.parametrize("name", hostile.CORPUS)
def test_hostile_texts_stay_one_printable_line(name, variant):
    state = hostile.VARIANTS[variant](hostile.CORPUS[name])
    assert is_plain(line_of(state, brief=True))
    written = json.dumps(record(state, now=NOW))
    assert written.isascii()
    assert written.isprintable()


def test_the_record_of_a_run():
    assert record(STATES["filling"](), now=NOW) == {
        "at": "2026-07-21T09:18:30.000Z",
        "token": "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90/v2_run-01k0c4m2f7",
        "status": "completed",
        "done": True,
        "settled": False,
        "steps": {"completed": 17, "max": 50},
        "leads": 15,
        "credits": 57,
        "cells": {"running": 2, "errored": 1},
        "questions": 0,
        "connection": "live",
    }


def test_what_the_server_did_not_say_is_null():
    told = record(STATES["starting"](), now=NOW)
    unsaid = {name: told[name] for name in ("status", "steps", "leads", "credits", "cells", "questions")}
    assert unsaid == {
        "status": None,
        "steps": {"completed": None, "max": None},
        "leads": None,
        "credits": None,
        "cells": {"running": None, "errored": None},
        "questions": None,
    }


def test_the_lines_of_status_and_notices_have_a_tone(state):
    view = make_view(state, now=NOW)
    lines = render_text(view, now=NOW, ticking=True).splitlines()
    told = [tone for tone in tones(view, lines) if tone is not None]
    assert told[0] == view["head"]["tone"] or "Last seen" in lines[0]
    assert len(told) >= 1 + len(view["notices"])


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("needs_input", 4), ("errored", 3), ("cancelled", 3), ("timed_out", 3), ("paused_by_budget", 3)],
)
def test_the_exit_code_of_a_run(status, code):
    assert code_of_run(status) == code
