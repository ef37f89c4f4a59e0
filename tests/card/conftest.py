"""A card of a run that is under way, and what it sends."""

import pytest

from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.host.application import pages
from origami_widgets.run.handle import Run
from tests.card.live import settle, watch_of
from tests.fixtures.states import payload


@pytest.fixture(autouse=True)
def no_page_has_told():
    """A page of one test is none of another's."""
    pages.keep_snapshots = None
    yield
    pages.keep_snapshots = None


@pytest.fixture
def watch():
    return watch_of(payload("running_partial"))


@pytest.fixture
def card(watch):
    made = RunCard(Run(watch))
    settle()
    yield made
    made.close()


@pytest.fixture
def sent(card, monkeypatch):
    """What goes over the comm from now on."""
    messages = []
    monkeypatch.setattr(card, "_send", lambda message, buffers=None: messages.append(message))
    return messages
