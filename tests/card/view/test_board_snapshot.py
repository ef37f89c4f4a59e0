"""A board that was saved says what was so then, and nothing that a reader would take for the present."""

import re

import pytest
from origami_widgets.card.view.board_snapshot import as_final_snapshot, as_live_snapshot, as_printed_snapshot

from origami_widgets.card.render.board_html import render_board_html
from origami_widgets.card.render.board_text import render_board_text
from origami_widgets.card.view.board_rows import BoardEntry
from tests.card.boards import board_of, entry_of, every_entry, many
from tests.card.markup import words
from tests.fixtures.states import NOW, STATES, too_few_credits

PRESENT = (
    "trying again",
    "Cancel requested",
    "All run slots are in use",
    "is sent again",
    "Sending your answers",
    "goes on at the server",
)
"""What cards say of the present."""


def labels(view):
    return [row["status_label"] for row in view["rows"]]


def test_what_was_going_on_was_so_when_it_was_saved():
    view = board_of(
        [*many(1, "running", "completed"), BoardEntry(2, "", "x", brief="waiting"), entry_of(3, STATES["stopped"]())]
    )
    assert labels(as_final_snapshot(board_of(many(2, "running", "completed")))) == [
        "Was running when saved",
        "Completed",
    ]
    assert labels(as_final_snapshot(view)) == [
        "Was running when saved",
        "Was waiting when saved",
        "Last seen: Running",
    ]


@pytest.mark.parametrize("name", ["reconnecting", "stopped", "missing"])
def test_the_time_of_a_run_stands_at_when_the_server_was_last_heard(name):
    view = board_of([entry_of(0, STATES[name]())])
    for final in (True, False):
        for later in (0, 600):
            copies = (
                words(render_board_html(view, now=NOW + later, final=final)),
                render_board_text(view, now=NOW + later, final=final),
            )
            for text in copies:
                assert "2 min 18 s when last seen" in text
                assert "so far" not in text


def test_nothing_is_claimed_of_a_run_that_the_server_does_not_find():
    view = board_of([entry_of(0, STATES["missing"]()), entry_of(1, STATES["running"]())])
    assert view["rows"][0]["note"] == "There is no such agent"
    assert view["rows"][0]["status_label"] == "Last seen: Running"
    assert "Runs that Origami still finds go on at the server." in view["head"]["gone"]


def test_a_word_of_the_server_that_nobody_knows_is_quoted():
    (label,) = labels(as_final_snapshot(board_of([entry_of(0, STATES["unknown_running"]())])))
    assert label.startswith("Was “")
    assert label.endswith("” when saved")


@pytest.mark.parametrize("name", STATES)
def test_no_status_of_a_run_that_went_on_stands_there_as_if_it_still_did(name):
    view = board_of([entry_of(0, STATES[name]())])
    saved = words(render_board_html(view, now=NOW))
    for phrase in PRESENT:
        assert phrase not in saved
    if not view["rows"][0]["done"]:
        assert "Was " in saved or "Last seen" in saved
        assert "when saved" in saved


def test_how_many_were_running_is_said_of_then():
    assert "2 runs when saved: 2 running" in words(render_board_html(board_of(many(2, "running")), now=NOW))
    assert "2 runs: 2 ended" in words(render_board_html(board_of(many(2, "completed")), now=NOW))


def test_cells_that_were_filling():
    for copied in (as_final_snapshot, as_printed_snapshot):
        (row,) = copied(board_of(many(1, "filling")))["rows"]
        assert re.search(r"2 cells still filling (when saved|then)$", row["note"])


def test_a_copy_has_no_buttons():
    error = too_few_credits().command_error
    view = board_of(many(2, "running"), error=error, can_resume=True, can_stop=True)
    for copied in (as_final_snapshot(view), as_printed_snapshot(view), as_live_snapshot(view)):
        assert copied["head"]["buttons"] == []
        assert copied["head"]["notices"][0]["button"] is None
        assert copied["head"]["notices"][0]["code"] == "batch.resume()"
    assert view["head"]["buttons"]


def test_a_copy_that_is_kept_up_to_date_speaks_of_the_present():
    view = board_of(every_entry())
    assert as_live_snapshot(view)["rows"] == view["rows"]
    told = words(render_board_html(view, now=NOW, final=False))
    assert "when saved" not in told
    assert "Was " not in told
    assert "saved copy" not in told


def test_it_says_of_when_it_is():
    view = board_of(many(1, "running"))
    assert "saved copy, as of 2026-07-21 09:18 UTC" in words(render_board_html(view, now=NOW))
    assert "as of 2026-07-21 09:18" in render_board_text(view, now=NOW)
    assert "last heard 2026-07-21 09:18 UTC" in words(render_board_html(view, now=NOW))
