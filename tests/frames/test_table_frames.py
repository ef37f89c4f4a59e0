"""Tables and columns as frames: what is computed of them."""

import pandas as pd

import origami_widgets as ow
from origami_widgets import frames
from tests.frames.payloads import changed, table


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


def test_tables_and_columns_carry_the_name_of_their_run():
    """Tables of several briefs often have the same name."""
    client = ow.Sandbox(speed=600).client()
    batch = ow.start_many({"Porto": "List bakeries", "Faro": "List cafés"}, client=client, show=False).wait("cells")
    tables, columns = ow.tables_frame(batch), ow.columns_frame(batch)
    first = ["run_name", "table_name", "of", "lead_count", "qualified_leads", "credits_lifetime_used"]
    assert list(tables.columns[: len(first)]) == first
    for run in batch.runs:
        ids = [each.id for each in run.tables]
        assert tables.loc[tables["run_name"] == run.name, "table_id"].to_list() == ids
        assert columns.loc[columns["run_name"] == run.name, "table_id"].drop_duplicates().to_list() == ids
    assert ow.tables_frame(batch.runs[0].tables)["run_name"].isna().all()
