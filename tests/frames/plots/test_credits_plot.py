"""The credits: their order, their shares, groups of columns, and what is unknown."""

import copy

from origami_widgets.frames import columns_frame
from tests.frames.payloads import payload, table
from tests.frames.plots.drawn import bars_drawn, credits_of, of_table, row, rows, texts


def used(chart):
    """The name of each row and the credits of its note; "" for none."""
    return [(each["name"], each["note"].partition(" · ")[0]) for each in rows(chart) if each.get("name")]


def test_columns_are_sorted_with_their_share_and_their_errors():
    chart = credits_of(payload())
    assert used(chart) == [("Contact e-mail", "39"), ("Fit", "18"), ("1 column at 0", "")]
    assert [each["note"] for each in rows(chart)] == ["39 · 68 % · 1 errored", "18 · 32 %", ""]
    assert {"Credits by column: 57 in Porto bakeries", "credits", "Fit", "18 · 32 %"} < set(texts(chart))
    # Two columns, and the part of one that was spent on unfit leads.
    assert bars_drawn(chart) == 3


def test_what_unfit_leads_have_cost_is_that_of_the_frame_and_is_said():
    chart = credits_of(payload())
    frame = columns_frame(payload()).set_index("column_name").loc["Contact e-mail"]
    mail = row(chart, "Contact e-mail")
    assert mail["expected on unfit leads"] == frame["credits_on_unqualified"]
    assert mail["other credits"] == frame["credits_lifetime_used"] - frame["credits_on_unqualified"]
    assert "Contact e-mail: 39 · 68 % · 1 errored, of it on unfit leads 5.2 expected" in chart.description
    assert row(chart, "Fit")["expected on unfit leads"] is None
    assert "expected on unfit leads" in texts(chart), "the legend"
    without = credits_of(of_table(stats=None, columns__2__qualification=None))
    assert not any("unfit" in line for line in texts(without))


def test_unknown_credits_have_no_bar_and_no_share():
    chart = credits_of(of_table(columns__1__credits=None, credits=None))
    assert "Credits by column: n/a in Porto bakeries" in texts(chart)
    assert row(chart, "Fit")["note"] == "18"
    assert row(chart, "1 column")["note"] == "n/a · 1 errored"
    assert bars_drawn(chart) == 1


def test_shares_are_the_frames_although_the_tables_total_differs():
    made = of_table(credits__lifetimeUsed=80)
    mail, fit = columns_frame(made)["share_of_table_credits"].dropna().loc[lambda shares: shares > 0]
    chart = credits_of(made)
    assert row(chart, "Contact e-mail")["note"] == f"39 · {100 * mail:.0f} % · 1 errored"
    assert row(chart, "Fit")["note"] == f"18 · {100 * fit:.0f} %"
    assert "1 table has credits that don't match the columns" in texts(chart)
    assert not any("add up" in line for line in texts(credits_of(table())))


def test_cheap_columns_are_summed_up():
    made = table()
    made["columns"] = [
        copy.deepcopy(made["columns"][1]) | {"id": f"c{at}", "name": f"C {at}", "credits": {"lifetimeUsed": at}}
        for at in range(50)
    ]
    made["credits"]["lifetimeUsed"] = sum(range(50))
    chart = credits_of(made, top=3)
    assert used(chart)[:4] == [("C 49", "49"), ("C 48", "48"), ("C 47", "47"), ("46 more columns", "1,081")]
    assert row(chart, "46 more columns")["note"] == "1,081 · 88 % · 46 errored"
