"""Whose cells a conversation may stop: a test for each sentence of the rule."""

from __future__ import annotations

import pytest

from origami_widgets.api.models.run import RunObject
from origami_widgets.api.models.table import Table
from origami_widgets.run.state import LeftRunning, RunState, StoppedCells
from origami_widgets.run.whose_cells import StopTarget, attribute

BEFORE, BEGAN = "2026-07-20T09:00:00Z", "2026-07-21T09:00:00Z"
ENDED, LATER = "2026-07-21T09:04:00Z", "2026-07-21T09:05:00Z"


def state(actions=(), focus=(), started_at=BEGAN, run_id="r-1", completed_at=None):
    times = {"startedAt": started_at, "completedAt": completed_at}
    run = RunObject.from_raw({"id": run_id, **times, "request": {"focusTableIds": list(focus)}, "response": None})
    answer = RunObject.from_raw({"id": run_id, "response": {"actions": list(actions)}})
    return RunState(agent_id="a", run_id=run_id, run=run, actions=answer.response.actions if actions else ())


def table(table_id="T-1", created_at=BEFORE, running=(("phone", 5),)):
    columns = [
        {"id": f"C-{slug}", "name": (slug or "none").title(), "slug": slug, "cells": {"running": cells}}
        for slug, cells in running
    ]
    total = sum(cells for _, cells in running)
    return Table.from_raw(
        {"id": table_id, "name": "Leads", "createdAt": created_at, "columns": columns, "cells": {"running": total}}
    )


def created(table_id="t-1"):
    return {"type": "table_created", "tableId": table_id}


def added(column_id=None, name=None, table_id="t-1"):
    return {"type": "column_added", "tableId": table_id, "columnId": column_id, "columnName": name}


WHOLE = (StopTarget("T-1"),)


def test_a_table_that_an_action_created_is_ours_whole():
    found = attribute([state([created()])], [table()])
    assert (found.targets, found.left_running) == (WHOLE, ())


def test_a_table_that_we_created_and_that_is_not_listed_yet_is_ours():
    assert attribute([state([created("T-1")])], []).targets == WHOLE


def test_a_table_that_any_run_of_the_conversation_created_is_ours():
    found = attribute([state([created()]), state(started_at=LATER, run_id="r-2")], [table()])
    assert found.targets == WHOLE


def test_a_table_that_appeared_since_the_start_is_ours():
    assert attribute([state()], [table(created_at=LATER)]).targets == WHOLE
    assert attribute([state()], [table(created_at=BEGAN)]).targets == WHOLE


@pytest.mark.parametrize("created_at", [BEFORE, None])
def test_a_table_that_was_there_before_or_may_have_been_is_left_and_named(created_at):
    found = attribute([state()], [table(created_at=created_at)])
    assert found.targets == ()
    (left,) = found.left_running
    assert (left.table_id, left.table_name, left.cells, bool(left.reason)) == ("T-1", "Leads", 5, True)


def test_a_table_of_the_first_run_is_ours_also_after_a_follow_up():
    both = [state(), state(started_at="2026-07-21T10:00:00Z", run_id="r-2")]
    assert attribute(both, [table(created_at=LATER)]).targets == WHOLE


def test_without_the_moment_of_the_start_nothing_counts_as_new():
    assert attribute([state(started_at=None)], [table(created_at=LATER)]).targets == ()


def test_a_new_focus_table_is_not_ours_although_it_is_new():
    """It may be a list that was uploaded, or a colleague's table, a moment after the conversation began."""
    assert attribute([state(focus=["t-1"])], [table(created_at=LATER)]).targets == ()


@pytest.mark.parametrize("action", [added("C-phone", "Phone"), added(None, "Phone")], ids=["id", "name"])
def test_of_a_focus_table_only_the_columns_that_we_added_are_stopped(action):
    found = attribute([state([action], focus=["T-1"])], [table(running=(("phone", 5), ("owner", 7)))])
    assert found.targets == (StopTarget("T-1", ("phone",)),)
    assert [left.cells for left in found.left_running] == [7]


def test_a_column_of_the_same_name_as_ours_is_not_ours():
    found = attribute([state([added("C-other", "Phone")], focus=["T-1"])], [table()])
    assert found.targets == ()


def test_until_an_action_names_a_column_of_a_focus_table_none_is_ours():
    """It may be a colleague's: the agent is cancelled first, and its actions then name what it has added."""
    found = attribute([state(focus=["T-1"])], [table(running=(("phone", 5), ("owner", 7)))])
    assert (found.targets, [left.cells for left in found.left_running]) == ((), [12])


def test_a_column_that_cannot_be_named_to_the_server_is_left():
    found = attribute([state([added("C-None")], focus=["T-1"])], [table(running=((None, 5),))])
    assert found.targets == ()
    assert [left.cells for left in found.left_running] == [5]


def test_what_is_focused_and_created_by_us_is_ours():
    assert attribute([state([created()], focus=["T-1"])], [table()]).targets == WHOLE


def test_a_table_that_was_made_after_our_end_is_not_ours():
    """A colleague has continued the agent."""
    assert attribute([state(completed_at=ENDED)], [table(created_at=LATER)]).targets == ()
    assert attribute([state(completed_at=LATER)], [table(created_at=ENDED)]).targets == WHOLE


def test_tables_without_active_cells_are_not_named():
    assert attribute([state()], [table(running=(("phone", 0),))]).left_running == ()


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        (StoppedCells(), "Stopped 0 cells."),
        (StoppedCells(1, 1), "Stopped 1 cell and 1 lead source."),
        (
            StoppedCells(1200, 2, (LeftRunning("t", "Leads", 1, "not made by this conversation"),)),
            "Stopped 1,200 cells and 2 lead sources. 1 cell of 'Leads' left running: not made by this conversation.",
        ),
        (
            StoppedCells(2, 0, (LeftRunning("t", "", None, "not made by this conversation"),)),
            "Stopped 2 cells. Cells of 't' left running: not made by this conversation.",
        ),
    ],
)
def test_what_was_stopped_is_said_in_words(stopped, words):
    assert str(stopped) == words
