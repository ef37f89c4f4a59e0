"""The stop of a run through both of its stages, and what the card says of it: while it is asked, and afterwards."""

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


BUTTONS = {
    "starting": ("none", ""),
    "running": ("available", "Cancel"),
    "reconnecting": ("available", "Cancel"),
    "cancel_requested": ("requested", "Cancelling…"),
    "filling": ("available", "Stop filling 2 cells"),
    "stopping": ("requested", "Stopping…"),
    "stop_delayed": ("requested", "Stopping…"),
    "left_running": ("none", ""),
    "stopped_cells": ("none", ""),
    "cancelled_cells": ("none", ""),
    "completed": ("none", ""),
    "stopped": ("none", ""),
}


@pytest.mark.parametrize("name", BUTTONS)
def test_one_button_for_both_stages(name):
    assert button_of(STATES[name]()) == BUTTONS[name]


@pytest.mark.parametrize("name", BUTTONS)
def test_only_a_live_view_has_it(name):
    assert {button_of(STATES[name](), form)[0] for form in ("current", "snapshot")} == {"none"}


def test_each_stage_asks_its_own_question():
    asks = [make_view(STATES[name](), now=NOW)["head"]["buttons"][-1] for name in ("running", "filling")]
    assert [button["command"] for button in asks] == ["cancel", "cancel"]
    assert [button["yes"] for button in asks] == ["Yes, cancel it", "Yes, stop filling"]
    assert asks[0]["confirm"] != asks[1]["confirm"]


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


def test_a_request_that_gets_through_says_what_is_awaited():
    assert notice_of(STATES["stopping"](), "stopping")["tone"] == "attention"
    assert "stopping" not in keys(replace(STATES["running"](), cancel="requested", stopping="requested"))


def test_a_lost_stop_says_how_many_cells_may_go_on():
    said = notice_of(STATES["stop_delayed"](), "stopping")
    assert said["title"] == "Origami hasn't received the stop yet"
    assert "cells may go on filling" in said["text"]
    assert "2 cells were filling at the last count" in said["text"]


def test_a_request_that_was_refused_says_why_and_can_be_made_again():
    state = replace(STATES["stop_delayed"](), stopping="none")
    said = notice_of(state, "stopping")
    assert (said["title"], said["tone"]) == ("Cells were not stopped: Can't reach Origami", "bad")
    assert "2 cells were filling at the last count" in said["text"]
    assert button_of(state)[0] == "available"


def test_a_lost_stop_is_shown_while_the_agent_works():
    state = replace(STATES["running"](), stopping="requested", stop_error=STATES["stop_delayed"]().stop_error)
    assert "stopping" in keys(replace(state, cancel="requested"))


def test_what_was_stopped_and_what_was_left_running_is_said():
    said = notice_of(STATES["stopped_cells"](), "cells_stopped")
    assert (said["title"], said["tone"]) == ("19 cells and 1 search for leads were stopped", "neutral")
    left = notice_of(STATES["left_running"](), "cells_stopped")
    table = STATES["left_running"]().tables[0]
    assert (left["title"], left["tone"]) == ("12 cells were stopped", "attention")
    assert f"Left running: 2 cells in “{table.name}”" in left["text"]
    assert left["code"] == f'run.stop_cells(tables=["{table.id}"])'


def test_a_cancelled_run_says_it_in_its_own_notice():
    state = STATES["cancelled_cells"]()
    assert keys(state) == ["cancelled"]
    assert notice_of(state, "cancelled")["title"].startswith("19 cells were stopped")


def test_a_stop_that_found_nothing_says_nothing():
    assert "cells_stopped" not in keys(replace(STATES["completed"](), stopped=StoppedCells(0, 0)))


def test_many_tables_that_were_left_are_counted():
    left = tuple(LeftRunning(f"t{n}", f"Table {n}", None, "x" * 400) for n in range(40))
    state = replace(STATES["filling"](), stopped=StoppedCells(1, 0, left))
    text = notice_of(state, "cells_stopped")["text"]
    assert "37 more tables" in text
    assert "1 cell was stopped" in notice_of(state, "cells_stopped")["title"]


ANNOUNCED = {
    "cancel_requested": "Run: Running. Cancel requested.",
    "stopping": "Run: Completed. Stopping cells.",
    "stop_delayed": "Run: Completed. Origami hasn't received the stop yet.",
    "stopped_cells": "Run: Completed. 19 cells and 1 search for leads were stopped. All cells are final.",
    "cancelled_cells": "Run: Stopped. 19 cells were stopped. All cells are final.",
    "nothing_built": "Run: Completed. Nothing was built.",
    "answered": "Run: Completed.",
    "errored": "Run: Failed.",
    "completed": "Run: Completed. All cells are final.",
}


@pytest.mark.parametrize("name", ANNOUNCED)
def test_assistive_technology_hears_of_it(name):
    assert make_view(STATES[name](), now=NOW)["head"]["announcement"] == ANNOUNCED[name]


def board_of(*names: str, **options):
    return make_board([entry_of(at, STATES[name]()) for at, name in enumerate(names)], now=NOW, **options)


def cancel_all(*names: str, **options):
    return next(
        (each for each in board_of(*names, **options)["head"]["buttons"] if each["command"] == "cancel_all"), None
    )


ALL = {
    ("running",): ("Cancel run", "Cancel the active run? Its agent and its cells stop.", "Yes, cancel it"),
    ("running", "running", "completed"): ("Cancel all", "Cancel 2 runs?", "Yes, cancel them"),
    ("running", "filling"): (
        "Cancel all",
        "Cancel 1 run and stop filling cells of 1 run?",
        "Yes, cancel them",
    ),
    ("filling", "completed"): ("Stop filling", "Stop filling cells of the run?", "Yes, stop filling"),
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


@pytest.mark.parametrize("name", ["cancel_requested", "stopping", "stop_delayed", "filling"])
def test_a_card_without_its_kernel_says_that_cells_may_go_on(name):
    gone = make_view(STATES[name](), now=NOW)["head"]["gone"]
    assert "may go on" in gone
    assert "stop" in gone
