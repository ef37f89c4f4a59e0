"""What frames can be made of, and what is said about everything else."""

from types import SimpleNamespace

import pandas as pd
import pytest

from origami_widgets import __version__, frames
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.run import CreatedAgent, RunObject
from origami_widgets.api.models.table import Table
from tests.frames.payloads import EMPTY, SCHEMAS, changed, handle, payload, table

RUN_ID = "v2_run-01k0c4m2f7"
MAKERS = pytest.mark.parametrize("maker", SCHEMAS, ids=lambda maker: maker.__name__)
# A run is a run whatever its answer lacks.
OF_RESPONSES = [maker for maker in SCHEMAS if maker is not frames.runs_frame]


@MAKERS
def test_a_run_gives_the_same_frame_in_all_its_forms(maker):
    run = payload()
    expected = maker(run)
    for form in (handle(run), RunObject.from_raw(run), {"run": run}, {"agent": {"id": "a"}, "run": run}, [run]):
        pd.testing.assert_frame_equal(maker(form), expected)
    assert len(expected) > 0
    assert set(expected["run_id"]) == {RUN_ID}


@pytest.mark.parametrize("maker", [frames.tables_frame, frames.columns_frame, frames.lead_sources_frame])
def test_a_table_alone_has_no_run_id(maker):
    expected = maker(payload()).assign(run_id=pd.array([pd.NA] * len(maker(payload())), dtype="string"))
    unstamped = {key: value for key, value in table().items() if key != "object"}
    listed = {"object": "list", "items": [table()], "nextCursor": None}
    answers = (listed, {"workspaceId": "w", "tables": [table()]})
    for form in (table(), unstamped, Table.from_raw(table()), [table()], *answers):
        pd.testing.assert_frame_equal(maker(form), expected)


def test_a_handle_s_tables_are_newer_than_its_payload():
    newer = changed(changed(table(), "leadCount", 99), "columns.1.cells.running", 0)
    run = handle(payload(), [newer])
    assert frames.tables_frame(run)["lead_count"].to_list() == [99]
    assert frames.columns_frame(run)["cells_running"].to_list() == [0, 0, 0]
    assert frames.tables_frame(run)["run_id"].to_list() == [RUN_ID]


def test_a_handle_without_an_answer_yet_has_no_rows():
    run = SimpleNamespace(id=RUN_ID, agent_id="a", raw={}, tables=())
    for maker in OF_RESPONSES:
        frame = maker(run)
        assert len(frame) == 0
        assert frame.attrs["origami"]["run_ids"] == [RUN_ID]
    (row,) = frames.runs_frame(run).to_dict("records")
    known = {name: value for name, value in row.items() if not pd.isna(value)}
    assert known == {"run_id": RUN_ID, "agent_id": "a", "runs": 1}


def test_a_handle_whose_tables_are_not_known_falls_back_to_its_payload():
    assert len(frames.tables_frame(handle(payload(), []))) == 1


def test_a_mixed_list_keeps_its_order_and_what_is_given_twice():
    other = changed(payload(), "id", "v2_run-02")
    sources = [other, table(), handle(payload()), Table.from_raw(table()), other, payload("running_null")]
    frame = frames.tables_frame(sources)
    assert frame["run_id"].to_list() == ["v2_run-02", pd.NA, RUN_ID, pd.NA, "v2_run-02"]
    assert frame.attrs["origami"]["run_ids"] == ["v2_run-02", RUN_ID]
    assert frames.columns_frame(sources)["position"].to_list() == [0, 1, 2] * 5
    pd.testing.assert_frame_equal(frames.tables_frame(iter(sources)), frame)
    pd.testing.assert_frame_equal(frames.tables_frame(dict(enumerate(sources)).values()), frame)
    pd.testing.assert_frame_equal(frames.tables_frame(tuple(sources)), frame)


def test_what_starting_answers_has_no_rows_yet():
    assert len(frames.actions_frame(CreatedAgent.from_raw(payload("create_agent")))) == 0


def test_entries_that_are_no_objects_are_left_out_and_counted():
    run = changed(payload(), "response.tables", [None, "table", table()])
    run["response"]["tables"][2]["columns"].insert(1, None)
    assert frames.tables_frame(run).attrs["origami"]["skipped_entries"] == 2
    frame = frames.columns_frame(run)
    assert frame["position"].to_list() == [0, 2, 3]
    assert frame.attrs["origami"]["skipped_entries"] == 3


@MAKERS
def test_provenance_says_where_the_frame_comes_from(maker):
    kinds = {"run": handle(payload()), "payload": payload(), "table": table(), "list": [payload(), payload()]}
    for kind, source in kinds.items():
        provenance = maker(source).attrs["origami"]
        known = {"frame": maker.__name__, "version": __version__, "source": kind, "skipped_entries": 0}
        known |= {"run_ids": [], "run_count": 0} if kind == "table" else {"run_ids": [RUN_ID], "run_count": 1}
        assert provenance | known == provenance
    assert maker(EMPTY).attrs["origami"]["source"] == "list"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "None"),
        (7, "Got int"),
        ("agent/run", 'attach("AGENT_ID/RUN_ID")'),
        (b"{}", "Got bytes"),
        ({}, "an empty dict"),
        ({"object": "agent", "id": "a"}, "the object 'agent'"),
        ({"object": "list", "items": [{"object": "row", "id": "r", "cells": {}}]}, "entry 0 of the source"),
        ({"error": "Not found", "code": "RUN_NOT_FOUND"}, "the keys error, code"),
        ([payload(), None], "None as item 1 of the list"),
        ([[payload()]], "list as item 0 of the list"),
        (SimpleNamespace(raw=None), "Got SimpleNamespace"),
        (pd.DataFrame({"run": [1]}), "Got DataFrame"),
    ],
    ids=repr,
)
def test_a_refusal_says_what_was_given_and_what_is_expected(given, words):
    with pytest.raises(InvalidInput) as refused:
        frames.actions_frame(given)
    text = str(refused.value)
    assert words in text
    assert "actions_frame" in text
    assert refused.value.remedy


@MAKERS
def test_an_unknown_backend_is_refused(maker):
    with pytest.raises(InvalidInput, match='dtype_backend="pyarrow"'):
        maker(payload(), dtype_backend="polars")


def test_without_pyarrow_its_backend_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InvalidInput, match=r"origami-widgets\[parquet\]"):
        frames.tables_frame(payload(), dtype_backend="pyarrow")


def test_a_dict_of_runs_is_refused_with_the_call_to_write():
    for value in (payload(), handle(payload()), table()):
        with pytest.raises(InvalidInput, match=r"tables_frame\(list\(runs.values\(\)\)\)"):
            frames.tables_frame({"first": value})


def test_of_many_runs_only_the_first_are_named():
    provenance = frames.tables_frame([changed(payload(), "id", str(number)) for number in range(150)]).attrs["origami"]
    assert provenance["run_ids"] == [str(number) for number in range(100)]
    assert provenance["run_count"] == 150
