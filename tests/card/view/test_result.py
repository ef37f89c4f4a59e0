"""The result line: what came out, what it cost, and where the sourced leads went."""

from dataclasses import replace

import pytest

from origami_widgets.api.models.table import Table
from origami_widgets.card.view import make_view
from origami_widgets.card.view.result import make_funnel
from origami_widgets.run.conversation import merged
from origami_widgets.run.reduce import Changed, reduce
from tests.fixtures.states import NOW, STATES, payload, settled_payload, state_of


def result_of(run, form="live"):
    return make_view(state_of(run), now=NOW, form=form)["result"]


def figures(run):
    return [(one["value"], one["label"], one["note"]) for one in result_of(run)["figures"]]


def with_second_table(**changes):
    """The bakeries with a further table."""
    run = settled_payload()
    run["response"]["tables"].append(settled_payload()["response"]["tables"][0] | {"id": "t2"} | changes)
    return run


def test_one_of_each_is_said_in_the_singular():
    run = settled_payload()
    table = run["response"]["tables"][0]
    table |= {"leadCount": 1, "credits": {"lifetimeUsed": 1}}
    del table["stats"]
    assert figures(run) == [("1", "lead", ""), ("1", "credit", "")]


def test_leads_of_several_tables_are_those_of_one_and_credits_are_added():
    run = with_second_table(leadCount=1_000, credits={"lifetimeUsed": 63})
    expected = [
        ("15", "leads", ""),
        ("12", "qualified", ""),
        ("120", "credits", ""),
    ]
    assert figures(run) == expected
    view = make_view(state_of(run), now=NOW)
    assert (view["tables"]["main"], view["tables"]["items"][0]["leads"]) == (view["tables"]["items"][0]["id"], "15")
    assert all(words in view["tables"]["counted"] for words in ("Porto bakeries", "all 2 tables"))


def test_after_a_follow_up_the_credits_are_those_of_all_tables():
    first = state_of(with_second_table(credits={"lifetimeUsed": 59}) | {"id": "r0"}, at=NOW - 3_600)
    run = settled_payload()
    run["response"]["tables"][0] |= {"credits": {"lifetimeUsed": 90}, "updatedAt": "2027-01-01T00:00:00Z"}
    view = make_view(merged([first, state_of(run)]), earlier=[first], now=NOW)
    figure = view["result"]["figures"][2]
    # Of the table of both turns, the newest number counts, once.
    assert (figure["value"], figure["label"]) == ("149", "credits")
    assert view["head"]["summary"] == "12 qualified of 15, 149 credits"
    assert len(view["tables"]["items"]) == 2


def test_the_table_with_verdicts_counts_wherever_it_is():
    run = with_second_table(leadCount=1_000)
    del run["response"]["tables"][0]["stats"]["qualification"]
    assert figures(run)[:2] == [("1,000", "leads", ""), ("12", "qualified", "")]
    view = make_view(state_of(run), now=NOW)
    assert view["tables"]["main"] == "t2"
    run["response"]["tables"][1]["stats"]["qualification"] = None
    assert figures(run)[0] == ("15", "leads", "")


def test_the_price_is_the_quotient_of_the_numbers_beside_it():
    run = with_second_table(credits={"lifetimeUsed": 63})
    # Where both tables have qualified leads, the credits are not the price of one table's.
    assert figures(run)[2] == ("120", "credits", "")
    run["response"]["tables"][1]["stats"]["qualification"] = None
    assert figures(run)[2] == ("120", "credits", "10 per qualified lead")


@pytest.mark.parametrize("qualified", [0, None, -1])
def test_without_a_qualified_lead_there_is_no_price(qualified):
    run = settled_payload()
    run["response"]["tables"][0]["stats"]["qualification"]["qualifiedLeads"] = qualified
    assert figures(run)[-1] == ("57", "credits", "")


def test_the_credit_limit_stands_beside_what_was_used():
    state = reduce(state_of(settled_payload()), Changed(credit_limit=500))
    figure = make_view(state, now=NOW)["result"]["figures"][-1]
    assert (figure["value"], figure["label"]) == ("57", "of 500 credits")


def test_credits_say_when_some_are_unknown():
    assert figures(with_second_table(credits=None))[2] == ("57", "credits at least", "")
    run = settled_payload()
    run["response"]["tables"][0]["credits"] = None
    assert [label for _, label, _ in figures(run)] == ["leads", "qualified"]


def test_what_an_older_list_had_used_before_is_no_part_of_the_credits():
    run = with_second_table(createdAt="2020-01-01T00:00:00Z", credits={"lifetimeUsed": 900})
    state = replace(state_of(run), focused_before=frozenset({"t2"}))
    found = make_view(state, now=NOW)["result"]["figures"]
    assert (found[2]["value"], found[2]["label"]) == ("57", "credits at least")
    known = reduce(state, Changed(used_before=(("t2", 860),)))
    found = make_view(known, now=NOW)["result"]["figures"]
    assert (found[2]["value"], found[2]["label"]) == ("97", "credits")


@pytest.mark.parametrize("value", [-1, 10**18])
def test_a_number_that_cannot_be_makes_no_figure(value):
    run = settled_payload()
    table = run["response"]["tables"][0]
    table |= {"leadCount": value, "credits": {"lifetimeUsed": value}}
    assert [label for _, label, _ in figures(run)] == ["qualified"]


@pytest.mark.parametrize("name", ["starting", "running_null"])
def test_a_snapshot_awaits_nothing(name):
    assert make_view(STATES[name](), now=NOW, form="snapshot")["result"]["note"] == "No leads yet."


# The funnel


def parts(**funnel):
    qualified = funnel.pop("qualified", None)
    stats = {"funnel": funnel, "qualification": None if qualified is None else {"qualifiedLeads": qualified}}
    made = make_funnel(Table.from_raw({"id": "t", "stats": stats}))
    return made and {part["part"]: part["count"] for part in made["parts"]}


COUNTS = {"totalSourcedLeads": 21, "postStaticLeads": 15, "dedupedLeads": 3, "excludedLeads": 1}
ALL = {"qualified": 12, "not": 3, "out": 6}
UNJUDGED = {"not": 15, "out": 6}


def test_the_parts_add_up():
    assert parts(**COUNTS, qualified=12) == ALL
    assert sum(ALL.values()) == COUNTS["totalSourcedLeads"]


def test_a_part_of_none_is_left_out():
    assert parts(**(COUNTS | {"excludedLeads": 0, "totalSourcedLeads": 20}), qualified=15) == {
        "qualified": 15,
        "out": 5,
    }


def test_without_a_condition_nothing_is_called_qualified():
    assert parts(**COUNTS) == UNJUDGED


def test_leads_that_the_rows_have_told_since_are_counted():
    made = make_funnel(Table.from_raw({"id": "t", "leadCount": 30, "stats": {"funnel": COUNTS}}))
    assert made is not None
    assert made["words"] == "36 leads found: 30 leads, 6 left out"


def test_more_qualified_than_kept_is_not_believed():
    assert parts(**COUNTS, qualified=16) == UNJUDGED


@pytest.mark.parametrize(
    "change", [{"dedupedLeads": 9}, {"postStaticLeads": None}, {"totalSourcedLeads": 0}, {"excludedLeads": -1}]
)
def test_numbers_that_do_not_add_up_make_no_bar(change):
    assert parts(**(COUNTS | change)) is None


def test_while_the_condition_is_checked_a_lead_is_not_called_unqualified():
    run = payload("completed_stats")
    run["response"]["tables"][0]["columns"][2]["cells"]["running"] = 3
    labels = [part["label"] for part in result_of(run)["funnel"]["parts"]]
    assert labels[:2] == ["12 qualified", "3 to check"]


def test_the_funnel_is_that_of_the_table_that_counts():
    run = with_second_table()
    run["response"]["tables"][1]["stats"]["funnel"]["totalSourcedLeads"] = 90
    funnel = result_of(run)["funnel"]
    assert {part["part"]: part["count"] for part in funnel["parts"]} == ALL
    assert funnel["words"].startswith("21 leads found: 12 qualified")
    run["response"]["tables"][0]["stats"]["funnel"]["dedupedLeads"] = 9
    assert result_of(run)["funnel"] is None


@pytest.mark.parametrize(
    ("verdicts", "running", "labels"),
    [
        ((0, 0, 0), 4, ["15 to check"]),
        ((0, 0, 0), 0, ["15 to check"]),
        ((4, 2, 0), 9, ["4 qualified", "2 not", "9 to check"]),
        ((4, 2, 1), 2, ["4 qualified", "3 not", "8 to check"]),
        ((4, 0, 11), 0, ["4 qualified", "11 not"]),
    ],
)
def test_leads_without_a_verdict_are_no_failures(verdicts, running, labels):
    run = payload("completed_stats")
    table = run["response"]["tables"][0]
    passed, failed, unsure = verdicts
    counts = {"pass": passed, "fail": failed, "unsure": unsure, "total": sum(verdicts)}
    table["columns"][2] |= {"qualification": counts, "cells": {"running": running, "errored": 0}}
    table["stats"]["qualification"]["qualifiedLeads"] = passed
    funnel = result_of(run)["funnel"]
    assert [part["label"] for part in funnel["parts"]][: len(labels)] == labels
    assert sum(part["count"] for part in funnel["parts"]) == 21


@pytest.mark.parametrize(
    ("column", "judges"),
    [
        ({"kind": "score"}, True),
        ({"kind": "enrichment", "qualification": {"pass": 1, "fail": 0, "unsure": 0, "total": 1}}, True),
        ({"kind": "enrichment"}, False),
    ],
)
@pytest.mark.parametrize("running", [0, 3])
def test_leads_without_a_verdict_are_to_check_with_a_judging_column_only(column, judges, running):
    table = settled_payload()["response"]["tables"][0]
    table["columns"] = [{"id": "c1", "name": "C", "cells": {"running": running}} | column]
    run = settled_payload()
    run["response"]["tables"] = [table]
    labels = [part["label"] for part in result_of(run)["funnel"]["parts"]]
    assert ("3 to check" in labels) == (judges and (running > 0 or column["kind"] != "score"))


@pytest.mark.parametrize("totals", [(6, 9), (9, 6)])
def test_the_column_with_the_most_verdicts_says_how_many_leads_were_judged(totals):
    run = settled_payload()
    table = run["response"]["tables"][0]
    judging = table["columns"][2]
    table["columns"][2:] = [
        judging | {"id": f"c{total}", "qualification": {"pass": 4, "fail": total - 4, "unsure": 0, "total": total}}
        for total in totals
    ]
    table["stats"]["qualification"]["qualifiedLeads"] = 4
    counts = {part["part"]: part["count"] for part in result_of(run)["funnel"]["parts"]}
    # 15 leads were kept: 9 of them have a verdict.
    assert (counts["qualified"], counts["not"], counts["check"]) == (4, 5, 6)


@pytest.mark.parametrize(("rates", "enriched"), [((0.9, 0.4), 6), ((1.0, 1.0), 12), ((1.0, 1.3), 12)])
def test_the_column_that_has_run_for_the_fewest_rows_says_how_many_are_enriched(rates, enriched):
    """15 rows of which 3 have cells under way. A rate that cannot be is none."""
    run = payload("running_partial") | {"response": {"actions": [], "tables": settled_payload()["response"]["tables"]}}
    table = run["response"]["tables"][0]
    run["request"] = run["request"] | {"focusTableIds": [table["id"]]}
    table["columns"] = [
        {"id": f"c{at}", "name": "C", "kind": "enrichment", "cells": {"running": 3 * at}, "stats": {"callRate": rate}}
        for at, rate in enumerate(rates)
    ]
    table["stats"]["running"] = None
    assert figures(run)[0] == (str(enriched), "of 15 rows looked up", "")
