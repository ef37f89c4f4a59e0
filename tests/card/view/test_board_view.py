"""What a board is given to draw: bounded, whatever runs there are, and with no total that nobody sent."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from origami_widgets.api.errors import InsufficientCredits
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view.board_view import STAGES, BoardEntry, board_totals, make_board
from origami_widgets.card.view.contract import BOARD_SLOTS
from origami_widgets.words.foreign_text import stored_size
from tests.card.boards import (
    HOSTILE_SIZE,
    board_of,
    entry_of,
    every_entry,
    hostile_entries,
    many,
    named,
    stopped,
)
from tests.card.markup import only_ours
from tests.card.view.test_size_limits import FRAGMENTS
from tests.fixtures.states import NOW, STATES, completed, running, too_few_credits

WORTH = ("waiting", "running", "filling", "needs_you", "failed", "ended")
"""Who is shown first where not all can be."""


def copies(view):
    return [render_html(view, now=NOW), render_text(view, now=NOW)]


def test_only_the_clock_depends_on_the_time():
    entries = every_entry()
    first, second = make_board(entries, now=NOW), make_board(entries, now=NOW + 60)
    assert first["clock"] != second["clock"]
    assert first["head"]["as_of"] == second["head"]["as_of"] == ""
    assert {**first, "clock": None} == {**second, "clock": None}


# Which of them are shown


def stages_of(view):
    return [row["stage"] for row in view["rows"]]


OF_STAGE = {
    "waiting": lambda at: BoardEntry(at, "", "x", brief="waiting"),
    "running": lambda at: entry_of(at, named(running(), at)),
    "filling": lambda at: entry_of(at, named(STATES["filling"](), at)),
    "needs_you": lambda at: entry_of(at, named(STATES["needs_input"](), at)),
    "failed": lambda at: entry_of(at, named(STATES["errored"](), at)),
    "ended": lambda at: entry_of(at, named(completed(), at)),
}


@settings(max_examples=12)
@given(st.lists(st.sampled_from(sorted(STAGES)), min_size=95, max_size=160))
def test_nobody_is_hidden_who_is_worth_more_than_somebody_shown(stages):
    view = board_of([OF_STAGE[stage](at) for at, stage in enumerate(stages)])
    positions = [row["position"] for row in view["rows"]]
    assert positions == sorted(set(positions))
    assert len(positions) == min(len(stages), BOARD_SLOTS)
    assert stages_of(view) == [stages[at] for at in positions]
    hidden = set(range(len(stages))) - set(positions)
    if hidden:
        least = max(WORTH.index(stage) for stage in stages_of(view))
        assert all(WORTH.index(stages[at]) >= least for at in hidden)
        last = [at for at in hidden if WORTH.index(stages[at]) == least]
        assert all(at < min(p for p in positions if stages[p] == stages[at]) for at in last)
    assert sum(count["count"] for count in view["head"]["counts"]) == len(stages)
    assert bool(view["head"]["hidden"]) == bool(hidden)


# Totals


def with_table(at, table_id, leads, used, *, updated=None):
    state = named(completed(), at)
    (table,) = state.tables
    known = {"lead_count": leads, "credits": structs.replace(table.credits, lifetime_used=used)}
    return entry_of(at, replace(state, tables=(structs.replace(table, id=table_id, **known, **(updated or {})),)))


def totals(*entries):
    view = board_of(list(entries))
    reported = view["head"]["sums"]
    for copied in copies(view):
        assert reported in copied
    return reported


def test_runs_that_share_a_table_count_it_once():
    entries = [with_table(0, "t", 15, 57), with_table(1, "t", 15, 57), with_table(2, "u", 5, 3)]
    assert totals(*entries) == "20 leads, 24 qualified, 60 credits, 2.5 per qualified lead"
    assert board_totals(entries) == (20, 60)


def test_of_a_shared_table_the_newer_answer_counts():
    table = completed().tables[0]
    later = {"updated_at": table.updated_at.replace(year=2027)}
    newer, older = with_table(0, "t", 90, 91, updated=later), with_table(1, "t", 15, 57)
    assert totals(newer, older) == totals(older, newer) == "90 leads, 12 qualified, 91 credits, 7.58 per qualified lead"


@pytest.mark.parametrize(
    ("leads", "used", "expected"),
    [
        ((1, 2), (3, 4), "3 leads, 24 qualified, 7 credits, 0.29 per qualified lead"),
        ((1, None), (3, 4), "≥1 leads, 24 qualified, 7 credits, 0.29 per qualified lead"),
        # Without the credits of a table there is no price.
        ((None, None), (3, None), "24 qualified, ≥3 credits"),
        ((5, 0), (None, None), "5 leads, 24 qualified"),
        ((None, None), (None, None), "24 qualified"),
    ],
)
def test_unknown_numbers_are_not_added(leads, used, expected):
    entries = [with_table(at, f"t{at}", leads[at], used[at]) for at in (0, 1)]
    assert totals(*entries) == expected
    known = [[value for value in values if value is not None] for values in (leads, used)]
    assert board_totals(entries) == tuple(sum(values) if values else None for values in known)


def test_without_tables_there_are_no_totals():
    entries = [entry_of(0, STATES["starting"]()), BoardEntry(1, "", "x", brief="waiting")]
    assert totals(*entries) == ""
    assert board_totals(entries) == (None, None)
    assert totals() == ""


def test_the_total_of_one_row_is_not_said_again():
    assert totals(with_table(0, "t", 15, 57)) == ""


def test_the_credit_limit_of_all_runs_stands_beside_what_they_have_used():
    limited = board_of([with_table(0, "t", 15, 57)], credit_limit=500)
    assert "57 of 500 credits" in limited["head"]["sums"]


def test_the_price_of_all_is_the_quotient_of_the_sums_and_the_most_where_a_table_has_no_verdicts():
    entries = [with_table(0, "t", 15, 24), with_table(1, "u", 5, 60)]
    assert totals(*entries) == "20 leads, 24 qualified, 84 credits, 3.5 per qualified lead"
    (without,) = with_table(2, "p", 9, 36).state.tables
    unjudged = replace(entries[1].state, tables=(structs.replace(without, stats=None),))
    assert (
        totals(*entries, replace(entries[1], state=unjudged))
        == "29 leads, ≥24 qualified, 120 credits, ≤5 per qualified lead"
    )


# The head


def test_runs_are_counted_in_words():
    view = board_of(
        [*many(2, "running"), entry_of(2, STATES["needs_input"]()), BoardEntry(3, "", "x", brief="waiting")]
    )
    assert view["head"]["title"] == "4 runs"
    assert [(each["stage"], each["count"], each["label"]) for each in view["head"]["counts"]] == [
        ("waiting", 1, "1 waiting"),
        ("running", 2, "2 running"),
        ("needs_you", 1, "1 needs you"),
    ]


def test_it_is_settled_when_each_row_is():
    assert board_of(many(3, "completed", "errored"))["head"]["settled"]
    for other in ("running", "filling", "stopped", "starting"):
        assert not board_of(many(3, "completed", other))["head"]["settled"]


def commands(view):
    return [each["command"] for each in view["head"]["buttons"]]


def test_cells_of_a_run_that_waits_for_an_answer_can_be_stopped_with_all():
    filling, asking = STATES["filling"](), STATES["needs_input"]()
    (one,) = board_of([entry_of(0, replace(asking, tables=filling.tables)), *many(1, "completed")])["head"]["buttons"]
    assert (one["command"], one["label"]) == ("cancel_all", "Stop filling")
    assert commands(board_of([entry_of(0, asking)])) == []


def test_what_spends_or_ends_asks_first():
    view = board_of(many(2, "running"), can_stop=True, can_resume=True)
    asks = {each["command"]: "confirm" in each for each in view["head"]["buttons"]}
    assert asks == {"resume": True, "cancel_all": True}


def test_what_halts_a_batch_stands_there_once_with_its_remedy():
    error = too_few_credits().command_error
    assert isinstance(error, InsufficientCredits)
    view = board_of(many(1, "completed"), error=error, can_resume=True)
    (notice,) = view["head"]["notices"]
    assert error.title in notice["title"]
    assert error.remedy in notice["text"]
    assert notice["button"]["command"] == "resume"
    assert notice["button"]["confirm"]
    assert commands(view) == []
    without = board_of(many(1, "completed"), error=error)
    assert (without["head"]["notices"][0]["button"], without["head"]["notices"][0]["code"]) == (None, "")


def test_the_open_card_is_that_of_a_row_whatever_run_it_has_come_to():
    entries = many(3, "running")
    assert board_of(entries)["head"]["open"] == ""
    assert board_of(entries, opened=1)["head"]["open"] == board_of(entries)["rows"][1]["token"]
    gone_on = [*entries[:1], entry_of(1, named(running(), 77), earlier=(entries[1].state,)), entries[2]]
    assert "000077" in board_of(gone_on, opened=1)["head"]["open"]
    assert board_of(entries, opened=9)["head"]["open"] == ""


def test_it_is_said_where_the_runs_are_from_if_all_are_from_there():
    sandbox = [entry_of(at, STATES["sandbox"]()) for at in (0, 1)]
    assert board_of(sandbox)["head"]["origin"] == "sandbox"
    assert board_of([*sandbox, entry_of(2, running())])["head"]["origin"] == ""
    assert "sandbox" in board_of([*sandbox, entry_of(2, running())])["head"]["gone"]
    assert "sandbox" not in board_of(many(2, "running"))["head"]["gone"]


def test_the_clock_is_that_of_the_run_which_is_asked_next():
    first, second = running(), running()
    soon = replace(second, connection=replace(second.connection, heard_at=NOW - 1, next_at=NOW + 2, interval=60.0))
    clock = board_of([entry_of(0, first), entry_of(1, soon)])["clock"]
    assert (clock["heard_at"], clock["next_at"]) == (round((NOW - 1) * 1000), round((NOW + 2) * 1000))
    # Silence is long after two checks of the run that is asked most often: a page that only waits for the slowest one
    # would not notice for minutes that nobody is there.
    assert (clock["interval"], clock["connection"]) == (first.connection.interval, "live")
    assert board_of([entry_of(0, completed()), entry_of(1, stopped(running()))])["clock"]["connection"] == "ended"


odd_text = st.one_of(
    st.text(max_size=30), st.builds(lambda part, times: part * times, st.sampled_from(FRAGMENTS), st.integers(0, 3_000))
)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.lists(odd_text, min_size=1, max_size=4), st.integers(0, 220))
def test_the_view_and_its_copies_stay_small_whatever_the_server_sends(texts, count):
    view = board_of(hostile_entries(count, texts))
    assert len(json.dumps(view)) <= HOSTILE_SIZE
    html, text = copies(view)
    assert stored_size(html) + stored_size(text) <= HOSTILE_SIZE
    only_ours(html)
    assert all(first["position"] < second["position"] for first, second in pairwise(view["rows"]))
