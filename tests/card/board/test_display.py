"""What a board leaves in a notebook, in a real kernel: with somebody in front of it, and executed by a program."""

from tests.card.test_display import OTHER_PAGE, WIDGET, Person, executed

START = """
import time
import origami_widgets as ow
from origami_widgets.card.widgets import run_board as boards
from origami_widgets.host.application import pages
client = ow.Sandbox(speed=600, plan="ultra").client()
briefs = ["Find bakeries in Porto. scenario:{0}", "Find bakeries in Faro. scenario:{0}"]
"""
MANY = START + "batch = ow.start_many(briefs, client=client)\n"


def test_a_program_is_left_static_boards():
    """Shown when started and as the last expression; made by hand of runs, of a batch, and of what has ended."""
    cells = (
        MANY.format("filling") + "batch",
        "batch.wait();",
        "runs = [ow.start(brief, client=client, show=False) for brief in briefs]\nboard = ow.RunBoard(runs)\nboard",
        "board.wait();",
        "other = ow.RunBoard(ow.start_many(briefs, client=client, show=False)); other",
        "other.wait('cells');",
        "ow.RunBoard(batch)",
    )
    shown, _, of_runs, _, of_batch, _, again = executed(*cells)
    for data, line in (shown, of_runs, of_batch):
        assert WIDGET not in data
        assert "Completed" in data["text/plain"]
        assert data["text/plain"].count("v2_run") == 2
        # The line that finds the runs again has gone with the widget.
        assert line["text/plain"] == ""
    assert not any(WIDGET in data for data in again)


def test_a_person_keeps_the_live_board_for_a_while_and_then_has_the_static_one():
    """Where there are no widgets, the static one stands there from the beginning, and is updated in its place."""
    over = "batch.wait('cells')\nwhile not {}:\n    time.sleep(0.05)\n"
    # In one cell: nbclient drops what comes between two.
    soon = OTHER_PAGE + "boards.SECOND_THOUGHTS = 0.5\n" + MANY.format("answer")
    begun = (
        MANY.format("slow").replace("speed=600", "speed=1")
        + over.partition("\n")[2].format("batch.presentation.head['again_line'].count('v2_run') == 2")
        + "batch"
    )
    slow, quick, in_place, going_on = executed(
        begun,
        soon + over.format("batch.presentation.frozen"),
        "ow.configure(render='html')\n"
        + MANY.format("answer")
        + over.format("batch.presentation.settled")
        + "time.sleep(0.1)",
        begun,
        by=Person,
    )
    (live, line), (frozen, _), (updated, gone), (static, kept) = slow, quick, in_place, going_on
    assert WIDGET in live
    assert WIDGET not in static
    for below in (line, kept):
        assert below["text/plain"].startswith('To see these runs again: ow.RunBoard(["')
        assert below["text/plain"].count("v2_run") == 2
    assert gone["text/plain"] == ""
    assert "when saved" in live["text/html"]
    for data in (frozen, updated):
        assert WIDGET not in data
        assert "2 runs: 2 ended" in data["text/plain"]
        assert "saved copy" in data["text/html"]
