"""What the run changed: the newest change in one line, and all of them by table."""

import pytest

from origami_widgets.card.view import make_view
from origami_widgets.card.view.activity import ACTIVITY_SIZE, SHOWN_LIMIT
from origami_widgets.words.foreign_text import size_of
from tests.fixtures.states import NOW, STATES, payload, settled_payload, state_of


def words(line):
    return "".join(part if isinstance(part, str) else "".join(part["c"]) for part in line)


def activity_of(run, form="live"):
    return make_view(state_of(run), now=NOW, form=form)["activity"]


def lines(activity):
    return [(group["table"], [words(line) for line in group["lines"]]) for group in activity["groups"]]


def test_every_kind_of_change_the_newest_first():
    run = settled_payload()
    table = {"tableId": run["response"]["tables"][0]["id"]}
    run["response"]["actions"] = [
        {"type": "table_created", **table},
        {"type": "table_restored", **table},
        {"type": "column_added", "columnName": "Fit", **table},
        {"type": "column_added", "columnName": None, **table},
        {"type": "columns_updated", **table},
        {"type": "columns_deleted", "count": 1, **table},
        {"type": "columns_restored", "count": 2, **table},
        {"type": "leads_added", "leadCount": 1200, **table},
        {"type": "leads_added", "leadCount": None, **table},
        {"type": "leads_deleted", "count": 1, **table},
        {"type": "leads_restored", "count": 3, **table},
        {"type": "play_scheduled", **table},
    ]
    assert lines(activity_of(run)) == [
        (
            "Porto bakeries",
            [
                "play_scheduled",
                "Restored 3 leads",
                "Deleted 1 lead",
                "Added leads",
                "Added 1,200 leads",
                "Restored 2 columns",
                "Deleted 1 column",
                "Changed columns",
                "Added a column",
                "Added column Fit",
                "Restored the table",
                "Created the table",
            ],
        )
    ]


def test_changes_are_grouped_where_they_follow_each_other():
    run = payload("running_partial")
    run["response"]["actions"] = [
        {"type": "table_created", "tableId": "a", "tableName": "A"},
        {"type": "leads_added", "tableId": "a", "leadCount": 1},
        {"type": "table_created", "tableId": "b", "tableName": "B"},
        {"type": "leads_added", "tableId": "a", "leadCount": 2},
        {"type": "columns_updated", "tableId": "unknown"},
    ]
    assert lines(activity_of(run)) == [
        ("", ["Changed columns"]),
        ("A", ["Added 2 leads"]),
        ("B", ["Created the table"]),
        ("A", ["Added 1 lead", "Created the table"]),
    ]


def test_the_newest_are_shown_and_the_others_counted():
    activity = make_view(STATES["running_many"](), now=NOW)["activity"]
    shown = sum(len(group["lines"]) for group in activity["groups"])
    assert 10 <= shown <= 24
    assert activity["earlier"] == f"{38 - shown} earlier changes"
    assert lines(activity)[0] == (
        "Porto bakeries",
        ["Deleted 3 leads", "Added 18 leads", "Added column Fit", "Added column Contact e-mail", "Created the table"],
    )


@pytest.mark.parametrize("tables", [1, 2])
@pytest.mark.parametrize("letters", [1, 8, 20, 35, 60])
def test_as_many_changes_are_shown_as_fit(letters, tables):
    run = payload("running_partial")
    run["response"]["actions"] = [
        {
            "type": "column_added",
            "tableId": f"t{at % tables}",
            "tableName": f"T{at % tables}",
            "columnName": "n" * letters,
        }
        for at in range(SHOWN_LIMIT + 1)
    ]
    groups = activity_of(run)["groups"]
    shown = sum(len(group["lines"]) for group in groups)
    assert size_of(groups) <= ACTIVITY_SIZE
    further = size_of(groups[0]["lines"][0]) + size_of({"table": "T0", "lines": []}) + 2 * tables
    assert shown == SHOWN_LIMIT or size_of(groups) + further > ACTIVITY_SIZE - 2 * len(groups)


def test_the_newest_change_stands_alone_while_the_run_goes_on():
    assert words(make_view(STATES["running"](), now=NOW)["activity"]["latest"]) == (
        "Latest: Added 11 leads in Porto bakeries"
    )
    assert words(make_view(STATES["running_many"](), now=NOW)["activity"]["latest"]).startswith("Filling ")
    assert make_view(STATES["running_null"](), now=NOW)["activity"]["latest"] == []
    assert make_view(STATES["completed"](), now=NOW)["activity"]["latest"] == []


def test_cells_that_fill_take_its_place_where_the_agent_said_nothing():
    run = payload("completed_stats")
    assert activity_of(run)["latest"] == []
    run["response"]["text"] = None
    live, snapshot = (words(activity_of(run, form)["latest"]) for form in ("live", "snapshot"))
    assert live == "2 cells still filling. Blank cells may still fill in."
    assert snapshot == "2 cells were still filling. Blank cells may have filled in since."
