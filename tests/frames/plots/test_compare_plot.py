"""What `plot_compare` draws: the prices and ranges of `compare_runs`, the cheapest run first, nothing that is not known."""

import pytest

from origami_widgets import frames
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.plots import plot_compare
from tests.frames.plots.drawn import rows, size, texts


def run(name, qualified, judged=20, used=60, **fields):
    qualification = {"qualifiedLeads": qualified, "rate": qualified / judged if judged else None}
    table = {"id": name, "leadCount": 20, "credits": {"lifetimeUsed": used}, "stats": {"qualification": qualification}}
    table["columns"] = [{"id": "fit", "qualification": {"total": judged}}]
    made = {"object": "run", "id": f"run-{name}", "response": {"tables": [table]}, **fields}
    return {"agent": {"name": name}, "run": made}


def test_each_run_has_the_frames_price_and_range_cheapest_first():
    runs = [run("Porto", 10), run("Faro", 15), run("Braga", 18, used=900)]
    compared = frames.compare_runs(runs, more=50).set_index("name")
    drawn = rows(plot_compare(runs, more=50))
    assert [row["name"] for row in drawn] == ["Faro", "Porto", "Braga"]
    for row in drawn:
        frame = compared.loc[row["name"]]
        for part, column in (("price", ""), ("low", "_low"), ("high", "_high")):
            assert row[part] == frame[f"credits_per_qualified_lead{column}"]
    assert "Credits per qualified lead: 3 runs" in texts(plot_compare(runs))


def test_runs_without_a_qualified_lead_are_last_and_say_so():
    drawn = rows(plot_compare([run("none", 0), run("some", 5), run("unjudged", 0, judged=0)]))
    assert [(row["name"], row["note"].split(" ")[0]) for row in drawn][1:] == [("none", "n/a"), ("unjudged", "n/a")]
    assert all(row["price"] is None and row["high"] is None for row in drawn[1:])


def test_a_very_wide_range_does_not_squeeze_the_others():
    few = run("few", 1, judged=1)
    drawn = plot_compare([few, run("many", 15)])
    (wide,) = (row for row in rows(drawn) if row["name"] == "few")
    x = drawn.to_dict()["layer"][0]["encoding"]["x"]
    assert wide["price"] < x["scale"]["domain"][1] < wide["high"]
    assert x["scale"]["clamp"], "the bar ends where the axis does"
    assert size(drawn)[0] <= 600


def test_runs_with_the_same_name_differ():
    same = [run("Porto", 10, model="origami-lite"), run("Porto", 12, model="origami-max"), run("Porto", 14, id="other")]
    names = [row["name"] for row in rows(plot_compare(same))]
    assert len(set(names)) == 3
    assert all(name.endswith("Porto") for name in names)


def test_names_are_text():
    assert "<script>alert(1)</script>" in texts(plot_compare([run("<script>alert(1)</script>", 3)]))


def test_an_order_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="more must be"):
        plot_compare([run("Porto", 10)], more=0)
