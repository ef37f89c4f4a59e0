"""What a board leaves in a notebook, in a real kernel: with somebody in front of it, and executed by a program."""

from tests.card.test_display import WIDGET, Person, executed

START = """
import time
import origami_widgets as ow
from origami_widgets.card.board import board as boards
client = ow.Sandbox(speed=240, plan="ultra").client()
briefs = ["Find bakeries in Porto. scenario:{0}", "Find bakeries in Faro. scenario:{0}"]
"""
MANY = START + "batch = ow.start_many(briefs, client=client)\n"
QUIET = START + "runs = [ow.start(brief, client=client, show=False) for brief in briefs]\n"


def test_a_program_is_left_the_static_board():
    cells = (
        MANY.format("completed") + "batch",
        "batch.wait();",
        "ow.RunBoard(batch)",
        "runs = batch.runs; board = ow.RunBoard(runs); board",
    )
    (shown, line), _, again, of_runs = executed(*cells)
    for data in (shown, *again, *of_runs):
        assert WIDGET not in data
        assert "2 runs: 2 " in data["text/plain"]
        assert "when saved:" not in data["text/html"]
        assert data["text/plain"].count("v2_run") == 2
    # Shown once, although it was also the last expression; and the line that finds the runs again has gone.
    assert line["text/plain"] == ""


def test_a_board_made_by_hand_is_static_when_a_program_has_waited_for_it():
    cells = (
        QUIET.format("filling") + "board = ow.RunBoard(runs)\nboard",
        "board.wait();",
        "other = ow.RunBoard(ow.start_many(briefs, client=client, show=False)); other",
        "other.wait('cells');",
    )
    (of_runs, _), _, (of_batch, _), _ = executed(*cells)
    for data in (of_runs, of_batch):
        assert WIDGET not in data
        assert "Completed" in data["text/plain"]


def test_a_person_keeps_the_live_board_for_a_while_and_then_has_the_static_one():
    # In one cell: nbclient drops what comes between two.
    soon = (
        "boards.SECOND_THOUGHTS = 0.5\n"
        + MANY.format("answer")
        + "batch.wait('cells')\nwhile batch.course.presentation.is_open:\n    time.sleep(0.05)"
    )
    (live, line), (later, _) = executed(MANY.format("slow") + "batch", soon, by=Person)
    assert WIDGET in live
    assert "ow.RunBoard()" in line["text/plain"]
    assert "when saved" in live["text/html"]
    assert WIDGET not in later
    assert "2 runs: 2 ended" in later["text/plain"]


def test_where_there_are_no_widgets_it_is_updated_in_place():
    (shown, _), _ = executed(
        "import origami_widgets as ow\now.configure(render='html')\n" + MANY.format("answer") + "batch",
        "batch.wait('cells')\nwhile not batch.course.presentation.settled:\n    time.sleep(0.05)\ntime.sleep(0.2)",
        by=Person,
    )
    assert WIDGET not in shown
    assert "2 runs: 2 ended" in shown["text/plain"]
    assert "saved copy" in shown["text/html"]
