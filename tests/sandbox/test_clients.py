"""The package's own clients against the sandbox, without a socket."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.sandbox import PROJECT_ID, Sandbox

from .conftest import FakeClock


def test_a_client_in_process():
    clock = FakeClock()
    client = Sandbox(clock=clock).client()
    created = client.create_agent("Find 12 cheese makers in Leeds")
    clock.advance(200)
    run = client.get_run(created.agent.id, created.run.id, include=("stats",))
    assert run.status == "completed"
    assert [table.lead_count for table in run.response.tables] == [12, 8]


def test_options_are_handed_on():
    client = Sandbox(clock=FakeClock()).client(project=PROJECT_ID)
    assert [agent.name for agent in client.list_agents().items] == ["Untitled agent"]


async def test_an_async_client_in_process():
    client = Sandbox(clock=FakeClock(), plan="scale").async_client()
    assert (await client.get_account()).plan.id == "scale"


@pytest.fixture
def default_again():
    yield
    ow.configure()


def test_one_call_makes_a_sandbox_answer_what_is_asked_without_a_client(default_again):
    clock = FakeClock()
    sandbox = ow.use_sandbox(speed=2, plan="starter", clock=clock)
    assert isinstance(sandbox, ow.Sandbox)
    assert ow.account().plan == "Starter"
    run = ow.start("Find 12 cheese makers in Leeds", show=False)
    assert [agent.id for agent in sandbox.client().list_agents().items] == [run.agent_id]
    clock.advance(48)
    assert run.refresh().status == "completed"


def test_the_newest_sandbox_is_the_one_that_answers(default_again):
    ow.use_sandbox(plan="starter")
    ow.use_sandbox(plan="scale")
    assert ow.account().plan == "Scale"


def test_a_sandbox_that_cannot_be_made_changes_nothing(default_again):
    ow.use_sandbox(plan="starter")
    with pytest.raises(InvalidInput):
        ow.use_sandbox(speed="fast")
    with pytest.raises(TypeError):
        ow.use_sandbox(pace=3)
    assert ow.account().plan == "Starter"


def test_a_sandbox_says_how_it_was_made():
    assert repr(Sandbox(seed=3, speed=20)) == "Sandbox(seed=3, speed=20, plan='pro')"
