"""Clicks on a board: each once, on the run of its row, and nothing for those that belong to no row."""

import pytest

import origami_widgets as ow
from origami_widgets.card.widgets.run_card import card_of
from tests.card.boards import running
from tests.card.live import acks, card_in, on_loop, read, receive, sent_by, settle
from tests.run.batch.common import states
from tests.run.batch.conftest import base_url, client, clock, front, many, quick  # noqa: F401 - fixtures
from tests.support.quick import see
from tests.support.server import answer

BRIEF = "Find bakeries. scenario:slow"


def tokens(board):
    return [row["token"] for row in board.view["rows"]]


def message(name, token="", **more):
    return {"kind": "command", "id": "the-click", "name": name, "run_id": token, **more}


def answered(board, content):
    """Whether a message is acknowledged."""
    messages = sent_by(board)
    receive(board, content)
    settle()
    return bool(acks(messages))


# Opening and folding


def test_a_row_opens_as_its_card_and_folds(three, click):
    board, made = three
    token = tokens(board)[1]
    assert click(board, "open", token)["ok"]
    assert board.head["open"] == token
    card = card_in(board)
    assert card.run.token == token
    on_loop(made[1].update, read(running(1, status="cancelled"), at=115.0))
    settle()
    assert card.head["status_label"] == "Stopped"
    assert click(board, "fold")["ok"]
    assert (board.card, board.head["open"], card.comm) == ("", "", None)


def test_the_leads_of_all_runs_are_shown_in_place_of_the_rows(show, click):
    account = ow.Sandbox(speed=600).client()
    board = show([ow.start(f"List bakeries in {city}", client=account, show=False) for city in ("Porto", "Faro")])
    assert board.head["has_leads"]
    assert click(board, "show_leads")["ok"]
    shown, line = board.grid, board.head["leads_line"]
    assert shown.startswith("IPY_MODEL_")
    assert all(f'ow.attach("{token}", show=False)' in line for token in tokens(board))
    assert click(board, "hide_leads")["ok"]
    assert (board.grid, board.head["leads_line"]) == ("", "")


def test_opening_another_row_folds_the_first(three, click):
    board, _ = three
    first, second, _ = tokens(board)
    click(board, "open", first)
    card = card_in(board)
    click(board, "open", second)
    assert card.comm is None
    assert board.head["open"] == second
    assert card_in(board).run == board.runs[1]


def test_a_card_that_is_shown_elsewhere_stays_when_that_of_a_board_is_folded(three, show, click):
    board, _ = three
    known, other = card_of(board.runs[0]), show(board.runs[:1])
    for each in (board, other):
        click(each, "open", tokens(each)[0])
    cards = card_in(board), card_in(other)
    click(board, "fold")
    assert [card.comm is None for card in (known, *cards)] == [False, True, False]
    other.close()
    assert [card.comm is None for card in (known, *cards)] == [False, True, True]
    known.close()


def test_a_follow_up_goes_on_in_the_row_and_in_its_open_card(show, click):
    client = ow.Sandbox(speed=600, plan="ultra").client()  # noqa: F811
    run = ow.start("Find bakeries. scenario:answer", client=client, show=False).wait()
    other = ow.start(BRIEF, client=client, show=False)
    board = show([run, other])
    click(board, "open", run.token)
    card = card_in(board)
    first = run.token
    run.follow_up("And dentists? scenario:slow")
    settle()
    assert tokens(board) == [run.token, other.token]
    assert board.head["open"] == board.rows["items"][0]["token"] == run.token != first
    assert board.rows["items"][0]["status_label"] == "Running"
    assert card.head["token"] == run.token
    assert board.running == 2
    # A page that is a moment behind still names the first turn.
    assert click(board, "fold", first)["ok"]
    assert click(board, "open", first)["ok"]
    assert board.head["open"] == run.token
    assert not click(board, "cancel", first)["ok"]
    assert run.state.cancel != "requested"
    assert click(board, "cancel", run.token)["ok"]
    assert run.wait(timeout=20).status == "cancelled"
    other.cancel()


def test_a_failed_run_goes_on_from_its_row_once(show, click):
    client = ow.Sandbox(speed=600, plan="ultra").client()  # noqa: F811
    run = ow.start("Find bakeries. scenario:errored", client=client, show=False)
    run.wait("cells", timeout=20)
    board = show([run])
    (row,) = board.rows["items"]
    assert (row["status_label"], row["button"]) == ("Failed", "continue")
    spec = board.rows["buttons"][row["button"]]
    assert spec["confirm"]
    shown = run.token
    content = message(spec["command"], shown, prompt=spec["prompt"])
    assert answered(board, content)
    see(lambda: tokens(board) != [shown])
    # A page that is a moment behind, and the same click once more.
    assert not answered(board, content)
    assert not click(board, spec["command"], shown)["ok"]
    later = board.runs[0].conversation.current.state
    assert later.run.request.prompt == spec["prompt"]
    assert len(board.runs[0].conversation.states) == 2


# Cancelling


def test_cancel_is_for_its_row_alone_and_once(show, click):
    # Its cells fill for some seconds more, also where each line is measured.
    client = ow.Sandbox(speed=20, plan="ultra").client()  # noqa: F811
    filling = ow.start("Find bakeries. scenario:filling", client=client, show=False).wait(timeout=60)
    made = [filling, *(ow.start(f"{BRIEF}. scenario:slow", client=client, show=False) for _ in range(2))]
    board = show(made)
    token = tokens(board)[1]
    assert click(board, "cancel", token, "one")["ok"]
    assert not answered(board, message("cancel", token, id="one"))
    made[1].wait(timeout=20)
    assert [run.status for run in made] == ["completed", "cancelled", "running"]
    assert filling.state.stopped is None
    assert board.rows["items"][1]["button"] == ""
    assert click(board, "cancel_all")["ok"]
    assert [run.wait(timeout=20).status for run in made] == ["completed", "cancelled", "cancelled"]
    see(lambda: board.head["settled"])
    assert filling.state.stopped.cells > 0
    assert board.head["buttons"] == []


@pytest.mark.parametrize(
    "token", ["", "x", "a/b", "../..", "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90", "\u202e", "a" * 9_000]
)
def test_a_button_of_no_row_does_nothing(three, click, token):
    board, _ = three
    for name in ("open", "cancel"):
        reported = click(board, name, token)
        assert not reported["ok"]
        assert reported["remedy"]
    assert board.card == ""
    assert "requested" not in {run.state.cancel for run in board.runs}


@pytest.mark.parametrize("name", ["answer", "check_now", "stop_waiting", "resume"])
def test_buttons_of_cards_and_of_batches_are_none_of_a_board_of_runs(three, click, name):
    board, _ = three
    reported = click(board, name, tokens(board)[0])
    assert not reported["ok"]


@pytest.mark.parametrize(
    "content",
    [
        "cancel_all",
        message("delete_all"),
        message("cancel", None),
        {**message("cancel_all"), "kind": "Command"},
    ],
)
def test_forged_messages_do_nothing(three, listen, content):
    board, _ = three
    messages = listen(board)
    receive(board, content)
    settle()
    assert messages == []
    assert (board.card, board.frozen) == ("", False)


def test_all_are_asked_to_end_although_one_refuses(front, client, show, click):  # noqa: F811
    made = [ow.start(BRIEF, client=client, show=False) for _ in range(3)]
    board = show(made)
    front.cancels = [answer({"error": "no", "code": "FORBIDDEN"}, 403)]
    reported = click(board, "cancel_all")
    assert not reported["ok"]
    assert reported["title"]
    assert reported["remedy"]
    assert front.asked_to_cancel == 2
    see(lambda: [run.refresh().done for run in made].count(True) == 2)
    assert click(board, "cancel_all")["ok"]
    assert front.asked_to_cancel == 3


# Batches


def test_a_batch_is_stopped_and_resumed_from_its_board(many, show, click):  # noqa: F811
    batch = many([f"{BRIEF} {number}" for number in range(4)], at_once=2)
    board = show(batch)
    see(
        lambda: (
            board.head["buttons"]
            and board.head["buttons"][-1]["confirm"].startswith("Cancel 2 runs and start no more?")
        )
    )
    assert [each["command"] for each in board.head["buttons"]] == ["cancel_all"]
    batch.stop()
    settle()
    assert states(batch) == ["started", "started", "stopped", "stopped"]
    assert [row["status_label"] for row in board.view["rows"]][2:] == ["Not started", "Not started"]
    assert [each["command"] for each in board.head["buttons"]] == ["resume", "cancel_all"]
    assert click(board, "resume")["ok"]
    see(lambda: states(batch) == ["started", "started", "waiting", "waiting"])
    assert click(board, "cancel_all")["ok"]
    see(lambda: {run.status for run in batch.runs} == {"cancelled"} or all(run.refresh().done for run in batch.runs))
    see(lambda: states(batch)[2:] == ["stopped", "stopped"])
    see(lambda: board.done)
