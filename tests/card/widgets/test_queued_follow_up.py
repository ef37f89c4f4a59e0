"""A follow-up from the card when all run slots are in use: it waits where everybody sees it, and can be taken back."""

import threading

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import RunPoolFull
from origami_widgets.card.view import view_now
from origami_widgets.card.widgets.click_commands import CardCommandHandler, ClickCommand
from origami_widgets.card.widgets.snapshot import freeze_after
from origami_widgets.run import settings

FULL = "Find more dentists. scenario:pool_full"


@pytest.fixture
def run():
    return ow.start("What can you do? scenario:answer", client=ow.Sandbox(speed=240).client(), show=False).wait()


def click(run, name, number, prompt=""):
    command = ClickCommand(f"c{number}", name, run.id, prompt, ())
    handler = CardCommandHandler(run.conversation)
    return background().submit(handler.carry_out(command))


def until(run, condition):
    """Return once the newest run of the conversation fulfils it."""
    there = threading.Event()

    def look():
        if condition(run.conversation.current.state):
            there.set()

    forget = run.conversation.subscribers.add(look)
    look()
    assert there.wait(30)
    forget()


def notices(run):
    return {notice["key"]: notice for notice in view_now(run.conversation)["notices"]}


def test_it_waits_for_a_free_slot_and_then_starts_one_run(run):
    sent = click(run, "follow_up", 1, FULL)
    until(run, lambda state: state.queue is not None)
    notice = notices(run)["queued"]
    assert notice["button"]["command"] == "stop_waiting"
    assert "1 s" in notice["text"]
    assert "Waiting costs nothing" in notice["text"]
    assert freeze_after(view_now(run.conversation)) is None
    assert not click(run, "follow_up", 2, FULL).result(30)["ok"]
    assert sent.result(30)["ok"]
    assert len(run.conversation.watches) == 2
    assert run.conversation.watches[0].state.queue is None


def test_the_waiting_can_be_stopped(run):
    sent = click(run, "follow_up", 1, FULL)
    until(run, lambda state: state.queue is not None)
    assert click(run, "stop_waiting", 2).result(30)["ok"]
    ack = sent.result(30)
    assert not ack["ok"]
    assert len(run.turns) == 1
    assert "queued" not in notices(run)
    assert notices(run)["command_error"]["title"] == ack["title"]


def test_code_waits_too_and_says_so_in_one_line(run, capsys):
    assert run.follow_up(FULL) is run
    assert len(run.turns) == 2
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "in use" in printed
    assert "1 s" in printed


def test_code_that_does_not_want_to_wait_gets_an_answer_at_once(run, monkeypatch):
    monkeypatch.setattr(settings, "current", settings.current)
    ow.configure(queue=False)
    with pytest.raises(RunPoolFull):
        run.follow_up(FULL)
    assert len(run.turns) == 1
