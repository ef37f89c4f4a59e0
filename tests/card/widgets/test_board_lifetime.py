"""What boards leave behind: no instance, no comm, no task and no subscription, and no run that nobody wants any more."""

import asyncio
import gc
import threading
import weakref

import comm
import ipywidgets
import pytest

import origami_widgets as ow
from origami_widgets.card.widgets.run_board import RunBoard
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from tests.card.boards import running, runs, watches
from tests.card.live import card_in, click_on, on_loop, read, receive, settle
from tests.support.quick import see

BOARDS = 200
KINDS = (ipywidgets.Layout, asyncio.Task)


def left(made):
    settle()
    gc.collect()
    things = gc.get_objects()
    return {
        **{kind.__name__: sum(isinstance(thing, kind) for thing in things) for kind in KINDS},
        "comms": len(comm.get_comm_manager().comms),
        "subscriptions": sum(len(watch.subscribers) for watch in made),
        "of conversations": sum(len(Run(watch).conversation.subscribers) for watch in made),
        "threads": threading.active_count(),
    }


@pytest.mark.slow
def test_two_hundred_boards_that_were_made_used_and_closed_leave_nothing():
    made = watches(3)
    kept = runs(made)
    boards, cards = weakref.WeakSet(), weakref.WeakSet()

    def cycle(number):
        board = RunBoard(kept)
        boards.add(board)
        if number % 2:
            click_on(board, "open", kept[number % 3].token)
            cards.add(card_in(board))
        if number % 5 == 0:
            on_loop(made[0].update, read(running(0, prompt=f"Find {number}"), at=115.0 + number))
        receive(board, {"kind": "hello", "seq": -1, "keeps": True})
        board.close()

    for number in range(6):
        cycle(number)
    before = left(made)
    for number in range(BOARDS):
        cycle(number)
    after = left(made)
    assert (len(boards), len(cards)) == (0, 0)
    # What other tests have left may have gone meanwhile.
    assert {name: after[name] for name in after if after[name] > before[name]} == {}


def test_a_board_that_is_closed_and_forgotten_lets_its_runs_go():
    client = ow.Sandbox(speed=60, plan="ultra").client()
    run = ow.start("Bakeries. scenario:slow", client=client, show=False)
    token, gone = run.token, weakref.ref(run.conversation.current)
    board = ow.RunBoard([token], client=client)
    del run
    gc.collect()
    assert gone() is not None
    assert any(watch is gone() for watch in poller().watched())
    click_on(board, "open", token)
    board.close()
    del board

    def is_gone():
        gc.collect()
        return gone() is None

    see(is_gone, every=0.05)
