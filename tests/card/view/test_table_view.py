"""The tables of a run: what each cost, what is being filled in it, and its columns as a grid."""

import pytest

from origami_widgets.card.view import make_view
from tests.fixtures.states import NOW, STATES, payload, settled_payload, state_of


def table_of(run, form="live"):
    (table,) = make_view(state_of(run), now=NOW, form=form)["tables"]["items"]
    return table


def facts(run):
    return table_of(run)["facts"].split(" · ")


def test_what_the_server_did_not_say_is_empty_and_an_empty_column_is_gone():
    run = settled_payload()
    table = run["response"]["tables"][0]
    del table["stats"]
    for column in table["columns"]:
        del column["stats"]
        column["qualification"] = None
    shown = table_of(run)
    assert shown["facts"] == "15 leads · 57 credits"
    assert shown["funnel"] == ""
    assert shown["columns"]["heads"] == ["Column", "Credits"]
    table["columns"][1]["stats"] = {"callRate": 0.5}
    assert table_of(run)["columns"] == {
        "heads": ["Column", "Tried", "Credits"],
        "form": "trr",
        "rows": [["Contact e-mail", "50 %", "39"], ["Fit", "", "18"]],
    }


def test_each_row_has_a_word_for_each_head():
    for table in make_view(STATES["large"](), now=NOW)["tables"]["items"]:
        grid = table["columns"]
        assert len(grid["form"]) == len(grid["heads"])
        assert {len(row) for row in grid["rows"]} == {len(grid["heads"])}


def test_typed_in_columns_are_shown_where_they_cost_credits():
    run = settled_payload()
    run["response"]["tables"][0]["columns"][0]["credits"] = {"lifetimeUsed": 100}
    table = table_of(run)
    assert table["columns"]["rows"][0][0] == "Bakery"
    assert (table["hidden"], table["columns_note"][:2]) == (0, "3 ")


@pytest.mark.parametrize(
    ("columns", "note"), [([], "No columns yet."), (["input"], "1 column, none of which cost credits")]
)
def test_the_note_of_a_table_that_cost_nothing(columns, note):
    run = settled_payload()
    run["response"]["tables"][0]["columns"] = [{"name": "Bakery", "kind": kind} for kind in columns]
    assert table_of(run)["columns_note"] == note


def test_a_table_says_its_leads_and_what_it_cost():
    run = payload("completed_stats")
    run["response"]["tables"][0]["leadCount"] = 0
    assert facts(run) == ["0 leads", "57 credits"]
    run = payload("completed_stats")
    run["response"]["tables"][0]["stats"]["qualification"]["qualifiedLeads"] = 0
    assert facts(run) == ["15 leads", "57 credits"]


def test_only_tables_besides_the_main_one_say_where_their_leads_went():
    run = settled_payload()
    (table,) = run["response"]["tables"]
    run["response"]["tables"].append(table | {"id": "another"})
    view = make_view(state_of(run), now=NOW)
    main, other = view["tables"]["items"]
    assert (main["funnel"], other["funnel"]) == ("", view["result"]["funnel"]["words"])


@pytest.mark.parametrize(("errored", "said"), [(0, ""), (1, "1 cell failed"), (2, "2 cells failed")])
def test_cells_that_failed_are_counted(errored, said):
    run = settled_payload()
    run["response"]["tables"][0]["cells"] = {"running": 3, "errored": errored}
    assert table_of(run)["failed"] == said
