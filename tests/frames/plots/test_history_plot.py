"""The history: statuses, lines, gaps, several runs, and long histories."""

import re

import pytest

from origami_widgets.frames.plots import plot_history
from tests.frames.payloads import payload
from tests.frames.plots.drawn import POINTS, SVG, rows, svg, texts, watched, with_history, written

UNITS = {
    "steps": "steps_completed",
    "leads": "lead_count",
    "cells running": "cells_running",
    "cells errored": "cells_errored",
    "credits": "credits_used",
}


def panel(chart, unit):
    (found,) = [view for view in written(chart)["vconcat"] if view["title"]["text"] == unit]
    return found


def spans(chart):
    spec = written(chart)
    layer = panel(chart, "status")
    data = layer.get("data") or layer["layer"][0]["data"]
    return spec["datasets"][data["name"]]


def test_each_unit_has_a_panel_that_ends_with_the_last_value():
    chart = watched(plot_history)
    assert [view["title"]["text"] for view in written(chart)["vconcat"]] == ["status", *UNITS]
    read = texts(chart)
    assert {"History of run v2_run-01k0c4m2f7", "running", "completed", "1,057", "time (UTC)", "09:14:30"} < set(read)
    assert set(UNITS) < set(read)


@pytest.mark.parametrize(("unit", "column"), UNITS.items())
def test_a_panel_has_steps_of_its_column(unit, column):
    line = panel(watched(plot_history), unit)["layer"][0]
    encoding, mark = line["encoding"], line["mark"]
    assert (mark["type"], mark["interpolate"]) == ("line", "step-after")
    assert encoding["y"]["field"] == column


def test_lines_go_from_the_first_known_value_to_a_point_at_the_last():
    points = rows(watched(plot_history))
    assert [each["lead_count"] for each in points] == [None, 12, 15, 15]
    assert [each["steps_completed"] for each in points] == [0, 5, 17, 17]
    assert [each["last"] for each in points] == [False, False, False, True]


def test_a_value_that_becomes_unknown_leaves_a_gap():
    gap = (POINTS[1][0] + 5, "running", 6, None, None, None, None)
    points = rows(plot_history(with_history(POINTS[1], gap, *POINTS[2:])))
    start = points[0]["time"]
    assert [(each["lead_count"], each["time"] - start) for each in points] == [
        (12, 0),
        (12, 5_000),
        (None, 5_000),
        (15, 40_000),
        (15, 80_000),
    ]


def test_a_panel_without_any_value_says_so():
    nothing = plot_history(with_history(POINTS[0], (POINTS[1][0], "running", 3, None, None, None, None)))
    assert texts(nothing).count("n/a") == 4
    assert "3" in texts(nothing)


def test_statuses_are_spans_also_those_of_an_unknown_kind():
    words = ["queued", "thinking", "completed"]
    odd = [(POINTS[0][0] + 60 * at, word, 1, 1, 1, 0, 1.0) for at, word in enumerate(words)]
    chart = plot_history(with_history(*odd))
    seconds = [(each["status"], (each["end"] - each["time"]) / 1000) for each in spans(chart)]
    assert seconds == [("queued", 60), ("thinking", 60), ("completed", 0)]
    read = texts(chart)
    assert set(words) < set(read)
    assert read.count("completed") == 1, "beside the bar; inside it has no room"


def test_runs_differ_in_name_colour_and_dashes():
    runs = [with_history(*POINTS, run_id="run-first"), with_history(*POINTS[1:], run_id="run-second")]
    chart = plot_history(runs)
    assert {"History of 2 runs", "1 …-first", "2 …second", "runs run-first, run-second"} < set(texts(chart))
    lines = [
        node
        for node in svg(chart).iter()
        if node.get("aria-roledescription") == "line mark" or "mark-line" in node.get("class", "")
    ]
    drawn = {(path.get("stroke"), path.get("stroke-dasharray")) for line in lines for path in line.iter(f"{SVG}path")}
    assert len({colour for colour, _ in drawn}) == len({dash for _, dash in drawn}) == 2


def test_runs_stand_once_in_the_order_of_their_beginnings():
    later = with_history(*POINTS[1:], run_id="run-later")
    first = with_history(*POINTS, run_id="run-first")
    chart = plot_history([later, first, first])
    assert [each["run"] for each in spans(chart)] == 2 * ["1 …-first"] + 2 * ["2 …-later"]
    times = [each["time"] for each in rows(chart) if each["run"] == "1 …-first"]
    assert len(times) == len(POINTS)
    assert times == sorted(times)


def test_a_run_with_one_change_is_points():
    assert {"12", "21.5", "running"} < set(texts(plot_history(with_history(POINTS[1]))))


@pytest.mark.parametrize("width", [240, 320, 600])
def test_the_axis_of_time_names_moments_however_narrow_it_is(width):
    short = [(31.2, "running", 1, 1, 1, 0, 1.0), (34.1, "completed", 2, 1, 1, 0, 1.0)]
    drawn = texts(plot_history(with_history(*short), width=width))
    assert [text for text in drawn if re.fullmatch(r"\d\d:\d\d:\d\d", text)]


def test_a_sentence_says_why_there_is_no_history():
    assert "No history yet. It's recorded while this kernel watches a run." in texts(plot_history(payload()))


def test_a_long_history_keeps_its_ends_and_each_change_of_status():
    points = [(float(at), "running" if at != 777 else "needs_input", at, 1, 1, 0, 1.0) for at in range(2_000)]
    chart = plot_history(with_history(*points))
    times = [each["time"] / 1000 for each in rows(chart)]
    assert len(times) <= 400
    assert times[0] == 0
    assert times[-1] == 1_999
    assert {777, 778} < set(times)
    assert any(text.endswith("changes are not drawn") for text in texts(chart))
    assert "2,000 changes until" in chart.description
