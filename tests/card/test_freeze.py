"""When a card gives way to its static twin."""

from dataclasses import replace

import pytest

from origami_widgets.card.view import make_view
from origami_widgets.card.widgets.freeze import READ_AND_CLICK, SECOND_THOUGHTS, freeze_after
from tests.fixtures.states import NOW, STATES, settled_payload, state_of


def delay(state):
    return freeze_after(make_view(state, now=NOW))


@pytest.mark.parametrize("name", ["running", "running_many", "filling", "needs_input", "reconnecting", "starting"])
def test_a_card_with_something_to_come_or_to_answer_stays_alive(name):
    assert delay(STATES[name]()) is None


@pytest.mark.parametrize("name", ["errored", "timed_out", "incomplete", "step_cap_hit"])
def test_the_remedy_of_a_bad_end_stays_for_a_while(name):
    assert delay(STATES[name]()) == SECOND_THOUGHTS


def test_the_suggestions_of_a_good_end_stay_for_a_moment():
    assert delay(state_of(settled_payload())) == READ_AND_CLICK


def test_a_card_with_nothing_to_offer_is_frozen_at_once():
    run = settled_payload()
    run["todo"]["nextActions"] = []
    assert delay(state_of(run)) == 0


@pytest.mark.parametrize("sending", ["answer", "follow_up"])
def test_a_card_stays_while_what_goes_on_in_it_is_being_started(sending):
    assert delay(replace(state_of(settled_payload()), sending=sending)) is None
