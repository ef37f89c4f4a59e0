"""Actions: their order, their place in the answer, and the names they leave out."""

import pandas as pd

from origami_widgets import frames
from tests.frames.payloads import changed, handle, payload, table

TABLE = table()["id"]


def run_with(actions, tables=()):
    return {"object": "run", "id": "r1", "response": {"actions": actions, "tables": list(tables)}}


def names(source):
    frame = frames.actions_frame(source)
    return frame["table_name"].to_list(), frame["column_name"].to_list()


def test_the_example_has_its_five_actions_in_order():
    frame = frames.actions_frame(payload())
    assert frame["position"].to_list() == [0, 1, 2, 3, 4]
    assert frame["type"].to_list() == ["table_created", "column_added", "column_added", "leads_added", "leads_deleted"]
    assert frame["table_name"].to_list() == ["Porto bakeries"] * 5
    assert frame["lead_count"].to_list() == [pd.NA] * 3 + [18, pd.NA]
    assert frame["count"].to_list() == [pd.NA] * 4 + [3]


def test_names_come_from_the_run_s_tables():
    column = table()["columns"][1]["id"]
    actions = [
        {"type": "column_added", "tableId": TABLE, "columnId": column},
        {"type": "leads_added", "tableId": "other"},
    ]
    assert names(run_with(actions, [table()])) == (["Porto bakeries", pd.NA], ["Contact e-mail", pd.NA])


def test_an_action_s_own_name_counts_more():
    action = {"type": "table_created", "tableId": TABLE, "tableName": "First name"}
    assert names(run_with([action], [table()]))[0] == ["First name"]
    for nothing in (None, "", 7, []):
        assert names(run_with([action | {"tableName": nothing}], [table()]))[0] == ["Porto bakeries"]


def test_names_come_from_newer_tables_of_a_handle():
    run = run_with([{"type": "leads_added", "tableId": TABLE}], [table()])
    assert names(handle(run, [changed(table(), "name", "Renamed")]))[0] == ["Renamed"]


def test_names_come_from_the_other_sources_of_a_list_last():
    run = run_with([{"type": "leads_added", "tableId": TABLE}])
    assert names(run)[0] == [pd.NA]
    assert names([run, table()])[0] == ["Porto bakeries"]
    own = run_with([{"type": "leads_added", "tableId": TABLE}], [changed(table(), "name", "Own")])
    assert names([own, table(), run])[0] == ["Own", "Porto bakeries"]


def test_ids_that_are_no_text_find_no_name():
    actions = [{"type": "leads_added", "tableId": wrong} for wrong in (None, 7, [], {})]
    assert names(run_with(actions, [table(), {"id": None, "name": "x"}, {"id": [], "name": "y"}]))[0] == [pd.NA] * 4


def test_actions_at_the_top_level_of_a_running_run():
    action = {"type": "leads_added", "tableId": TABLE, "leadCount": 2}
    for response in (None, {}, {"actions": None}, {"actions": []}):
        run = {"object": "run", "id": "r1", "status": "running", "actions": [action], "response": response}
        assert frames.actions_frame(run)["lead_count"].to_list() == [2]


def test_a_type_nobody_documented_is_kept():
    frame = frames.actions_frame(run_with([{"type": "campaign_drafted", "tableId": TABLE}]))
    assert frame["type"].to_list() == ["campaign_drafted"]
    assert frame["type"].cat.categories[-1] == "campaign_drafted"


def test_a_table_has_no_actions():
    assert len(frames.actions_frame([table(), payload("needs_input")])) == 0


def test_the_pass_rate_needs_verdicts():
    source = table()
    source["columns"] = [
        {"qualification": {"pass": 12, "total": 15}},
        {"qualification": {"pass": 0, "total": 0}},
        {"qualification": {"pass": 1, "total": None}},
        {"qualification": None},
        {},
    ]
    assert frames.columns_frame(source)["qualification_pass_rate"].to_list() == [0.8, pd.NA, pd.NA, pd.NA, pd.NA]


def test_the_column_count_needs_a_list():
    tables = [
        table(),
        changed(table(), "columns", []),
        changed(table(), "columns", None),
        changed(table(), "columns", {}),
    ]
    assert frames.tables_frame(tables)["column_count"].to_list() == [3, 0, pd.NA, pd.NA]
