"""A board in the kernel: its traits, its waiting, and how it gives way to its snapshot."""

import pytest
import traitlets

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed, InvalidInput
from origami_widgets.card.view.contract import BOARD_SLOTS
from origami_widgets.card.widgets.snapshot import REMEDY_TIME
from origami_widgets.run.reduce import CheckFailed, Planned
from tests.card.boards import running, runs, watches
from tests.card.live import acks, on_loop, read, receive, sent_by, settle
from tests.run.batch.conftest import base_url, client, clock, front, many, quick  # noqa: F401 - fixtures
from tests.support.outputs import keep_outputs
from tests.support.quick import see

END = {"status": "cancelled", "completedAt": "2026-07-21T09:20:00Z"}


def end(made, *numbers):
    for number in numbers:
        on_loop(made[number].update, read(running(number, **END), at=116.0), Planned(None, None))
    settle()


def test_its_traits_follow_its_runs(three):
    board, made = three
    assert (board.total, board.running, board.done, board.settled) == (3, 3, False, False)
    assert (board.lead_count, board.credits_used) == (45, 171)
    end(made, 0, 1)
    assert (board.total, board.running, board.done) == (3, 1, False)
    end(made, 2)
    assert (board.total, board.running, board.done, board.settled) == (3, 0, True, True)


def test_they_can_be_observed_but_not_set(three):
    board, made = three
    heard = []
    board.observe(heard.append, "running")
    end(made, 1)
    assert [(change["old"], change["new"]) for change in heard] == [(3, 2)]
    for name in ("total", "running", "done", "settled", "lead_count", "credits_used", "head", "rows", "card"):
        with pytest.raises(traitlets.TraitError):
            setattr(board, name, getattr(board, name))


def test_more_runs_than_there_are_rows_are_counted_and_handed_out(show):
    made = watches(BOARD_SLOTS + 20)
    end(made, *range(15))
    board = show(runs(made))
    assert (board.total, board.running, board.done) == (BOARD_SLOTS + 20, BOARD_SLOTS + 5, False)
    assert len(board.runs) == BOARD_SLOTS + 20
    assert board.lead_count == 15 * (BOARD_SLOTS + 20)
    assert board.head["hidden"].startswith("20 more runs")
    assert len(board.rows["items"]) == BOARD_SLOTS


def test_it_waits_for_all_of_its_runs(show):
    client = ow.Sandbox(speed=600, plan="ultra").client()  # noqa: F811
    made = [ow.start(f"Bakeries {at}. scenario:filling", client=client, show=False) for at in range(2)]
    board = show(made)
    assert board.wait() is board
    assert board.done
    board.wait("cells")
    assert board.settled
    # The traits are those of now: whoever has waited does not wait for an update.
    assert board.running == 0


@pytest.mark.parametrize("until", ["cell", "", None])
def test_it_waits_for_nothing_else(three, until):
    board, _ = three
    with pytest.raises(InvalidInput):
        board.wait(until)


def test_the_rows_of_a_batch_are_its_briefs_in_their_order(many, show):  # noqa: F811
    briefs = {f"Town {at}": f"Bakeries {at}. scenario:slow" for at in range(3)}
    batch = many(briefs, at_once=1)
    board = show(batch)
    see(lambda: board.running == 1)
    assert [row["name"] for row in board.view["rows"]] == list(briefs)
    assert [row["status_label"] for row in board.view["rows"]][1:] == ["Waiting", "Waiting"]
    assert (board.total, board.done) == (3, False)
    assert len(board.runs) == 1
    batch.cancel()


def test_a_failed_check_is_said_in_its_row(three):
    board, made = three
    lost = ConnectionFailed("Can't reach Origami", cause="no network", remedy="", transient=True)
    on_loop(made[1].update, CheckFailed(lost, at=118.0), Planned(120.0, 2.0))
    settle()
    assert board.rows["items"][1]["note"].startswith(lost.title)
    assert board.rows["moments"][1][3] == "reconnecting"
    assert board.rows["items"][0]["note"] == ""


# Freezing


@pytest.fixture
def frozen_later(three, monkeypatch):
    """A board that is shown, its watches, and the snapshots that replace it."""
    board, made = three
    shown = keep_outputs(monkeypatch)
    board.outputs.add({"text/plain": "the board"}, {})
    (replaced,) = shown.values()
    replaced.clear()
    return board, made, replaced


def test_it_lives_as_long_as_anything_can_change_and_a_while_longer(frozen_later):
    board, made, _ = frozen_later
    end(made, 0, 1)
    assert board.freezes_in is None
    end(made, 2)
    assert board.freezes_in == REMEDY_TIME
    assert not board.frozen


def test_it_does_not_give_way_while_a_card_is_open_in_it(frozen_later, click):
    board, made, _ = frozen_later
    click(board, "open", board.rows["items"][0]["token"])
    end(made, 0, 1, 2)
    assert board.freezes_in is None
    click(board, "fold")
    assert board.freezes_in == REMEDY_TIME


def test_frozen_it_is_its_snapshot_and_a_click_only_says_so(frozen_later):
    board, made, replaced = frozen_later
    messages = sent_by(board)
    end(made, 0, 1, 2)
    # Somebody looks at it: it must not close under them.
    board.set_trait("_view_count", 1)
    on_loop(board.freeze)
    assert board.frozen
    (static,) = replaced
    assert "3 runs: 3 ended" in static["text/plain"]
    assert all(run.token in static["text/html"] for run in board.runs)
    receive(
        board, {"kind": "command", "id": "c", "name": "open", "run_id": board.rows["items"][1]["token"], "prompt": ""}
    )
    settle()
    assert board.frozen
    assert board.card == ""
    assert [(each["id"], each["ok"]) for each in acks(messages)] == [("c", False)]


def test_frozen_and_seen_by_nobody_it_is_closed(frozen_later):
    board, made, _ = frozen_later
    end(made, 0, 1, 2)
    on_loop(board.freeze)
    assert board.comm is None
    assert str(board).startswith("3 runs: 3 ended")


def test_updates_in_place_where_there_are_no_widgets(frozen_later):
    board, made, replaced = frozen_later
    board.is_html = True
    end(made, 0)
    assert len(replaced) == 1
    assert "3 runs: 2 running, 1 ended" in replaced[0]["text/plain"]
    assert "Snapshot of" not in replaced[0]["text/plain"]
    end(made, 1, 2)
    assert "Snapshot of" in replaced[-1]["text/html"]
    # Nothing new, nothing sent.
    count = len(replaced)
    board.shown()
    settle()
    assert len(replaced) == count
