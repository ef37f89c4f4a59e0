"""Runs, their actions, messages and history as frames."""

import json

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets import frames
from origami_widgets.api.models.base import Page
from origami_widgets.api.models.run import RunSummary
from origami_widgets.frames.run_frames import history_frame
from origami_widgets.run.state import HistoryPoint
from tests.frames.payloads import BACKENDS, changed, handle, payload, table

SUMMARY = {
    key: payload()[key] for key in ("object", "id", "agentId", "status", "prompt", "model", "steps", "startedAt")
}


def row(source):
    (only,) = frames.runs_frame(source).to_dict("records")
    return only


def test_a_finished_run():
    outcome = row(payload())
    assert outcome["status"] == "completed"
    assert outcome["duration"] == 223.0
    assert (outcome["table_count"], outcome["lead_count"], outcome["questions"]) == (1, 15, 0)
    assert (outcome["steps_completed"], outcome["steps_max"]) == (17, 50)
    assert outcome["started_at"] == pd.Timestamp("2026-07-21T09:14:02Z")
    assert outcome["completed_at"] == pd.Timestamp("2026-07-21T09:17:45Z")


NAMED = [ow.runs_frame, ow.tables_frame, ow.columns_frame, ow.lead_sources_frame, ow.actions_frame]


def test_frames_have_the_name_of_the_brief_and_its_follow_ups_have_it_too(cities):
    for frame in NAMED:
        assert frame(cities)["run_name"].drop_duplicates().to_list() == ["Porto", "Faro"], frame
    client = ow.Sandbox(speed=600).client()
    batch = ow.start_many({"Faro": "List bakeries in Faro"}, client=client, show=False).wait()
    then = batch.by_name["Faro"].follow_up("Add opening hours").wait("cells")
    assert row(then)["run_name"] == then.name == "Faro"


def test_runs_started_under_a_name_keep_it_for_another_kernel():
    client = ow.Sandbox(speed=600).client()
    for _ in range(2):
        batch = ow.start_many({"Porto": "List bakeries"}, once="names", client=client, show=False).wait()
        assert row(batch)["run_name"] == "Porto"


def test_only_the_answer_to_a_start_says_the_name():
    created = payload("create_agent")
    assert row(created)["run_name"] == created["agent"]["name"] == ow.Run.from_payload(created).name
    assert pd.isna(row(created["run"])["run_name"])
    assert pd.isna(row(ow.Run.from_payload(created["run"]))["run_name"])


def test_a_running_run_has_no_end_and_no_duration():
    outcome = row(payload("running_null"))
    assert pd.isna(outcome["completed_at"])
    assert pd.isna(outcome["duration"])
    assert pd.isna(outcome["table_count"])
    assert pd.isna(outcome["lead_count"])


def test_questions_are_counted():
    assert row(payload("needs_input"))["questions"] == 2


def test_the_prompt_is_whole_where_the_answer_has_it_whole():
    cut, whole = "x" * 200 + "…", "x" * 300
    run = changed(changed(payload(), "prompt", cut), "request.prompt", whole)
    assert row(run)["prompt"] == whole
    assert row({**SUMMARY, "prompt": cut})["prompt"] == cut


@pytest.mark.parametrize("form", [SUMMARY, RunSummary.from_raw(SUMMARY), {"object": "list", "items": [SUMMARY]}])
def test_a_summary_says_nothing_of_tables(form):
    outcome = row(form)
    assert outcome["agent_id"] == payload()["agentId"]
    assert [pd.isna(outcome[name]) for name in ("table_count", "lead_count", "questions", "completed_at")] == [True] * 4


def test_a_table_is_no_run_and_a_run_without_tables_has_none():
    frame = frames.runs_frame([table(), changed(payload(), "response.tables", [])])
    assert frame["table_count"].to_list() == [0]
    assert frame["lead_count"].to_list() == [0]


def test_a_conversation_is_one_row_and_the_clients_list_has_one_for_each_turn():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait()
    first = run.id
    run.follow_up("Add opening hours").wait()
    listed = client.list_runs(run.agent_id)
    assert isinstance(listed, Page)
    assert sorted(ow.runs_frame(listed)["run_id"]) == sorted([first, run.id])
    frame = ow.runs_frame([run, run])
    assert frame["run_id"].to_list() == [run.id]
    assert frame["prompt"].to_list() == ["List bakeries in Porto"]
    assert frame["duration"][0] >= (run.turns[1].completed_at - run.turns[0].completed_at).total_seconds()
    # Companies and their people are not added up: the table with verdicts counts, as on the card.
    assert len(run.tables) > 1
    assert frame["lead_count"].iloc[0] == run.tables[0].lead_count
    actions = ow.actions_frame(run)
    assert actions["run_id"].unique().tolist() == [first, run.id]
    assert len(actions) == len(run.actions) == sum(len(turn.actions) for turn in run.turns)


TABLE = table()["id"]


def run_with(actions, tables=()):
    return {"object": "run", "id": "r1", "response": {"actions": actions, "tables": list(tables)}}


def names(source):
    frame = frames.actions_frame(source)
    return frame["table_name"].to_list(), frame["column_name"].to_list()


def test_the_example_has_its_five_actions_in_order():
    frame = frames.actions_frame(payload())
    assert frame["position"].to_list() == [0, 1, 2, 3, 4]
    actions = ["table_created", "column_added", "column_added", "leads_added", "leads_deleted"]
    assert frame["action"].to_list() == actions
    assert frame["table_name"].to_list() == ["Porto bakeries"] * 5
    assert frame["leads_added"].to_list() == [pd.NA] * 3 + [18, pd.NA]
    assert frame["count"].to_list() == [pd.NA] * 4 + [3]


def test_names_come_from_the_run_s_tables():
    column = table()["columns"][1]["id"]
    added = {"type": "column_added", "tableId": TABLE, "columnId": column}
    actions = [added, {"type": "leads_added", "tableId": "other"}]
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


def test_actions_at_the_top_level_of_a_running_run():
    action = {"type": "leads_added", "tableId": TABLE, "leadCount": 2}
    for response in (None, {}, {"actions": None}, {"actions": []}):
        run = {"object": "run", "id": "r1", "status": "running", "actions": [action], "response": response}
        assert frames.actions_frame(run)["leads_added"].to_list() == [2]


def test_a_table_has_no_actions():
    assert len(frames.actions_frame([table(), payload("needs_input")])) == 0


CALL = {"id": "t1", "name": "ask-questions", "input": {"questions": ["Which region? 🥐"], "n": 2**60}}
MESSAGES = [
    {"role": "user", "content": "Find partners."},
    {"role": "assistant", "content": "Two questions.", "toolCalls": [CALL]},
    {"role": "tool", "toolCallId": "t1", "name": "ask-questions", "result": "Iberia", "truncated": True},
    {"role": "narrator", "content": 7},
]


def run(**response):
    return changed(payload(), "response", {**payload()["response"], **response})


def test_every_field_of_a_message_has_its_column():
    frame = frames.transcript_frame(run(transcript=MESSAGES))
    assert frame["position"].to_list() == [0, 1, 2, 3]
    assert frame["role"].to_list() == ["user", "assistant", "tool", "narrator"]
    assert frame["content"].to_list() == ["Find partners.", "Two questions.", pd.NA, "7"]
    assert json.loads(frame["tool_calls"][1]) == [CALL]
    assert "🥐" in frame["tool_calls"][1]
    answered = frame.iloc[2][["tool_call_id", "tool_name", "result", "truncated"]].to_list()
    assert answered == ["t1", "ask-questions", "Iberia", True]
    assert frame["truncated"].isna().to_list() == [True, True, False, True]


def test_an_empty_transcript_differs_from_one_that_was_not_read():
    sources = [
        changed(run(transcript=None), "id", "not read"),
        changed(run(transcript=[]), "id", "empty"),
        changed(run(transcript=MESSAGES, transcriptTruncated=True), "id", "cut"),
    ]
    frame = frames.transcript_frame(sources)
    assert set(frame["run_id"]) == {"cut"}
    assert frame.attrs["origami"]["transcript_not_read"] == ["not read"]
    assert frame.attrs["origami"]["transcript_truncated"] == ["cut"]


def watched(*points):
    run = handle(payload())
    run.history = points
    return run


def test_missing_values_stay_missing_and_times_are_exact():
    first = HistoryPoint(1784625271.123456, "running", None, None, None, None, None)
    then = HistoryPoint(1784625286.5, "pondering", 3, 15, 2, 0, 57)
    for backend in BACKENDS:
        frame = history_frame(watched(first, then), dtype_backend=backend)
        moments = ["2026-07-21T09:14:31.123456Z", "2026-07-21T09:14:46.5Z"]
        assert frame["time"].to_list() == [*map(pd.Timestamp, moments)]
        assert frame["status"].to_list() == ["running", "pondering"]
        assert frame.iloc[0].isna().to_list() == [False] * 2 + [True] * 6 + [False]
        assert frame.iloc[1, 2:7].to_list() == [3, 15, 2, 0, 57.0]


def test_runs_keep_their_own_history_and_answers_have_none():
    point = HistoryPoint(1.0, "running", 1, None, None, None, None)
    other = watched(point, point)
    other.raw = {**other.raw, "id": "other"}
    frame = history_frame([watched(point), payload(), other])
    assert frame["run_id"].to_list() == [payload()["id"], "other", "other"]
