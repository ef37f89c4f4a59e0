"""Which cells are a conversation's own, what may be filled, at which price, and what is stopped on the way: the rules."""

from __future__ import annotations

import pytest

from origami_widgets.api.models.run import RunObject
from origami_widgets.api.models.table import FlatRow, Table
from origami_widgets.run.own_cells import (
    Gap,
    StopTarget,
    added_later,
    attribute,
    columns_not_begun,
    fill_brief,
    fill_question,
    filled,
    gaps_of,
    may_lack,
    offer_of,
    strays,
    whole_columns,
)
from origami_widgets.run.state import Filled, FillOffer, RunState, StoppedCells, is_fill

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


def test_only_columns_of_an_earlier_turn_s_table_are_added_later():
    one, phone = table(), added("C-phone")
    assert added_later([state([created()]), state([phone])], one) == ["C-phone"]
    # The brief was answered first, and the table made after that.
    assert added_later([state(), state([created(), phone])], one) == []


def test_a_table_that_appeared_since_the_start_is_ours():
    assert attribute([state()], [table(created_at=LATER)]).targets == WHOLE
    assert attribute([state()], [table(created_at=BEGAN)]).targets == WHOLE


@pytest.mark.parametrize("created_at", [BEFORE, None])
def test_a_table_that_was_there_before_or_may_have_been_is_left_and_named(created_at):
    found = attribute([state()], [table(created_at=created_at)])
    assert found.targets == ()
    (left,) = found.left_running
    assert (left.table_id, left.table_name, left.cells, bool(left.reason)) == ("T-1", "Leads", 5, True)


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


ROWS = 20


def leads_table(*, runs, running=0, errored=0, used=None, slug="phone", average=2.0):
    column = {
        "id": f"c-{slug}",
        "name": slug.capitalize(),
        "slug": slug,
        "kind": "enrichment",
        "credits": {"lifetimeUsed": average * runs if used is None else used},
        "cells": {"running": running, "errored": errored},
        "stats": {"totalRuns": runs, "avgCreditsPerRun": average, "callRate": 1},
    }
    return Table.from_raw({"id": "t", "name": "Leads", "leadCount": ROWS, "columns": [column]})


def columns_of(*tables):
    return [(each, column) for each in tables for column in each.columns]


def rows(found, nothing=0, slug="phone"):
    """So many rows with a value, then some for which nothing was found, then those whose cell is missing."""
    values = [{slug: "+1"}] * found + [{slug: None}] * nothing
    return [FlatRow(id=f"r{n}", values=values[n] if n < len(values) else {}) for n in range(ROWS)]


@pytest.mark.parametrize(
    ("known", "is_whole"),
    [
        (leads_table(runs=20), True),
        (leads_table(runs=8, running=12), True),
        (leads_table(runs=8, running=11), False),
        (leads_table(runs=0, running=20), True),
    ],
    ids=["all have run", "all have run or run now", "one is not meant to run", "all run now"],
)
def test_a_column_is_whole_if_it_runs_for_every_row(known, is_whole):
    assert whole_columns(columns_of(known)) == ({("t", "c-phone")} if is_whole else set())


@pytest.mark.parametrize(
    ("known", "read", "whole", "cells"),
    [
        (leads_table(runs=8), rows(7, nothing=1), True, 12),
        (leads_table(runs=8), rows(7, nothing=1), False, 0),
        (leads_table(runs=20, errored=2), rows(18), False, 2),
        (leads_table(runs=14, errored=2), rows(12), False, 0),
        (leads_table(runs=14, errored=2), rows(12), True, 8),
        (leads_table(runs=20), rows(15, nothing=5), True, 0),
    ],
    ids=["stopped", "runs for some rows only", "failed", "failed, for some rows only", "both", "found nothing"],
)
def test_what_is_missing_that_was_to_run(known, read, whole, cells):
    found = gaps_of(columns_of(known), {"t": read}, {("t", "c-phone")} if whole else set())
    assert sum(len(gap.rows) for gap in found) == cells
    # What cannot be offered is not read for.
    assert not cells or may_lack(columns_of(known), {("t", "c-phone")} if whole else set()) == {"t"}


def test_the_price_is_that_of_such_cells_and_at_most_that_of_found_ones():
    (gap,) = gaps_of(columns_of(leads_table(runs=12)), {"t": rows(8, nothing=4)}, {("t", "c-phone")})
    assert (gap.average, gap.found) == (2.0, 3.0)
    assert offer_of([gap]) == FillOffer(8, 16.0, 24, is_failed=False)
    # Few runs are no price, but still a limit.
    (gap,) = gaps_of(columns_of(leads_table(runs=2)), {"t": rows(2)}, {("t", "c-phone")})
    assert offer_of([gap]) == FillOffer(18, None, 36, is_failed=False)
    assert "hardly known" in fill_question(offer_of([gap]), 36)
    # Without any run there is neither, but beside another column.
    (new,) = gaps_of(columns_of(leads_table(runs=0)), {"t": rows(0)}, {("t", "c-phone")})
    assert offer_of([new]) == FillOffer(20, None, None, is_failed=False)
    assert offer_of([gap, new]).at_most == 36 + 20 * gap.average


@pytest.mark.parametrize(
    ("change", "column", "counts"),
    [
        ({}, {}, True),
        ({}, {"stats": None, "credits": {"lifetimeUsed": 0}}, True),
        ({}, {"stats": {"totalRuns": 1}}, False),
        ({}, {"autoTrigger": False}, False),
        ({"lead_count": 0}, {}, False),
        ({"done": False}, {}, False),
        ({"status": "cancelled"}, {}, False),
        ({"stopped": StoppedCells(3)}, {}, False),
    ],
)
def test_a_column_that_triggers_by_itself_and_has_never_run_may_begin(change, column, counts):
    known = {"id": "c", "name": "Phone", "slug": "phone", "autoTrigger": True, "stats": {"totalRuns": 0}} | column
    read = {"id": "T-1", "createdAt": LATER, "leadCount": change.get("lead_count", 20), "columns": [known]}
    run = RunObject.from_raw({"id": "r-1", "startedAt": BEGAN, "status": change.get("status", "completed")})
    is_done, stopped, tables = change.get("done", True), change.get("stopped"), (Table.from_raw(read),)
    ended = RunState("a", "r-1", run, done=is_done, stopped=stopped, tables=tables)
    assert bool(columns_not_begun(ended)) == counts


def test_the_question_says_what_it_raises():
    assert "raises the run's credit limit to 750." in fill_question(
        FillOffer(36, 110, 250, is_failed=False, raised=750), 250
    )


def test_the_brief_names_columns_and_rows_and_is_known_again():
    gaps = gaps_of(columns_of(leads_table(runs=8)), {"t": rows(8)}, {("t", "c-phone")})
    text = fill_brief(gaps)
    assert is_fill(text)
    assert not is_fill("Fill the pipeline")
    assert not is_fill(None)
    assert {"(phone)", "(t)", "r8,", "r19"} <= set(text.replace(":", " ").split())
    assert "r7" not in text
    many = Gap("t", "Leads", "c", "phone", "Phone", tuple(f"row-{n}" for n in range(400)), 0, 1.0, 1.0, 0)
    assert len(fill_brief([many])) < 1_000


@pytest.mark.parametrize(
    ("now", "stopped"),
    [
        (leads_table(runs=14, running=6), {}),
        (leads_table(runs=14, running=7), {"t": ("phone",)}),
        (leads_table(runs=30), {}),
        (leads_table(runs=2, running=2, slug="fax"), {"t": ("fax",)}),
    ],
    ids=["what is missing", "more than was missing", "over", "not asked for"],
)
def test_what_is_stopped_while_cells_fill(now, stopped):
    gaps = gaps_of(columns_of(leads_table(runs=8)), {"t": rows(8)}, {("t", "c-phone")})
    assert strays(gaps, columns_of(now)) == stopped


def test_what_became_of_them():
    gaps = gaps_of(columns_of(leads_table(runs=8)), {"t": rows(8)}, {("t", "c-phone")})
    assert filled(gaps, {"t": rows(15, nothing=3)}) == Filled(12, 7, 3)
    assert filled(gaps, {"t": []}) == Filled(12, 0, 0)
