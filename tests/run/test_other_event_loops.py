"""Awaiting under trio or curio: a clear error before anything is sent. They drive a coroutine as these tests do."""

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import NoEventLoop

BRIEF = "Find 5 bakeries in Porto"


@pytest.fixture(scope="module")
def sandbox():
    return ow.Sandbox(speed=600)


@pytest.fixture(scope="module")
def run(sandbox):
    return ow.start(BRIEF, client=sandbox.client(), show=False)


@pytest.fixture(scope="module")
def batch(sandbox):
    return ow.start_many([BRIEF], client=sandbox.client(), show=False)


AWAITED = {
    "run": lambda run, batch, client: run,
    "settle": lambda run, batch, client: run.settle(),
    "refresh": lambda run, batch, client: run.refresh_async(),
    "cancel": lambda run, batch, client: run.cancel_async(),
    "batch": lambda run, batch, client: batch,
    "start": lambda run, batch, client: ow.aio.start(BRIEF, client=client, show=False),
    "follow_up": lambda run, batch, client: run.follow_up_async("And their mail?"),
    "attach": lambda run, batch, client: ow.aio.attach(run.token, client=client, show=False),
    "frame": lambda run, batch, client: ow.aio.leads_frame("0" * 32, client=client),
    "account": lambda run, batch, client: ow.aio.account(client=client),
    "client": lambda run, batch, client: client.get_account(),
    "rows": lambda run, batch, client: client.iter_rows("0" * 32).__anext__(),
}


@pytest.mark.parametrize("make", AWAITED.values(), ids=AWAITED.keys())
def test_only_asyncio_can_await(make, run, batch, sandbox):
    awaitable = make(run, batch, sandbox.async_client())
    with pytest.raises(NoEventLoop, match="trio") as caught:
        awaitable.__await__().send(None)
    assert "to_thread" in caught.value.remedy


def test_nothing_was_started(run, batch, sandbox):
    names = {each.id for each in sandbox.client().list_agents().items}
    assert names == {run.agent_id, batch.runs[0].agent_id}
