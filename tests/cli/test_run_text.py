"""Runs as lines, records and a table."""

import json

import pytest

from origami_widgets.api.models.run import RunSummary
from origami_widgets.card.render.document import SIGNS
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from origami_widgets.cli.run_text import (
    change_line,
    listed_record,
    run_record,
    table_lines,
)
from origami_widgets.run.conversation import RecentRun
from origami_widgets.words.foreign_text import width_of
from tests.cli.plain import is_plain
from tests.fixtures import hostile
from tests.fixtures.states import NOW, STATES


def view_of(state, *, now=NOW):
    return make_view(state, now=now, form="current")


def line_of(state, **options):
    return change_line(view_of(state), **options)


@pytest.fixture(params=STATES)
def state(request):
    return STATES[request.param]()


def test_a_line_uses_the_words_of_the_card(state):
    card = " ".join(render_text(view_of(state), now=NOW, width=10_000).split())
    pieces = line_of(state).split(" · ")
    assert [piece for piece in pieces if piece not in card] == []
    assert pieces[0].startswith(tuple(SIGNS.values()))


@pytest.mark.sweep
@pytest.mark.parametrize("variant", ["unknown"])
@pytest.mark.parametrize("name", hostile.CORPUS)
def test_hostile_texts_stay_one_printable_line(name, variant):
    state = hostile.VARIANTS[variant](hostile.CORPUS[name])
    assert is_plain(line_of(state, with_brief=True))
    written = json.dumps(run_record(state, now=NOW))
    assert written.isascii()
    assert written.isprintable()


def test_the_record_of_a_run():
    assert run_record(STATES["filling"](), now=NOW) == {
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


TABLE_NOW = 1_784_625_465.0
AGENT = "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"

BRIEF = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"


def row(number, prompt="List bakeries in Porto", status="completed", started="2026-07-21T09:14:45Z"):
    raw = {
        "object": "run",
        "id": f"v2_run-{number}",
        "agentId": AGENT,
        "status": status,
        "prompt": prompt,
        "model": "origami-max",
        "steps": {"completed": 3, "max": 30},
        "startedAt": started,
        "completedAt": None,
    }
    return RecentRun(AGENT, "Bakeries", RunSummary.from_raw(raw))


RUNS = [
    row(1, "List bakeries in Porto", "running", "2026-07-21T09:17:40Z"),
    row(2, BRIEF, "needs_input"),
    row(3, "漢字" * 90, "paused_by_budget", None),
]


def test_a_table_of_any_width_is_never_cut():
    token = f"{AGENT}/v2_run-"
    assert list(table_lines(RUNS, now=TABLE_NOW, width=None)) == [
        f"Token{' ' * 40}  Started    Status               Brief",
        f"{token}1  5 s ago    ● Running            List bakeries in Porto",
        f"{token}2  3 min ago  ◆ Needs your answer  {BRIEF}",
        f"{token}3  n/a        ■ paused_by_budget   {'漢字' * 90}",
    ]


@pytest.mark.parametrize("width", [110, 160, 240])
def test_a_wide_terminal_has_one_line_per_run(width):
    lines = list(table_lines(RUNS, now=TABLE_NOW, width=width))
    assert len(lines) == 1 + len(RUNS)
    assert max(map(width_of, lines)) <= width
    assert [line.split()[0] for line in lines[1:]] == [run.token for run in RUNS]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_narrow_terminal_has_two_lines_per_run_and_never_cuts_a_token(width):
    lines = list(table_lines(RUNS, now=TABLE_NOW, width=width))
    assert [line.strip() for line in lines[1::2]] == [run.token for run in RUNS]
    assert max(map(width_of, lines[::2])) <= width


def test_the_record_of_a_row():
    assert listed_record(RUNS[0]) == {
        "token": f"{AGENT}/v2_run-1",
        "agent_name": "Bakeries",
        "status": "running",
        "brief": "List bakeries in Porto",
        "model": "origami-max",
        "steps": {"completed": 3, "max": 30},
        "started_at": "2026-07-21T09:17:40Z",
        "completed_at": None,
    }
