"""The widget: read-only traits that follow the run, and no byte without news."""

import gc
import threading

import comm
import pytest
import traitlets

from origami_widgets.api.errors import InvalidInput
from origami_widgets.card.view.contract import View
from origami_widgets.card.widgets.run_card import RunCard, card_of
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import Heard, Planned
from tests.card.live import on_loop, read, settle
from tests.fixtures.states import payload, settled_payload, state_of


def test_the_traits_follow_the_run(card, watch):
    assert (card.status, card.done, card.steps_completed, card.steps_max) == ("running", False, 9, 50)
    assert (card.lead_count, card.credits_used) == (None, None)
    seen = []
    card.observe(lambda change: seen.append(change["new"]), "status")
    on_loop(watch.update, read(payload("completed_stats")))
    settle()
    assert (card.status, card.done, card.settled, card.lead_count, card.credits_used) == (
        "completed",
        True,
        False,
        15,
        57,
    )
    assert seen == ["completed"]


def test_the_traits_are_read_only(card):
    for name in ("status", "done", "settled", "lead_count", *tuple(View.__annotations__)):
        with pytest.raises(traitlets.TraitError):
            setattr(card, name, None)


def test_an_unchanged_poll_sends_nothing(sent, watch):
    run = payload("running_partial")
    on_loop(watch.update, read(run, at=115.0), Planned(130.0, 15.0))
    on_loop(watch.update, Heard(130.0), Planned(145.0, 15.0))
    settle()
    assert sent == []


def test_new_leads_send_only_what_they_change(sent, watch):
    run = payload("running_partial")
    run["response"]["actions"][-1]["leadCount"] = 10
    on_loop(watch.update, read(run, at=115.0), Planned(130.0, 15.0))
    settle()
    (message,) = sent
    assert set(message["state"]) == {"seq", "result", "clock"}


def test_a_card_shows_a_run_and_nothing_else():
    with pytest.raises(InvalidInput, match=r"ow\.start"):
        RunCard("6b1f/v2_run-1")


def test_closing_lets_go_of_everything(card, watch):
    card.close()
    assert card.comm is None
    on_loop(watch.update, read(payload("completed_stats")))
    settle()
    assert card.status == "running"


def test_an_observer_that_raises_keeps_nothing_from_happening(card, watch):
    card.outputs.add({"text/plain": "the card"}, {})
    card.observe(lambda change: 1 / 0, "status")
    on_loop(watch.update, read(settled_payload()))
    settle()
    assert (card.status, card.done, card.settled) == ("completed", True, True)
    assert card.freezes_in is not None


def test_a_closed_card_is_not_frozen_later():
    card = RunCard(Run(RunWatch(None, state_of(settled_payload()))))
    card.outputs.add({"text/plain": "the card"}, {})
    card.shown()
    settle()
    assert card.freezes_in is not None
    card.close()
    settle()
    assert card.freezes_in is None


def test_three_hundred_cards_leave_nothing():
    run = Run(RunWatch(None, state_of(settled_payload())))

    def left():
        settle()
        gc.collect()
        cards = sum(isinstance(thing, RunCard) for thing in gc.get_objects())
        return cards, len(comm.get_comm_manager().comms), len(run.conversation.subscribers)

    before, threads = left(), threading.active_count()
    for _ in range(300):
        RunCard(run).close()
    assert left() == before
    # Fewer, when those of an earlier test have ended meanwhile.
    assert threading.active_count() <= max(threads, 2)


def test_a_card_that_its_host_closed_gives_way_and_costs_nothing(watch, card, sent):
    """As marimo does when the cell that made it runs again: nobody asks the widget."""
    run = card.run
    run.conversation.presentation = card
    assert card_of(run) is card
    card.comm.close()
    assert card.comm is not None
    following = card_of(run)
    assert following is not card
    on_loop(watch.update, read(payload("completed_stats")))
    settle()
    assert following.status == "completed"
    assert (card.status, sent) == ("running", [])
    assert len(run.conversation.subscribers) == 1, "that of the card that follows"
    following.close()
