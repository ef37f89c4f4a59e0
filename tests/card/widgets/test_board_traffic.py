"""What a board sends: nothing for a check that brings nothing, one row for one change."""

import json

import pytest

from origami_widgets.card.view.contract import BOARD_SLOTS
from origami_widgets.card.widgets.run_board import RunBoard
from origami_widgets.run.reduce import Delayed, Heard, Planned
from tests.card.boards import CHANGE_SIZE, VIEW_SIZE, begin, running, runs, watches
from tests.card.live import changes, follow, on_loop, page_of, read, receive, settle
from tests.support.quick import see


@pytest.fixture(scope="module")
def hundred():
    made = watches(BOARD_SLOTS)
    board = RunBoard(runs(made))
    settle()
    yield board, made
    board.close()


@pytest.fixture
def large(hundred, listen):
    """A board of a hundred runs, their watches, and what it sends from now on."""
    board, made = hundred
    begin(made)
    settle()
    return board, made, listen(board)


def checked(watch, at):
    on_loop(watch.update, Heard(at), Planned(at + 15.0, 15.0))


def all_checked(made, turn=1):
    def hear():
        for number, watch in enumerate(made):
            at = 100.0 + number / 100 + 15.0 * turn
            watch.update(Heard(at), Planned(at + 15.0, 15.0))

    on_loop(hear)


def states(messages):
    return [message["state"] for message in messages if message["method"] == "update"]


def test_checks_of_a_hundred_runs_that_bring_nothing_send_nothing(large):
    _, made, messages = large
    for turn in range(1, 4):
        all_checked(made, turn)
        settle()
    assert messages == []


def test_one_more_lead_sends_one_row_and_its_time(large):
    board, made, messages = large
    page = page_of(board)
    # All others were heard meanwhile, as planned: that is no news of theirs.
    all_checked(made)
    changed = running(41)
    changed["response"]["tables"][0]["leadCount"] += 3
    on_loop(made[41].update, read(changed, at=130.41), Planned(145.41, 15.0))
    settle()
    (state,) = states(messages)
    assert set(state) == {"seq", "head", "clock"}
    assert changes(messages).keys() == {("items", 41), ("moments", 41)}
    row, rows = changes(messages)["items", 41], board.rows["items"]
    assert row["keys"][0] == rows[40]["keys"][0] + 3
    assert row["leads"] == str(row["keys"][0])
    assert changes(messages)["moments", 41][:2] == (130_410, 145_410)
    assert len(json.dumps(messages)) <= CHANGE_SIZE
    assert board.lead_count == sum(each["keys"][0] for each in rows)
    assert follow(page, messages) == page_of(board)


def test_a_step_alone_sends_nothing(large):
    """A row says how far a run has come in leads and credits."""
    _, made, messages = large
    on_loop(made[90].update, read(running(90, steps={"completed": 30, "max": 50}), at=115.9), Planned(130.9, 15.0))
    settle()
    assert states(messages) == []


def test_what_changes_together_is_sent_together(large):
    _, made, messages = large

    def all_at_once():
        for number in range(20):
            changed = running(number, prompt=f"Find {number}", request={})
            made[number].update(read(changed, at=115.0), Planned(130.0, 15.0))

    on_loop(all_at_once)
    settle()
    assert len(states(messages)) == 1
    assert {at for name, at in changes(messages) if name == "items"} == set(range(20))


def test_a_late_check_shows_in_its_row_alone(large):
    board, made, messages = large
    on_loop(made[3].update, Delayed())
    settle()
    (state,) = states(messages)
    assert set(state) == {"seq", "clock"}
    assert [(at, moments[1]) for at, moments in changes(messages).items()] == [(("moments", 3), None)]
    messages.clear()
    # Heard at last: readers count on from there.
    checked(made[3], 123.0)
    settle()
    assert changes(messages) == {("moments", 3): (123_000, 138_000, 15.0, "live")}
    assert len(json.dumps(messages)) <= 1_000
    assert board.rows["moments"][3] == (123_000, 138_000, 15.0, "live")


@pytest.mark.slow
def test_readers_are_never_wrong_about_a_row_however_its_checks_drift(large):
    """Each check is a little late: what is said is compared with what they know, and not with the last check."""
    board, made, _ = large
    at = 100.0
    for _ in range(40):
        at += 15.6
        checked(made[5], at)
        settle()
        _, first, interval, _ = board.rows["moments"][5]
        beside = ((at + 15.0) * 1000 - first) % (interval * 1000)
        assert min(beside, interval * 1000 - beside) <= 3_750


def test_a_page_that_missed_something_gets_the_whole_small_board(large):
    board, _, messages = large
    current = {"kind": "hello", "seq": board.seq, "list_seq": board.rows["seq"], "keeps": None}
    receive(board, current)
    (clock,) = messages
    assert clock["content"]["kind"] == "clock"
    messages.clear()
    for missed in ("seq", "list_seq"):
        messages.clear()
        receive(board, {**current, missed: current[missed] - 1})
        whole, _ = messages
        assert set(whole["state"]) == set(RunBoard.TRAITS)
        assert len(json.dumps(whole["state"])) <= VIEW_SIZE


def test_updates_keep_their_distance(three, listen, monkeypatch):
    board, made = three
    monkeypatch.setattr(RunBoard, "SPACING", 0.5)
    messages = listen(board)
    for step in range(20, 30):
        on_loop(made[0].update, read(running(0, prompt=f"Find {step}", request={}), at=115.0))
        settle()
    see(lambda: states(messages))
    assert len(states(messages)) == 1
    assert changes(messages)["items", 0]["prompt"] == "Find 29"
