"""What each of the four shows: its numbers, their units, and what is missing."""

import copy

import pytest

from origami_widgets.frames import column_economics_frame
from origami_widgets.frames.plots import plot_credits, plot_funnel, plot_history, plot_qualification
from tests.frames.payloads import changed, payload, table, without_stats
from tests.frames.plots.drawn import POINTS, many_tables, texts, with_history


def of_table(**values):
    """The table of the fixture with other values."""
    made = table()
    for path, value in values.items():
        made = changed(made, path.replace("__", "."), value)
    return made


def pieces(chart, layer=0):
    spec = chart.to_dict()
    data = spec["layer"][layer]["data"]
    return data["values"] if "values" in data else spec["datasets"][data["name"]]


def bars(chart):
    """Name of each line with what its bar is made of."""
    spec = chart.to_dict()
    names = {}
    for layer in spec["layer"]:
        for row in layer["data"]["values"]:
            if row.get("kind"):
                names[row["row"]] = row["name"]
    return [(names[each["row"]], each["part"], each["start"], each["end"]) for each in pieces(chart)]


# The funnel


def test_the_funnel_has_every_number_its_share_and_its_unit():
    read = texts(plot_funnel(payload()))
    assert read[-2:] == ["Funnel: Porto bakeries", "run v2_run-01k0c4m2f7 · leads, and their share of those sourced"]
    assert "leads" in read, "the axis"
    for line in ("21", "3 · 14 %", "1 · 5 %", "2 · 10 %", "15 · 71 %", "12 · 57 %"):
        assert line in read
    for stage in ("sourced", "duplicates", "excluded", "filtered out", "kept", "leads now", "qualified"):
        assert stage in read


def test_losses_hang_where_the_one_before_has_ended():
    assert bars(plot_funnel(payload())) == [
        ("sourced", "leads", 0, 21),
        ("duplicates", "lost", 18, 21),
        ("excluded", "lost", 17, 18),
        ("filtered out", "lost", 15, 17),
        ("kept", "leads", 0, 15),
        ("leads now", "leads", 0, 15),
        ("qualified", "leads", 0, 12),
    ]


def test_numbers_that_do_not_add_up_are_drawn_and_nothing_is_made_of_them():
    chart = plot_funnel(of_table(stats__funnel__dedupedLeads=30))
    assert ("duplicates", "lost", 0, 30) in bars(chart)
    assert "filtered out" not in texts(chart)


def test_what_was_left_out_is_told_and_not_drawn():
    chart = plot_funnel(of_table(stats__qualification=None, stats__funnel__excludedLeads=None))
    read = texts(chart)
    assert read.count("n/a") == 2
    assert "filtered out" not in read
    assert not {"qualified", "excluded"} & {name for name, *_ in bars(chart)}


def test_a_table_without_stats_says_so():
    read = texts(plot_funnel(without_stats()))
    assert "no stats were sent for this table" in read
    assert "15" in read
    assert "sourced" not in read


def test_a_source_with_more_leads_says_so():
    assert "21 · more available" in texts(plot_funnel(of_table(stats__hasUnknownTotalWithMore=True)))


def test_several_tables_are_named_and_small_ones_are_counted():
    run = many_tables(10)
    for number, each in enumerate(run["response"]["tables"]):
        each["stats"]["funnel"]["totalSourcedLeads"] = 100 + number
    read = texts(plot_funnel(run, top=3))
    assert "Funnel: 10 tables" in read
    assert "7 smaller tables are not drawn" in read
    assert [text for text in read if text.startswith("Table ")] == ["Table 7", "Table 8", "Table 9"]


def test_shares_make_every_table_as_wide_as_what_was_sourced_for_it():
    small = of_table(id="small", stats__funnel__totalSourcedLeads=42)
    chart = plot_funnel([table(), small], shares=True)
    assert [(name, end) for name, _, _, end in bars(chart) if name == "sourced"] == [("sourced", 1), ("sourced", 1)]
    assert {"share of the leads sourced", "100%"} <= set(texts(chart))


def test_the_newest_state_of_a_table_is_drawn():
    later = payload() | {"id": "later"}
    later["response"]["tables"][0]["leadCount"] = 99
    read = texts(plot_funnel([payload(), later]))
    assert "Funnel: Porto bakeries" in read
    assert "99 · 471 %" in read
    assert "15 · 71 %" in read, "kept"
    assert read.count("sourced") == 1


# Verdicts


def test_verdicts_have_their_numbers_and_what_they_are_a_share_of():
    read = texts(plot_qualification(payload()))
    assert {"Verdicts by column: Porto bakeries", "2 columns have no verdicts", "share of verdicts"} <= set(read)
    assert {"pass", "fail", "unsure", "Fit", "12", "2", "1", "80 % pass of 15"} <= set(read)


def test_what_has_no_room_in_its_bar_stands_beside_it():
    verdicts = {"pass": 4_000, "fail": 2, "unsure": 0, "total": 4_002}
    chart = plot_qualification(of_table(columns__2__qualification=verdicts))
    read = texts(chart)
    assert ">99 % pass of 4,002 · 2 fail" in read
    assert "2" not in read
    assert [part for _, part, *_ in bars(chart)] == ["pass", "fail"]


def test_verdicts_that_nobody_knows_yet_are_drawn_too():
    chart = plot_qualification(of_table(columns__2__qualification__total=20))
    assert [(part, round(end - start, 6)) for _, part, start, end in bars(chart)] == [
        ("pass", 0.6),
        ("fail", 0.1),
        ("unsure", 0.05),
        ("other", 0.25),
    ]
    assert {"other", "60 % pass of 20"} <= set(texts(chart))


def test_a_verdict_that_was_left_out_is_no_remainder():
    chart = plot_qualification(of_table(columns__2__qualification={"pass": 12, "unsure": 1, "total": 15}))
    assert "80 % pass of 15 · n/a fail" in texts(chart)
    assert [part for _, part, *_ in bars(chart)] == ["pass", "unsure"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            without_stats(),
            "None of 3 columns has verdicts. They come with the stats, from columns with a relevance condition.",
        ),
        ([], "There are no columns."),
    ],
)
def test_without_verdicts_there_is_a_sentence(source, said):
    assert said in texts(plot_qualification(source))


def test_further_columns_are_counted():
    read = texts(plot_qualification(many_tables(3, 4), top=5))
    assert "7 further columns are not drawn" in read
    assert read.count("80 % pass of 15") == 5


# Credits


def test_credits_are_sorted_with_their_share_and_their_errors():
    chart = plot_credits(payload())
    read = texts(chart)
    assert {"Credits by column: 57 in Porto bakeries", "credits"} <= set(read)
    assert {"39 · 68 % · 1 errored", "18 · 32 %", "1 column at 0"} <= set(read)
    assert bars(chart) == [("Contact e-mail", "column", 0, 39), ("Fit", "column", 0, 18)]


def test_errors_of_columns_that_cost_nothing_are_told():
    read = texts(plot_credits(of_table(columns__0__cells__errored=1_234)))
    assert "1,234 errored" in read


def test_credits_that_were_left_out_are_told():
    made = of_table(columns__1__credits=None, credits=None)
    chart = plot_credits(made)
    read = texts(chart)
    assert "Credits by column: n/a in Porto bakeries" in read
    assert "18" in read, "without a share of what nobody knows"
    assert "n/a · 1 errored" in read
    assert bars(chart) == [("Fit", "column", 0, 18)]


def test_shares_are_those_of_the_frame_also_where_the_table_tells_another_total():
    made = of_table(credits__lifetimeUsed=80)
    (mail, fit) = column_economics_frame(made)["share_of_spend"].dropna().loc[lambda shares: shares > 0]
    read = texts(plot_credits(made))
    assert {f"39 · {mail:.0%} · 1 errored".replace("%", " %"), f"18 · {fit:.0%}".replace("%", " %")} <= set(read)
    assert "1 table tells other credits than its columns add up to" in read
    assert not any("add up" in line for line in texts(plot_credits(table())))


def test_credits_below_zero_are_not_known():
    made = of_table(columns__1__credits__lifetimeUsed=-39)
    read = texts(plot_credits(made))
    assert {"18", "n/a · 1 errored"} <= set(read)
    assert bars(plot_credits(made)) == [("Fit", "column", 0, 18)]


def test_cheap_columns_are_summed_up():
    made = table()
    made["columns"] = [
        copy.deepcopy(made["columns"][1]) | {"id": f"c{at}", "name": f"C {at}", "credits": {"lifetimeUsed": at}}
        for at in range(50)
    ]
    made["credits"]["lifetimeUsed"] = sum(range(50))
    chart = plot_credits(made, top=3)
    assert [(name, end) for name, _, _, end in bars(chart)] == [
        ("C 49", 49),
        ("C 48", 48),
        ("C 47", 47),
        ("46 more columns", 1_081),
    ]
    assert "1,081 · 88 % · 46 errored" in texts(chart)


def test_one_table_of_several_that_tells_no_credits():
    unknown = of_table(id="other", credits=None)
    read = texts(plot_credits([table(), unknown]))
    assert "Credits by column: 57 in 2 tables" in read
    assert "1 table has not told what was spent" in read
    assert "Porto bakeries · n/a" in read


# History


def of_panel(chart, unit):
    for view in chart.to_dict()["vconcat"]:
        if view["title"]["text"] == unit:
            return view
    raise AssertionError(unit)


def test_history_has_a_panel_for_each_unit_and_ends_with_what_is_known_now():
    read = texts(plot_history(with_history(*POINTS)))
    assert "History of run v2_run-01k0c4m2f7" in read
    assert {"status", "steps", "leads", "cells running", "cells errored", "credits", "time (UTC)"} <= set(read)
    assert {"running", "completed", "1,057"} <= set(read)
    assert "09:14:30" in read


def test_lines_hold_until_the_next_change_and_begin_where_something_was_told():
    view = of_panel(plot_history(with_history(*POINTS)), "leads")
    assert view["layer"][0]["mark"]["interpolate"] == "step-after"
    assert [each["value"] for each in view["data"]["values"]] == [12, 15, 15]
    steps = of_panel(plot_history(with_history(*POINTS)), "steps")
    assert [each["value"] for each in steps["data"]["values"]] == [0, 5, 17, 17]


def test_what_was_not_told_is_a_gap():
    gap = (POINTS[1][0] + 5, "running", 6, None, None, None, None)
    view = of_panel(plot_history(with_history(POINTS[1], gap, *POINTS[2:])), "leads")
    held, until, *after = view["data"]["values"]
    assert (held["value"], held["piece"]) == (until["value"], until["piece"]) == (12, 0)
    assert until["time"] - held["time"] == 5_000, "until it was not told any more"
    assert [each["piece"] for each in after] == [1, 1]
    nothing = plot_history(with_history(POINTS[0], (*gap[:2], 3, None, None, None, None)))
    assert texts(nothing).count("n/a") == 4
    assert "3" in texts(nothing)


def test_statuses_are_spans_also_those_that_nobody_knows_yet():
    odd = [
        (POINTS[0][0] + 60 * at, word, 1, 1, 1, 0, 1.0) for at, word in enumerate(["queued", "thinking", "completed"])
    ]
    view = of_panel(plot_history(with_history(*odd)), "status")
    spans = [(each["text"], (each["end"] - each["time"]) / 1000) for each in view["data"]["values"]]
    assert spans == [("queued", 60), ("thinking", 60), ("", 0)]
    assert {"queued", "thinking", "completed"} <= set(texts(plot_history(with_history(*odd))))


def test_runs_are_told_apart_by_name_colour_and_dashes():
    runs = [with_history(*POINTS, run_id="run-first"), with_history(*POINTS[1:], run_id="run-second")]
    chart = plot_history(runs)
    read = texts(chart)
    assert {"History of 2 runs", "1 …-first", "2 …second", "runs run-first, run-second"} <= set(read)
    encoding = of_panel(chart, "steps")["layer"][0]["encoding"]
    for channel in ("color", "strokeDash"):
        assert encoding[channel]["scale"]["domain"] == ["1 …-first", "2 …second"]
        assert len({str(each) for each in encoding[channel]["scale"]["range"]}) == 2


def test_the_end_is_seen_as_a_point():
    view = of_panel(plot_history(with_history(*POINTS)), "credits")
    assert [each["seen"] for each in view["data"]["values"]] == [False, False, True]


def test_a_run_that_is_given_twice_is_drawn_once_and_runs_stand_in_the_order_of_their_beginnings():
    later = with_history(*POINTS[1:], run_id="run-later")
    first = with_history(*POINTS, run_id="run-first")
    chart = plot_history([later, first, first])
    assert "History of 2 runs" in texts(chart)
    spans = of_panel(chart, "status")["data"]["values"]
    assert [each["run"] for each in spans] == 2 * ["1 …-first"] + 2 * ["2 …-later"]
    times = [each["time"] for each in of_panel(chart, "steps")["data"]["values"] if each["run"] == "1 …-first"]
    assert times == sorted(times)


def test_one_change_is_a_point_and_none_is_a_sentence():
    assert {"12", "21.5", "running"} <= set(texts(plot_history(with_history(POINTS[1]))))
    assert "There is no history: it is kept while this kernel watches a run." in texts(plot_history(payload()))


def test_a_long_history_keeps_its_ends_and_every_turn():
    points = [(float(at), "running" if at != 777 else "needs_input", at, 1, 1, 0, 1.0) for at in range(2_000)]
    view = of_panel(plot_history(with_history(*points)), "steps")
    times = [each["time"] / 1000 for each in view["data"]["values"]]
    assert len(times) <= 400
    assert times[0] == 0
    assert times[-1] == 1_999
    assert {777, 778} <= set(times)
    chart = plot_history(with_history(*points))
    assert any(text.endswith("changes are not drawn") for text in texts(chart))
    assert "2,000 changes until" in chart.description


def test_the_newest_state_of_one_run_is_drawn_although_its_columns_have_changed():
    def run(name, used):
        column = {"id": name, "name": name, "credits": {"lifetimeUsed": used}}
        one = {"object": "table", "id": "t", "name": "T", "credits": {"lifetimeUsed": used}, "columns": [column]}
        return {"object": "run", "id": "r", "response": {"tables": [one]}}

    source = [run("Old", 10), run("New", 12)]
    for given in (source, iter(source)):
        read = texts(plot_credits(given))
        assert "New" in read
        assert "Old" not in read
