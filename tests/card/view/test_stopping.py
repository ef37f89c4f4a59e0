"""The stop of a run through both of its stages, as far as `fixtures/views` has no state that shows it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from origami_widgets.card.view import make_view
from origami_widgets.card.view.board_view import make_board
from origami_widgets.run.state import Connection, LeftRunning, RunState, StoppedCells
from tests.card.boards import entry_of
from tests.card.live import stop_of
from tests.fixtures.states import NOW, STATES


def button_of(state: RunState, form: str = "live"):
    return stop_of(make_view(state, now=NOW, form=form)["head"])


def notice_of(state: RunState, key: str, form: str = "live"):
    (found,) = [each for each in make_view(state, now=NOW, form=form)["notices"] if each["key"] == key]
    return found


def keys(state: RunState):
    return [each["key"] for each in make_view(state, now=NOW)["notices"]]


def test_one_cell_is_one_cell():
    state = STATES["filling"]()
    table = state.tables[0]
    state = replace(state, tables=(replace_cells(table, 1),))
    assert button_of(state)[1] == "Stop filling 1 cell"


def replace_cells(table, running: int):
    return type(table).from_raw({**table.raw, "cells": {"running": running, "errored": 0}})


def test_cells_that_others_fill_in_a_focus_table_are_not_counted():
    """They are not stopped: the button would say more than it does."""
    state = STATES["filling"]()
    raw = state.run.raw
    table_id = state.tables[0].id
    asked = {**raw["request"], "focusTableIds": [each.id for each in state.tables]}
    silent = {**raw, "request": asked, "response": {**raw["response"], "actions": []}}
    focused = replace(state, run=type(state.run).from_raw(silent), actions=())
    assert button_of(focused)[1] == "Stop filling"
    column = next(each for each in state.tables[0].columns if each.cells.running)
    added = {"type": "column_added", "tableId": table_id, "columnId": column.id, "columnName": column.name}
    action = type(state.run).from_raw({**silent, "response": {"actions": [added]}}).response.actions
    assert button_of(replace(focused, actions=action))[1] == f"Stop filling {plural(column.cells.running)}"


def plural(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells} cells"


def test_a_saved_answer_has_nothing_to_stop():
    state = STATES["filling"]()
    assert button_of(replace(state, connection=Connection(state="ended")))[0] == "none"


def test_cells_of_other_tables_can_be_stopped_beside_those_that_were_left():
    state = STATES["left_running"]()
    other = replace_cells(type(state.tables[0]).from_raw({**state.tables[0].raw, "id": "other"}), 3)
    assert button_of(replace(state, tables=(*state.tables, other)))[1] == "Stop filling 3 cells"


def test_that_the_server_cannot_be_reached_comes_before_what_is_awaited_of_it():
    state = replace(STATES["running"](), cancel="requested", connection=Connection(state="reconnecting"))
    assert keys(state) == ["reconnecting", "cancel_requested"]


def test_a_request_that_gets_through_says_what_is_awaited():
    assert notice_of(STATES["stopping"](), "stopping")["tone"] == "attention"
    assert "stopping" not in keys(replace(STATES["running"](), cancel="requested", stopping="requested"))


def test_a_request_that_was_refused_says_why_and_can_be_made_again():
    state = replace(STATES["stop_delayed"](), stopping="none")
    said = notice_of(state, "stopping")
    assert (said["title"], said["tone"]) == ("Cells were not stopped: Can't reach Origami", "bad")
    assert "2 cells were filling at the last count" in said["text"]
    assert button_of(state)[0] == "available"


def test_a_lost_stop_is_shown_while_the_agent_works():
    state = replace(STATES["running"](), stopping="requested", stop_error=STATES["stop_delayed"]().stop_error)
    assert "stopping" in keys(replace(state, cancel="requested"))


def test_a_stop_that_found_nothing_says_nothing():
    assert "cells_stopped" not in keys(replace(STATES["completed"](), stopped=StoppedCells(0, 0)))


def test_many_tables_that_were_left_are_counted():
    left = tuple(LeftRunning(f"t{n}", f"Table {n}", None, "x" * 400) for n in range(40))
    state = replace(STATES["filling"](), stopped=StoppedCells(1, 0, left))
    text = notice_of(state, "cells_stopped")["text"]
    assert "37 more tables" in text
    assert "1 cell was stopped" in notice_of(state, "cells_stopped")["title"]


def board_of(*names: str, **options):
    return make_board([entry_of(at, STATES[name]()) for at, name in enumerate(names)], now=NOW, **options)


def cancel_all(*names: str, **options):
    return next(
        (each for each in board_of(*names, **options)["head"]["buttons"] if each["command"] == "cancel_all"), None
    )


ALL = {
    ("running",): ("Cancel all", "Cancel 1 run?", "Yes, cancel them"),
    ("running", "running", "completed"): ("Cancel all", "Cancel 2 runs?", "Yes, cancel them"),
    ("running", "filling"): (
        "Cancel all",
        "Cancel 1 run and stop filling cells of 1 run?",
        "Yes, cancel them",
    ),
    ("filling", "completed"): ("Stop filling", "Stop filling cells of 1 run?", "Yes, stop filling"),
    ("filling", "filling"): ("Stop filling", "Stop filling cells of 2 runs?", "Yes, stop filling"),
}


@pytest.mark.parametrize("names", ALL)
def test_all_covers_runs_that_are_over_while_cells_fill_and_says_how_many(names):
    button = cancel_all(*names)
    label, question, yes = ALL[names]
    assert (button["label"], button["yes"]) == (label, yes)
    assert button["confirm"].startswith(f"{question} ")


def test_all_says_that_no_more_runs_start():
    assert cancel_all("running", can_stop=True)["confirm"].startswith("Cancel 1 run and start no more? ")
    button = cancel_all("completed", can_stop=True)
    assert (button["confirm"].split("?")[0], button["yes"]) == ("Start no more", "Yes, start no more")


def test_all_is_not_offered_where_nothing_can_be_stopped():
    assert cancel_all("completed", "cancel_requested", "stopping", "left_running") is None


def test_the_board_announces_stops():
    assert board_of("running", "filling")["head"]["announcement"] == ""
    head = board_of("cancel_requested", "stopping", "needs_input")["head"]
    assert head["announcement"] == "3 runs: 1 needs you, 2 being stopped."
    assert board_of("completed")["head"]["announcement"] == "1 run: all have ended."
    assert board_of("nothing_built")["head"]["announcement"] == "1 run: 1 needs you, all have ended."
