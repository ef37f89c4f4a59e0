"""A card of a run that is under way, and what it sends."""

import pytest

from origami_widgets.card.card import RunCard
from origami_widgets.run.handle import Run
from origami_widgets.run.state import Planned, RunState
from origami_widgets.run.watch import Watch
from tests.card.live import on_loop, read, settle
from tests.fixtures.states import payload


@pytest.fixture
def watch():
    run = payload("running_partial")
    made = Watch(None, RunState(agent_id=run["agentId"], run_id=run["id"]), None)
    on_loop(made.update, read(run), Planned(115.0, 15.0))
    return made


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
