"""The history of a run as rows: one per change, in what was told."""

import pandas as pd

import origami_widgets as ow
from origami_widgets import frames
from origami_widgets.run.state import HistoryPoint
from tests.frames.payloads import BACKENDS, handle, payload


def watched(*points):
    run = handle(payload())
    run.history = points
    return run


def test_what_was_not_told_is_missing_and_times_are_exact():
    first = HistoryPoint(1784625271.123456, "running", None, None, None, None, None)
    then = HistoryPoint(1784625286.5, "pondering", 3, 15, 2, 0, 57)
    for backend in BACKENDS:
        frame = frames.history_frame(watched(first, then), dtype_backend=backend)
        assert frame["time"].to_list() == [
            pd.Timestamp("2026-07-21T09:14:31.123456Z"),
            pd.Timestamp("2026-07-21T09:14:46.5Z"),
        ]
        assert frame["status"].to_list() == ["running", "pondering"]
        assert frame.iloc[0].isna().to_list() == [False] * 3 + [True] * 5
        assert frame.iloc[1, 3:].to_list() == [3, 15, 2, 0, 57.0]


def test_runs_are_told_apart_and_answers_have_none():
    point = HistoryPoint(1.0, "running", 1, None, None, None, None)
    other = watched(point, point)
    other.raw = {**other.raw, "id": "other"}
    frame = frames.history_frame([watched(point), payload(), other])
    assert frame["run_id"].to_list() == [payload()["id"], "other", "other"]


def test_a_run_that_was_watched_to_its_end():
    client = ow.Sandbox(speed=200).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
    frame = run.history_frame()
    assert len(frame) == len(run.history)
    assert (frame["run_id"] == run.id).all()
    assert frame["time"].is_monotonic_increasing
    assert frame["status"].iloc[-1] == "completed"
    last = frame.iloc[-1]
    assert (last["lead_count"], last["credits_used"]) == (
        sum(table.lead_count for table in run.tables),
        sum(table.credits.lifetime_used for table in run.tables),
    )
    assert run.history_frame(dtype_backend="pyarrow")["lead_count"].dtype == "int64[pyarrow]"
    pd.testing.assert_frame_equal(ow.history_frame(run), frame)


def test_it_does_not_change_afterwards():
    run = watched(HistoryPoint(1.0, "running", 1, None, None, None, None))
    frame = frames.history_frame(run)
    run.history += (HistoryPoint(2.0, "completed", 2, None, None, None, None),)
    assert len(frame) == 1
