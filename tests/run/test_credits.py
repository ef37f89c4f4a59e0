"""What a run is said to have used: from the credits of its tables, and unknown wherever a part is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

import origami_widgets as ow
from origami_widgets.api.models.run import RunObject
from origami_widgets.card.view import view_now
from origami_widgets.run.conversation import merged
from origami_widgets.run.credits import credits_of_run, credits_of_runs, used_since_start
from origami_widgets.run.reduce import Changed, Planned, RunRead, reduce
from origami_widgets.run.state import FILL_BEGINS, RunState, StoppedCells

BEGAN = datetime(2026, 7, 21, 12, 0, tzinfo=UTC)
AT = BEGAN.timestamp()


def table(number=1, used=100, made=timedelta(minutes=1)):
    credit_count = {} if used is None else {"credits": {"lifetimeUsed": used}}
    return {"id": f"t{number}", "createdAt": (BEGAN + made).isoformat(), **credit_count}


def state_of(*tables, status="completed", at=AT + 300, began=BEGAN, run_id="r1", response=True):
    raw = {"id": run_id, "agentId": "a1", "status": status, "model": "origami-lite", "startedAt": began.isoformat()}
    raw["response"] = {"text": "Done.", "actions": [], "tables": list(tables)} if response else None
    state = RunState(agent_id="a1", run_id=run_id)
    return reduce(reduce(state, RunRead(RunObject.from_raw(raw), at=at)), Planned(None, None))


OLD = timedelta(days=-1)


def test_tables_that_the_run_has_made_had_used_nothing_before():
    assert used_since_start(state_of(table(1, 100), table(2, 20)))[0] == 120
    assert used_since_start(state_of(table(1, 0, timedelta(0))))[0] == 0


def after_reading(state, **used):
    """The tables were read before the turn that works on them was sent."""
    return reduce(state, Changed(used_before=tuple(used.items())))


def test_of_an_older_table_what_was_read_before_is_taken_off():
    assert used_since_start(after_reading(state_of(table(1, 100, OLD), table(2, 5)), t1=70))[0] == 35


def test_a_conversation_counts_each_table_once_from_its_first_turn():
    first = state_of(table(1, 70), table(2, 40, OLD), run_id="r1")
    first = after_reading(first, t2=30)
    later = state_of(table(1, 100), table(2, 45, OLD), table(3, 5, timedelta(days=1)), began=BEGAN + timedelta(hours=1))
    state = merged([first, after_reading(later, t2=40)])
    assert used_since_start(state)[0] == 100 + 15 + 5
    assert [each.id for each in state.tables] == ["t1", "t2", "t3"]
    assert state.run is later.run


def with_focus(state, *ids, prompt="Find bakeries"):
    """The user gave these tables to the run."""
    raw = {**state.run.raw, "request": {"prompt": prompt, "focusTableIds": list(ids)}}
    return replace(state, run=RunObject.from_raw(raw))


def test_each_table_counts_whole_except_one_that_was_given_to_the_run():
    state = state_of(table(1, 100), table(2, 45, OLD), table(3, 20, OLD))
    assert credits_of_run(state).by_table == {"t1": 100, "t2": 45, "t3": 20}
    known = after_reading(with_focus(state, "T1", "t2", "t3"), t2=30)
    assert credits_of_run(known).by_table == {"t1": 100, "t2": 15, "t3": None}


def test_cells_that_were_stopped_are_missing_until_a_later_turn_fills_them():
    usual, filling = state_of(table()), with_focus(state_of(table()), prompt=f"{FILL_BEGINS} The table is Bakeries.")
    stopped, nothing = (replace(usual, stopped=StoppedCells(cells)) for cells in (3, 0))
    for turns, was_stopped in (
        ([usual], False),
        ([nothing], False),
        ([stopped], True),
        ([stopped, usual], True),
        ([stopped, filling], False),
        ([filling, stopped], True),
        ([stopped, filling, stopped], True),
    ):
        assert credits_of_run(usual, turns=turns).was_stopped is was_stopped, turns


@pytest.mark.parametrize(
    "state",
    [
        RunState(agent_id="a1", run_id="r1"),
        state_of(status="running", response=False),
        state_of(status="errored"),
        state_of(table(1, None)),
        state_of(table(1, 100), table(2, 100, OLD)),
        state_of(table(1, -5)),
        state_of({"id": "t1", "credits": {"lifetimeUsed": 4}}),
    ],
    ids=["unread", "no response", "failed", "no number", "older table", "below zero", "age unknown"],
)
def test_what_is_not_known_is_none_and_says_why(state):
    used, how = used_since_start(state)
    assert used is None
    assert how.endswith(".")
    assert str(credits_of_run(state)).startswith("Not known")


def test_a_run_without_tables_has_used_nothing():
    assert used_since_start(state_of())[0] == 0


def test_numbers_that_go_down_are_no_measure():
    assert used_since_start(after_reading(state_of(table(1, 60, OLD)), t1=70))[0] is None


def test_it_says_when_it_was_read():
    assert credits_of_run(state_of(table())).read_at == datetime.fromtimestamp(AT + 300, UTC)
    saved = ow.Run.from_payload({"id": "r1", "agentId": "a1", "status": "completed"})
    assert saved.credits.read_at is None


def test_in_words():
    assert str(credits_of_run(state_of(table(1, 1_200), status="running"))) == (
        "1,200 credits so far. Used by its table since it began. Last read 2026-07-21 12:05:00 UTC."
    )


def test_of_several_runs_each_table_counts_once():
    made = state_of(table(1, 100), table(2, 20), run_id="r1")
    focused = state_of(table(1, 130, OLD), table(3, 5), run_id="r2", at=AT + 400)
    both = credits_of_runs([made, focused])
    assert (both.used, both.is_final) == (155, True)
    assert both.read_at == datetime.fromtimestamp(AT + 400, UTC)
    assert credits_of_runs([focused]).used is None
    assert credits_of_runs([made, state_of(response=False, status="running")]).used is None
    assert credits_of_runs([made, state_of()]).used == 120
    assert credits_of_runs([]).used is None


def test_of_a_list_that_two_runs_were_given_the_older_reading_counts():
    first, second = (after_reading(state_of(table(1, 130, OLD), run_id=f"r{used}"), t1=used) for used in (50, 80))
    assert credits_of_runs([first, second]).used == credits_of_runs([second, first]).used == 80


def test_three_follow_ups_are_the_ledgers_credits_wherever_one_looks():
    """On the run, the card, the board, in the frames and the workbook: what the account has paid."""
    client = ow.Sandbox(speed=600).client()
    before = client.get_credits().balance
    run = ow.start("Find bakeries in Porto. scenario:settled", client=client, show=False).wait("cells")
    assert run.credits.used == before - client.get_credits().balance
    briefs = ("Add opening hours", "Find more", "Add prices")
    used = [run.follow_up(f"{brief}. scenario:settled").wait("cells").credits.used for brief in briefs]
    paid = int(before - client.get_credits().balance)
    assert used == sorted(used)
    assert run.credits.used == paid == run.state.credits_used
    assert run.credits.is_final
    (figure,) = [each for each in view_now(run.conversation)["result"]["figures"] if each["label"] == "credits"]
    assert figure["value"] == f"{paid:,}"
    (row,) = ow.RunBoard([run]).view["rows"]
    assert row["credits"] == f"{paid:,}"
    frame = ow.runs_frame(run)
    assert frame["credits_used"].to_list() == [paid]
    assert ow.tables_frame(run)["credits_lifetime_used"].sum() == paid
    assert run.history_frame()["credits_lifetime_used"].iloc[-1] == paid


def test_what_a_list_had_cost_before_is_no_credit_of_a_later_run_wherever_one_looks(tmp_path):
    client = ow.Sandbox(speed=600).client()
    list_of = [{"Website": f"firm{number}.example"} for number in range(20)]
    table = ow.upload(list_of, key="Website", client=client)
    ow.start("How well do they fit?", focus_tables=[table], client=client, show=False).wait("cells")
    before = client.get_credits().balance
    run = ow.start("Find a phone number", focus_tables=[table], client=client, show=False).wait("cells")
    paid = int(before - client.get_credits().balance)
    assert 0 < paid < run.state.credits_used
    assert ow.runs_frame(run)["credits_used"].to_list() == [run.credits.used] == [paid]
    (figure,) = [each for each in view_now(run.conversation)["result"]["figures"] if each["label"] == "credits"]
    card, board = ow.RunCard(run), ow.RunBoard([run])
    assert (figure["value"], card.credits_used, board.credits_used) == (f"{paid:,}", paid, paid)
    assert board.view["rows"][0]["credits"] == f"{paid:,}"
    (file,) = ow.export(run, tmp_path / "run.xlsx")
    facts = {row[0].value: row[1].value for row in openpyxl.load_workbook(file)["Summary"].iter_rows(max_col=2)}
    assert facts["Credits of these tables"] == run.state.credits_used
    assert facts["Credits since the run began"] == paid
    assert facts["Credits per qualified lead"] == round(paid / run.tables[0].stats.qualification.qualified_leads, 2)
