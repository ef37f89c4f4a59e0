"""Runs as a table."""

import json

import pytest

from origami_widgets.api.models import RunSummary
from origami_widgets.card.render.card_text import width_of
from origami_widgets.cli.run_table import Listed, record, shortened, table
from tests.cli.plain import is_plain
from tests.fixtures import hostile

NOW = 1_784_625_465.0
AGENT = "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"

BRIEF = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"


def listed(number, prompt="List bakeries in Porto", status="completed", started="2026-07-21T09:14:45Z"):
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
    return Listed(AGENT, "Bakeries", RunSummary.from_raw(raw))


RUNS = [
    listed(1, "List bakeries in Porto", "running", "2026-07-21T09:17:40Z"),
    listed(2, BRIEF, "needs_input"),
    listed(3, "漢字" * 90, "paused_by_budget", None),
]


def test_where_nothing_limits_a_line():
    token = f"{AGENT}/v2_run-"
    assert list(table(RUNS, now=NOW, width=None)) == [
        f"Token{' ' * 40}  Started    Status               Brief",
        f"{token}1  5 s ago    ● Running            List bakeries in Porto",
        f"{token}2  3 min ago  ◆ Needs your answer  {BRIEF}",
        f"{token}3  n/a        ■ paused_by_budget   {'漢字' * 90}",
    ]


@pytest.mark.parametrize("width", [110, 160, 240])
def test_a_wide_terminal_has_a_line_for_each_run(width):
    lines = list(table(RUNS, now=NOW, width=width))
    assert len(lines) == 1 + len(RUNS)
    assert max(map(width_of, lines)) <= width
    assert [line.split()[0] for line in lines[1:]] == [run.token for run in RUNS]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_narrow_one_has_two_and_never_cuts_a_token(width):
    lines = list(table(RUNS, now=NOW, width=width))
    assert [line.strip() for line in lines[1::2]] == [run.token for run in RUNS]
    assert max(map(width_of, lines[::2])) <= width


def test_at_40_columns():
    assert list(table(RUNS[:2], now=NOW, width=40)) == [
        "● Running · 5 s ago · List bakeries in…",
        f"  {AGENT}/v2_run-1",
        "◆ Needs your answer · 3 min ago · Find…",
        f"  {AGENT}/v2_run-2",
    ]


def test_wide_characters_are_cut_where_they_end():
    assert shortened("漢字漢字", 5) == "漢字…"
    assert shortened("漢字", 4) == "漢字"


def test_without_runs_there_is_a_heading():
    assert list(table([], now=NOW, width=None)) == ["Token  Started  Status  Brief"]


@pytest.mark.parametrize("name", hostile.CORPUS)
def test_hostile_texts_stay_in_their_line(name):
    text = hostile.CORPUS[name]
    run = Listed(text, text, RunSummary.from_raw(hostile.filled(listed(1).run.raw, text, everything=True)))
    for width in (None, 40, 200):
        for line in table([run], now=NOW, width=width):
            assert is_plain(line)
    assert json.dumps(record(run)).isascii()


def test_the_record_of_a_run():
    assert record(RUNS[0]) == {
        "token": f"{AGENT}/v2_run-1",
        "agent_name": "Bakeries",
        "status": "running",
        "brief": "List bakeries in Porto",
        "model": "origami-max",
        "steps": {"completed": 3, "max": 30},
        "started_at": "2026-07-21T09:17:40Z",
        "completed_at": None,
    }
