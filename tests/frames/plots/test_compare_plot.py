"""What the plot of runs draws: the costs and ranges of `runs_frame`, the cheapest run first, nothing that is not known."""

from origami_widgets import frames
from origami_widgets.words.numbers import percent
from tests.frames.plots.drawn import compare, rows, size, texts


def run(name, qualified, judged=20, used=60, **fields):
    qualification = {"qualifiedLeads": qualified, "rate": qualified / judged if judged else None}
    table = {
        "id": name,
        "leadCount": 20,
        "credits": {"lifetimeUsed": used},
        "cells": {"running": 0},
        "stats": {"qualification": qualification},
    }
    table["columns"] = [{"id": "fit", "qualification": {"total": judged}}]
    made = {"object": "run", "id": f"run-{name}", "status": "completed", "response": {"tables": [table]}, **fields}
    return {"agent": {"name": name}, "run": made}


def test_each_run_has_the_frames_price_and_range_cheapest_first():
    runs = [run("Porto", 10), run("Faro", 15), run("Braga", 18, used=900)]
    compared = frames.runs_frame(runs, more=50).set_index("run_name")
    drawn = rows(compare(runs, more=50))
    assert [row["name"] for row in drawn] == ["Faro", "Porto", "Braga"]
    for row in drawn:
        frame = compared.loc[row["name"]]
        assert row["cost"] == frame["cost_per_qualified_lead"]
        assert (row["low"], row["high"]) == (frame["expected_cost_low"] / 50, frame["expected_cost_high"] / 50)
        assert row["note"].endswith(f"cheapest: {percent(frame['chance_cheapest'])}")
    assert "Credits per qualified lead: 3 runs" in texts(compare(runs))


def test_runs_without_a_qualified_lead_are_last_and_say_so():
    drawn = rows(compare([run("none", 0), run("some", 5), run("unjudged", 0, judged=0)]))
    assert [(row["name"], row["note"].split(" ")[0]) for row in drawn][1:] == [("none", "n/a"), ("unjudged", "n/a")]
    assert all(row["cost"] is None and row["high"] is None for row in drawn[1:])


def test_a_very_wide_range_does_not_squeeze_the_others():
    few = run("few", 1)
    drawn = compare([few, run("many", 15)])
    (wide,) = (row for row in rows(drawn) if row["name"] == "few")
    x = drawn.to_dict()["layer"][0]["encoding"]["x"]
    assert wide["cost"] < x["scale"]["domain"][1] < wide["high"]
    assert x["scale"]["clamp"], "the bar ends where the axis does"
    assert size(drawn)[0] <= 600
