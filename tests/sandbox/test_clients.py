"""The package's own clients against the sandbox, without a socket."""

from __future__ import annotations

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
