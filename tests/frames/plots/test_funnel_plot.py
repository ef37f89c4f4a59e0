"""The funnel: its numbers, their shares, and what is unknown."""

from tests.frames.payloads import payload, table, without_stats
from tests.frames.plots.drawn import bars_drawn, funnel, many_tables, of_table, row, rows, texts


def stages(chart):
    return [(each["name"], each["part"], each["start"], each["end"]) for each in rows(chart) if each.get("name")]


def test_each_stage_has_its_leads_and_losses_hang_below_the_last():
    chart = funnel(payload())
    assert stages(chart) == [
        ("sourced", "leads", 0, 21),
        ("duplicates", "lost", 18, 21),
        ("excluded", "lost", 17, 18),
        ("filtered out", "lost", 15, 17),
        ("kept", "leads", 0, 15),
        ("leads now", "leads", 0, 15),
        ("qualified", "leads", 0, 12),
    ]
    notes = ["21", "3 · 14 %", "1 · 5 %", "2 · 10 %", "15 · 71 %", "15 · 71 %", "12 · 57 %"]
    assert [each["note"] for each in rows(chart)] == notes


def test_unknown_numbers_have_no_bar_and_no_remainder():
    chart = funnel(of_table(stats__qualification=None, stats__funnel__excludedLeads=None))
    for name in ("excluded", "qualified"):
        unknown = row(chart, name)
        assert (unknown["note"], unknown["end"] - unknown["start"]) == ("n/a", 0)
    assert "filtered out" not in [name for name, *_ in stages(chart)]
    assert bars_drawn(chart) == 4


def test_a_table_without_stats_has_its_leads_and_a_remark():
    chart = funnel(without_stats())
    assert stages(chart) == [("leads now", "leads", 0, 15)]
    assert row(chart, "leads now")["note"] == "15 · no stats for this table"


def test_several_tables_are_named_and_small_ones_counted():
    run = many_tables(10)
    for number, each in enumerate(run["response"]["tables"]):
        each["stats"]["funnel"]["totalSourcedLeads"] = 100 + number
    read = texts(funnel(run, top=3))
    assert {"Funnel: 10 tables", "7 smaller tables are not drawn"} < set(read)
    assert [text for text in read if text.startswith("Table ")] == ["Table 7", "Table 8", "Table 9"]


def test_shares_make_every_table_as_wide_as_the_leads_sourced_for_it():
    small = of_table(id="small", stats__funnel__totalSourcedLeads=42)
    chart = funnel([table(), small], shares=True)
    assert [end for name, _, _, end in stages(chart) if name == "sourced"] == [1, 1]
    assert {"share of the leads sourced", "100%"} < set(texts(chart))


def test_a_table_that_is_given_twice_is_drawn_in_its_last_state():
    later = payload() | {"id": "later"}
    later["response"]["tables"][0]["leadCount"] = 99
    chart = funnel([payload(), later])
    assert row(chart, "leads now")["note"] == "99 · 471 %"
    assert row(chart, "kept")["note"] == "15 · 71 %"
