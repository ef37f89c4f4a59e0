"""Messages as rows, and what is said of transcripts that were not read or were cut."""

import json

import pandas as pd

import origami_widgets as ow
from origami_widgets import frames
from tests.frames.payloads import changed, payload

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
    assert frame.iloc[2][["tool_call_id", "name", "result", "truncated"]].to_list() == [
        "t1",
        "ask-questions",
        "Iberia",
        True,
    ]
    assert frame["truncated"].isna().to_list() == [True, True, False, True]


def test_calls_that_are_no_json_are_counted():
    frame = frames.transcript_frame(run(transcript=[{"role": "assistant", "toolCalls": [object()]}]))
    assert frame["tool_calls"].isna().to_list() == [True]
    assert frame.attrs["origami"]["unreadable_values"] == {"tool_calls": 1}


def test_an_empty_transcript_is_told_from_one_that_was_not_read():
    sources = [
        changed(run(transcript=None), "id", "not read"),
        changed(run(transcript=[]), "id", "empty"),
        changed(run(transcript=MESSAGES, transcriptTruncated=True), "id", "cut"),
    ]
    frame = frames.transcript_frame(sources)
    assert set(frame["run_id"]) == {"cut"}
    assert frame.attrs["origami"]["transcript_not_read"] == ["not read"]
    assert frame.attrs["origami"]["transcript_truncated"] == ["cut"]


def test_a_run_of_the_sandbox_once_it_is_asked_for():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("Find partners. scenario:needs_input", client=client, show=False).wait()
    assert ow.transcript_frame(run).attrs["origami"]["transcript_not_read"] == [run.id]
    run.refresh(include=("stats", "transcript"))
    frame = ow.transcript_frame(run)
    assert frame["content"][0] == run.prompt
    assert frame.attrs["origami"]["transcript_not_read"] == []
    assert set(frame["role"].dropna()) <= {"user", "assistant", "tool"}
