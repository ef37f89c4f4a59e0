"""Tables, their funnel and their columns; what the run changed."""

import pytest

from origami_widgets.api.models import TableStats
from origami_widgets.card.view import make_view
from origami_widgets.card.view.number_words import NOT_APPLICABLE
from origami_widgets.card.view.table_view import column_words, filling_words, make_funnel
from tests.fixtures.states import NOW, STATES, payload, settled_payload, state_of


def table_of(run):
    (table,) = make_view(state_of(run), now=NOW)["tables"]["items"]
    return table


def parts(**funnel):
    qualified = funnel.pop("qualified", None)
    stats = {"funnel": funnel, "qualification": None if qualified is None else {"qualifiedLeads": qualified}}
    made = make_funnel(TableStats.from_raw(stats))
    return made and {part["part"]: part["count"] for part in made["parts"]}


COUNTS = {"totalSourcedLeads": 21, "postStaticLeads": 15, "dedupedLeads": 3, "excludedLeads": 1}


def test_the_table_of_the_bakeries():
    table = table_of(payload("completed_stats"))
    assert table["facts"] == ["15 leads", "57 credits", "3.8 credits per lead", "4.75 per qualified lead"]
    assert table["filling"] == "2 cells still filling, 1 failed"
    assert table["link"] == {
        "href": payload("completed_stats")["response"]["tables"][0]["url"],
        "label": "Open",
    }
    assert table["funnel"] == {
        "sourced": 21,
        "sourced_label": "of 21 sourced",
        "parts": [
            {"part": "qualified", "label": "12 qualified", "count": 12},
            {"part": "kept", "label": "3 kept, not qualified", "count": 3},
            {"part": "duplicate", "label": "3 duplicates", "count": 3},
            {"part": "excluded", "label": "1 excluded", "count": 1},
            {"part": "filtered", "label": "2 filtered out", "count": 2},
        ],
    }
    assert [tuple(row) for row in table["columns"]] == [
        ("Bakery", "input", 0, 0, 0, 0, 0, None, None, None),
        ("Contact e-mail", "enrichment", 0.8667, 3, 39, 2, 1, None, None, None),
        ("Fit", "score", 1, 1.2, 18, 0, 0, 12, 2, 1),
    ]


def test_while_the_condition_is_checked_a_lead_is_not_called_unqualified():
    run = payload("completed_stats")
    run["response"]["tables"][0]["columns"][2]["cells"]["running"] = 3
    labels = [part["label"] for part in table_of(run)["funnel"]["parts"]]
    assert labels[:2] == ["12 qualified", "3 kept, not qualified yet"]


def test_a_table_without_leads_has_no_price_per_lead():
    run = payload("completed_stats")
    run["response"]["tables"][0]["leadCount"] = 0
    assert table_of(run)["facts"] == ["0 leads", "57 credits"]
    run = payload("completed_stats")
    run["response"]["tables"][0]["stats"]["qualification"]["qualifiedLeads"] = 0
    assert table_of(run)["facts"] == ["15 leads", "57 credits", "3.8 credits per lead"]


def test_the_parts_add_up():
    assert parts(**COUNTS, qualified=12) == {"qualified": 12, "kept": 3, "duplicate": 3, "excluded": 1, "filtered": 2}


def test_without_a_condition_nothing_is_called_qualified():
    assert parts(**COUNTS) == {"kept": 15, "duplicate": 3, "excluded": 1, "filtered": 2}


def test_more_qualified_than_kept_is_not_believed():
    assert parts(**COUNTS, qualified=16) == {"kept": 15, "duplicate": 3, "excluded": 1, "filtered": 2}


@pytest.mark.parametrize(
    "change", [{"dedupedLeads": 9}, {"postStaticLeads": None}, {"totalSourcedLeads": 0}, {"excludedLeads": -1}]
)
def test_numbers_that_do_not_add_up_make_no_bar(change):
    assert parts(**(COUNTS | change)) is None


def test_they_are_told_as_facts_then():
    run = settled_payload()
    run["response"]["tables"][0]["stats"]["funnel"]["dedupedLeads"] = 9
    assert table_of(run)["facts"][4:] == ["21 sourced", "15 kept", "9 duplicates", "1 excluded"]


def test_an_unknown_total_is_said_to_have_more():
    table = make_view(STATES["more_available"](), now=NOW)["tables"]["items"][0]
    assert table["funnel"]["sourced_label"] == "of 21 found (more available)"


def test_without_stats_the_table_keeps_what_is_known():
    run = settled_payload()
    del run["response"]["tables"][0]["stats"]
    for column in run["response"]["tables"][0]["columns"]:
        del column["stats"]
    table = table_of(run)
    assert table["facts"] == ["15 leads", "57 credits"]
    assert table["funnel"] is None
    assert column_words(table["columns"][1]) == ("n/a", "n/a", "39", "settled", "n/a")


@pytest.mark.parametrize(
    ("running", "errored", "words"),
    [
        (0, 0, ""),
        (None, None, ""),
        (1, 0, "1 cell still filling"),
        (0, 1, "1 cell failed"),
        (1200, 2, "1,200 cells still filling, 2 failed"),
        (-3, -1, ""),
    ],
)
def test_filling(running, errored, words):
    assert filling_words(running, errored) == words


def test_the_words_of_columns():
    bakery, mail, fit = table_of(payload("completed_stats"))["columns"]
    assert column_words(bakery) == (NOT_APPLICABLE,) * 5
    assert column_words(mail) == ("87 %", "3", "39", "2 running, 1 failed", "n/a")
    assert column_words(fit) == ("100 %", "1.2", "18", "settled", "12 · 2 · 1")
    assert column_words(bakery._replace(running=1))[3] == "1 running"
    assert column_words(bakery._replace(credits=2))[1:3] == (NOT_APPLICABLE, "2")
    assert column_words(fit._replace(running=None, errored=None))[3] == "n/a"


def test_credits_say_when_some_are_unknown():
    run = settled_payload()
    second = settled_payload()["response"]["tables"][0] | {"id": "t2"}
    run["response"]["tables"].append(second)
    assert make_view(state_of(run), now=NOW)["foot"]["credits"] == "114 credits in these 2 tables"
    second["credits"] = None
    assert make_view(state_of(run), now=NOW)["foot"]["credits"] == "at least 57 credits in these 2 tables"
    run["response"]["tables"] = [second]
    assert make_view(state_of(run), now=NOW)["foot"]["credits"] == ""


def test_a_run_without_tables_offers_no_frame():
    assert make_view(STATES["running_null"](), now=NOW)["foot"]["data_line"] == ""


def lines(actions):
    def words(line):
        return "".join(part if isinstance(part, str) else "".join(part["c"]) for part in line)

    return [(group["table"], [words(line) for line in group["lines"]]) for group in actions["groups"]]


def test_every_kind_of_change():
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
    told = make_view(state_of(run), now=NOW)["actions"]
    assert told["title"] == "What the run changed"
    assert lines(told) == [
        (
            "Porto bakeries",
            [
                "Created the table",
                "Restored the table",
                "Added column Fit",
                "Added a column",
                "Changed columns",
                "Deleted 1 column",
                "Restored 2 columns",
                "Added 1,200 leads",
                "Added leads",
                "Deleted 1 lead",
                "Restored 3 leads",
                "play_scheduled",
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
    told = make_view(state_of(run), now=NOW)["actions"]
    assert told["title"] == "So far"
    assert lines(told) == [
        ("A", ["Created the table", "Added 1 lead"]),
        ("B", ["Created the table"]),
        ("A", ["Added 2 leads"]),
        ("", ["Changed columns"]),
    ]


def test_the_newest_are_shown_and_the_others_counted():
    told = make_view(STATES["running_many"](), now=NOW)["actions"]
    shown = sum(len(group["lines"]) for group in told["groups"])
    assert shown == 24
    assert told["earlier"] == 38 - shown
    assert lines(told)[-1] == (
        "Porto bakeries",
        ["Created the table", "Added column Contact e-mail", "Added column Fit", "Added 18 leads", "Deleted 3 leads"],
    )
