"""Tables and columns as frames: what is computed of them."""

import pandas as pd

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
