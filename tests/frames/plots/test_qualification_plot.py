"""The verdicts: their numbers, what they are a share of, and what is unknown."""

import pytest

from origami_widgets.frames.plots import plot_qualification
from tests.frames.payloads import payload, without_stats
from tests.frames.plots.drawn import bars_drawn, many_tables, of_table, row, texts


def of_fit(**verdicts):
    """The row of the column "Fit" with other verdicts, and its chart."""
    chart = plot_qualification(of_table(columns__2__qualification=verdicts))
    return row(chart, "Fit"), chart


def test_verdicts_have_their_numbers_a_legend_and_their_share():
    chart = plot_qualification(payload())
    fit = row(chart, "Fit")
    assert {verdict: fit[verdict] for verdict in ("pass", "fail", "unsure", "total")} == {
        "pass": 12,
        "fail": 2,
        "unsure": 1,
        "total": 15,
    }
    read = texts(chart)
    assert {"Verdicts by column: Porto bakeries", "2 columns have no verdicts", "share of verdicts"} < set(read)
    assert {"pass", "fail", "unsure", "Fit", "12", "2", "1", "80 % pass of 15"} < set(read)
    assert bars_drawn(chart) == 3


def test_bars_are_shares_of_the_total_in_the_order_of_the_legend():
    bars = plot_qualification(payload()).to_dict()["layer"][0]
    assert bars["encoding"]["x"]["stack"] is True
    assert bars["encoding"]["color"]["scale"]["domain"] == ["pass", "fail", "unsure"]
    assert {"calculate": "datum.leads / datum.total", "as": "share"} in bars["transform"]


def test_numbers_without_room_in_their_bar_stand_beside_it():
    fit, chart = of_fit(**{"pass": 4_000, "fail": 2, "unsure": 0, "total": 4_002})
    assert fit["note"] == ">99 % pass of 4,002 · 2 fail"
    assert "4,000" in texts(chart)
    assert "2" not in texts(chart)


def test_verdicts_of_an_unknown_kind_are_drawn_as_other():
    fit, chart = of_fit(**{"pass": 12, "fail": 2, "unsure": 1, "total": 20})
    assert fit["other"] == 5
    assert {"other", "60 % pass of 20"} < set(texts(chart))
    assert bars_drawn(chart) == 4


def test_a_verdict_that_was_left_out_is_no_remainder():
    fit, chart = of_fit(**{"pass": 12, "unsure": 1, "total": 15})
    assert fit["note"] == "80 % pass of 15 · n/a fail"
    assert "other" not in texts(chart)
    assert bars_drawn(chart) == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            without_stats(),
            "None of 3 columns has verdicts. Only columns with a relevance condition have them.",
        ),
        ([], "There are no columns."),
    ],
)
def test_a_sentence_says_why_there_are_no_verdicts(source, said):
    assert said in texts(plot_qualification(source))


def test_further_columns_are_counted():
    read = texts(plot_qualification(many_tables(3, 4), top=5))
    assert "7 further columns are not drawn" in read
    assert read.count("80 % pass of 15") == 5
