"""The `Sandbox` object: its options, its clients in process, and `use_sandbox`."""

from __future__ import annotations

import sys

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.sandbox import Sandbox

from .conftest import FakeClock


def test_a_client_in_process():
    clock = FakeClock()
    client = Sandbox(clock=clock).client()
    created = client.create_agent("Find 12 cheese makers in Leeds")
    clock.advance(200)
    run = client.get_run(created.agent.id, created.run.id, include=("stats",))
    assert run.status == "completed"
    assert [table.lead_count for table in run.response.tables] == [12, 8]


@pytest.fixture
def reset_default_client():
    yield
    ow.configure()


def test_use_sandbox_answers_calls_without_a_client(reset_default_client):
    clock = FakeClock()
    sandbox = ow.use_sandbox(speed=2, plan="starter", clock=clock)
    assert isinstance(sandbox, ow.Sandbox)
    assert ow.account().plan == "Starter"
    run = ow.start("Find 12 cheese makers in Leeds", show=False)
    assert [agent.id for agent in sandbox.client().list_agents().items] == [run.agent_id]
    clock.advance(48)
    assert run.refresh().status == "completed"


def test_a_sandbox_that_cannot_be_made_changes_nothing(reset_default_client):
    ow.use_sandbox(plan="starter")
    with pytest.raises(InvalidInput):
        ow.use_sandbox(speed="fast")
    with pytest.raises(TypeError):
        ow.use_sandbox(pace=3)
    assert ow.account().plan == "Starter"


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        *(
            ("speed", value, "a number from 0.001 to 1,000,000")
            for value in (0, -1, float("nan"), float("inf"), 10**400)
        ),
        *(("speed", value, "a number from 0.001 to 1,000,000") for value in ("fast", "20", None, True, 1j, [20])),
        *(("seed", value, "a whole number") for value in ("x", "7", 1.5, float("nan"), None, True)),
        *(("credits", value, "0 or more") for value in (-1, "many", 0.5, float("inf"), None, False)),
        *(("plan", value, "starter, pro") for value in ("gold", "", None, 3, ["pro"])),
        ("clock", 1_784_625_242.0, "a function"),
    ],
)
def test_impossible_options_are_refused(option, value, expected):
    with pytest.raises(InvalidInput) as refused:
        Sandbox(**{option: value})
    assert f"{option}=" in refused.value.title
    assert expected in refused.value.cause
    assert f"{option}=" in refused.value.remedy


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "origami_widgets.sandbox.app", None)
    with pytest.raises(ImportError, match=r'pip install "origami-widgets\[sandbox\]"'):
        Sandbox()
