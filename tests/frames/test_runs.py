"""Runs as rows: full ones, summaries, and what an answer leaves out."""

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets import frames
from origami_widgets.api.models import Page, RunSummary
from tests.frames.payloads import changed, payload, table

SUMMARY = {
    key: payload()[key] for key in ("object", "id", "agentId", "status", "prompt", "model", "steps", "startedAt")
}


def row(source):
    (only,) = frames.runs_frame(source).to_dict("records")
    return only


def test_a_finished_run():
    told = row(payload())
    assert told["status"] == "completed"
    assert told["duration"] == 223.0
    assert (told["tables"], told["leads"], told["questions"]) == (1, 15, 0)
    assert (told["steps_completed"], told["steps_max"]) == (17, 50)
    assert (told["started_at"], told["completed_at"]) == (
        pd.Timestamp("2026-07-21T09:14:02Z"),
        pd.Timestamp("2026-07-21T09:17:45Z"),
    )


def test_a_running_run_has_no_end_and_no_duration():
    told = row(payload("running_null"))
    assert pd.isna(told["completed_at"])
    assert pd.isna(told["duration"])
    assert pd.isna(told["tables"])
    assert pd.isna(told["leads"])


def test_questions_are_counted():
    assert row(payload("needs_input"))["questions"] == 2


def test_the_prompt_is_whole_where_the_answer_has_it_whole():
    cut, whole = "x" * 200 + "…", "x" * 300
    run = changed(changed(payload(), "prompt", cut), "request.prompt", whole)
    assert row(run)["prompt"] == whole
    assert row({**SUMMARY, "prompt": cut})["prompt"] == cut


@pytest.mark.parametrize("form", [SUMMARY, RunSummary.from_raw(SUMMARY), {"object": "list", "items": [SUMMARY]}])
def test_a_summary_says_nothing_of_tables(form):
    told = row(form)
    assert told["agent_id"] == payload()["agentId"]
    assert [pd.isna(told[name]) for name in ("tables", "leads", "questions", "completed_at")] == [True] * 4


def test_a_table_is_no_run_and_a_run_without_tables_has_none():
    frame = frames.runs_frame([table(), changed(payload(), "response.tables", [])])
    assert frame["tables"].to_list() == [0]
    assert frame["leads"].to_list() == [0]


def test_an_unknown_status_is_kept():
    frame = frames.runs_frame(changed(payload(), "status", "pondering"))
    assert frame["status"].to_list() == ["pondering"]
    assert frame["status"].cat.categories[-1] == "pondering"
    assert len(frame["status"].cat.categories) == 9


def test_the_runs_of_an_agent_as_the_client_lists_them():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait()
    then = run.follow_up("Add opening hours").wait()
    listed = client.list_runs(run.agent_id)
    assert isinstance(listed, Page)
    assert sorted(ow.runs_frame(listed)["run_id"]) == sorted([run.id, then.id])
    frame = ow.runs_frame([run, then])
    assert frame["run_id"].to_list() == [run.id, then.id]
    assert frame["prompt"].to_list() == ["List bakeries in Porto", "Add opening hours"]
    assert (frame["duration"] > 0).all()
    assert frame["leads"].iloc[0] == sum(each.lead_count for each in run.tables)


@pytest.mark.parametrize(
    ("field", "noted"),
    [
        ("response.tables.0.leadCount", "table.leadCount"),
        ("startedAt", "started_at"),
        ("steps.completed", "steps_completed"),
        ("todo.pendingQuestions", "questions"),
    ],
)
def test_what_could_not_be_read_is_noted(field, noted):
    frame = frames.runs_frame(changed(payload(), field, {"no": "value"}))
    assert frame.attrs["origami"]["unreadable_values"] == {noted: 1}
    assert frames.runs_frame(payload()).attrs["origami"]["unreadable_values"] == {}
