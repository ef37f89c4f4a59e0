"""A follow-up from the card when all run slots are in use: it waits where everybody sees it, and can be taken back."""

import threading

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.card.view import view_now
from origami_widgets.card.widgets.click_commands import CardCommandHandler, ClickCommand
from origami_widgets.card.widgets.snapshot import freeze_after

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
