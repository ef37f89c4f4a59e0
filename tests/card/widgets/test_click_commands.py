"""Clicks: checked, done once, on the run they belong to."""

import threading
from functools import partial

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import PermissionDenied
from origami_widgets.card.view.messages import read_message
from origami_widgets.card.widgets.click_commands import UNEXPECTED, CardCommandHandler, ClickCommand
from tests.card.live import acks, click_on, sent_by
from tests.support.front import Front, held, kept_off, passes
from tests.support.quick import see
from tests.support.server import RawServer, answer

GOOD = {"kind": "command", "id": "c1", "name": "cancel", "run_id": "v2_run-1", "prompt": "", "answers": []}


def test_a_click_is_read():
    assert read_message(GOOD, ClickCommand) == ClickCommand("c1", "cancel", "v2_run-1", "", ())


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "hello"},
        {"id": ""},
        {"id": "x" * 65},
        {"id": None},
        {"name": "launch"},
        {"name": ["cancel"]},
        {"name": "\ud83d"},
        {"run_id": 7},
        {"prompt": None},
        {"answers": "Iberia"},
        {"answers": [1]},
    ],
)
def test_anything_else_is_not(change):
    assert read_message({**GOOD, **change}, ClickCommand) is None


@pytest.fixture
def sandbox():
    return ow.Sandbox(speed=120)


@pytest.fixture
def in_front():
    """A front on which requests go wrong, and a client of it."""
    front = Front(speed=120)
    with RawServer(front) as server:
        yield front, ow.Client(front.sandbox.api_key, base_url=server.base_url)


def do(handler, name, run, command_id="c1", prompt="", answers=(), run_id=None):
    command = ClickCommand(command_id, name, run_id or run.id, prompt, tuple(answers))
    return background().run(handler.carry_out(command))


def agents_runs(client, run):
    return len(client.list_runs(run.agent_id).items)


def test_the_same_click_is_done_once(sandbox):
    client = sandbox.client()
    run = ow.start("Find partners. scenario:needs_input", client=client, show=False).wait()
    handler = CardCommandHandler(run.conversation)
    answers = ["Iberia", "Confirm"]
    assert do(handler, "answer", run, answers=answers)["ok"]
    assert do(handler, "answer", run, answers=answers) is None
    assert agents_runs(client, run) == 2
    assert run.status == "running"
    assert [turn.is_ours for turn in run.turns] == [True, True]


def test_a_second_view_cannot_answer_again(sandbox):
    client = sandbox.client()
    run = ow.start("Find partners. scenario:needs_input", client=client, show=False).wait()
    handler, shown = CardCommandHandler(run.conversation), run.id
    assert do(handler, "answer", run, "c1", answers=["Iberia", "Confirm"])["ok"]
    again = do(handler, "answer", run, "c2", answers=["France", "Confirm"], run_id=shown)
    assert not again["ok"]
    assert "continued already" in again["title"]
    assert agents_runs(client, run) == 2


def test_a_failure_comes_with_its_remedy(sandbox):
    run = ow.start("Find partners. scenario:needs_input", client=sandbox.client(), show=False).wait()
    refused = do(CardCommandHandler(run.conversation), "follow_up", run, prompt="Go on. scenario:no_credits")
    assert (refused["ok"], refused["title"]) == (False, "Not enough credits")
    assert refused["remedy"]
    assert run.state.command_error.code == "INSUFFICIENT_CREDITS"


def test_a_run_that_is_no_longer_checked_is_checked_again_at_a_click(in_front):
    front, client = in_front
    front.polls = [answer({"error": "no", "code": "FORBIDDEN"}, 403)]
    run = ow.start("Find dentists", client=client, show=False)
    see(lambda: run.connection.state == "stopped")
    assert do(CardCommandHandler(run.conversation), "check_now", run)["ok"]
    assert run.wait(timeout=20).status == "completed"


def test_a_button_of_a_run_that_is_not_shown_does_nothing(sandbox):
    run = ow.start("Find dentists", client=sandbox.client(), show=False)
    stray = background().run(
        CardCommandHandler(run.conversation).carry_out(ClickCommand("c1", "cancel", "v2_run-other", "", ()))
    )
    assert not stray["ok"]
    assert run.wait().status == "completed"


def test_even_a_mistake_of_ours_is_answered(sandbox, monkeypatch):
    run = ow.start("Find dentists. scenario:slow", client=sandbox.client(), show=False)

    # What a transport raises becomes an error of ours, so only the call itself can be broken.
    async def broken(*_arguments, **_options):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("origami_widgets.api.operations.Operations.cancel", broken)
        reported = do(CardCommandHandler(run.conversation), "cancel", run)
    assert (reported["ok"], reported["title"]) == (False, UNEXPECTED)
    assert reported["remedy"]
    run.cancel()


@pytest.mark.parametrize("fails", [False, True])
def test_a_slow_click_is_acknowledged_and_its_late_error_shown(in_front, fails):
    front, client = in_front
    run = ow.start("Find dentists. scenario:slow", client=client, show=False)
    card = ow.RunCard(run)
    reached, go_on = threading.Event(), threading.Event()
    end = kept_off(answer({"error": "no", "code": "FORBIDDEN"}, 403)) if fails else passes
    front.cancels = [partial(held(go_on, end, reached=reached), front)]
    messages = sent_by(card)
    ack = click_on(card, "cancel", run.id)
    assert ack["ok"]
    assert reached.wait(timeout=20)
    assert run.state.command_error is None
    go_on.set()
    if fails:
        see(lambda: [notice["tone"] for notice in card.notices if notice["tone"] == "bad"] == ["bad"])
        assert isinstance(run.state.command_error, PermissionDenied)
    else:
        assert run.wait(timeout=20).status == "cancelled"
        assert run.state.command_error is None
    assert acks(messages) == [ack]
    run.cancel()
    card.close()
