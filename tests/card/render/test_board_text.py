"""The board in a terminal: lines of at most 100 columns, all runs or how many more, and nothing that steers it."""

import re

import pytest

from origami_widgets.card.render.text_writer import WIDTH, render_text
from origami_widgets.words.foreign_text import width_of
from tests.card.boards import board_of, entry_of, hostile_entries, many
from tests.card.render.test_hostile import TRICKS
from tests.fixtures.states import NOW, STATES

ESCAPES = ("\x1b[2J", "\x1b]0;title\x07", "a\rb", "\u202egnp.exe", "\u2066x", "\x9b31m", "<script>", "[red]")


def text_of(entries, **options):
    return render_text(board_of(entries, form="current", **options), now=NOW)


def test_a_few_runs_say_all_that_is_known():
    assert text_of([entry_of(at, STATES[name]()) for at, name in enumerate(("filling", "running", "needs_input"))]) == (
        """3 runs: 1 running, 1 filling, 1 needs you
  15 leads, 12 qualified, 57 credits, 4.75 per qualified lead · as of 2026-07-21 09:18:30 UTC

✓ Filling 2 · Agent 0: List 15 family-run bakeries in Porto with a web shop and their contact
  e-mail.
  15 leads · 12 qualified · 57 credits · 4.75 per qualified lead · ended 2026-07-21 09:17 UTC
  6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90/v2_run-01k0c4m2f7
● Running · Agent 1: List 15 family-run bakeries in Porto with a web shop and their contact e-mail.
  4 min 28 s so far · last update 2026-07-21 09:18 UTC
  6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90/v2_run-01k0c4m2f7
◆ Needs your answer · Agent 2: Find wholesale partners for us.
  ended 2026-07-21 10:02 UTC
  7c2a1b9f-304c-4b61-8f66-3e1b5d2c8fa1/v2_run-01k0c6t9qa

To see the newest runs of the account, in any kernel: ow.RunBoard()"""
    )


@pytest.mark.parametrize("count", [0, 1, 5, 30, 100, 300])
def test_no_line_is_wider_than_the_terminal_and_all_fit_into_a_notebook(count):
    text = text_of(many(count, *STATES) if count else [])
    assert max(map(width_of, text.split("\n"))) <= WIDTH
    assert not text.endswith("\n")
    assert text.startswith(f"{count} run")


def test_those_without_room_are_counted():
    entries = many(100, *STATES)
    wide = [entry_of(at, entry.state, prompt="") for at, entry in enumerate(entries)]
    text = text_of(wide)
    lines = text.split("\n")
    match = re.fullmatch(r"  (\d+) more runs?: ow\.runs_frame\(board\)", lines[-1])
    shown = sum(bool(re.search(r"Agent \d+", line)) for line in lines)
    assert shown + (int(match[1]) if match else 0) == 100


def test_runs_that_the_board_does_not_show_are_counted_too():
    assert "200 more runs: see board.runs" in text_of(many(300, "running"))


@pytest.mark.parametrize("escape", ESCAPES)
def test_nothing_steers_the_terminal(escape):
    for count in (2, 100):
        text = text_of(hostile_entries(count, [f"{escape} words"]))
        assert not TRICKS.search(text.replace("\n", ""))
