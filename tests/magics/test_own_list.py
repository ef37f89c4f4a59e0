"""`%%origami --data`: the agent adds columns to the user's own list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.execute import run_cell
from origami_widgets.magics.variables import Variables
from tests.support.own_list_server import OwnListServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(clock) -> Iterator[OwnListServer]:
    with OwnListServer(clock=clock.time, cells=2, agent_seconds=30.0) as running:
        ow.configure(client=ow.Client(running.key, base_url=running.base_url))
        yield running
        ow.configure()


@pytest.fixture
def variables() -> Variables:
    companies = pd.DataFrame({"website": ["a", "b"], "zip": ["01", "02"], "owner": ["Ana", "Rui"]})
    return Variables({"companies": companies, "what": "phones", "n": 7})


def test_the_value_of_the_cell_is_the_list_with_new_columns(server, variables):
    found = run_cell("--data companies --key website --columns zip --into found", "Find {what}", variables)
    assert list(found) == ["website", "zip", "owner", "phone"]
    assert variables.notebook["found"] is found
    assert server.runs[0].prompt == "Find phones"
    assert server.texts(server.tables[0], "zip") == ["01", "02"]
    assert "Ana" not in server.sent
    assert run_cell("--data companies --key website,zip --quiet --into again", "Find phones", variables) is None


@pytest.mark.parametrize(
    "line",
    [
        "--data companies",
        "--key website",
        "--columns zip",
        "--data nothing --key website",
        "--data n --key website",
        "--data companies --key nope",
        "--data companies --key website --focus t1",
        "--data companies --key website --wait",
        "--data companies --key website --quiet",
    ],
)
def test_a_wrong_line_sends_nothing(server, variables, line):
    with pytest.raises(InvalidInput):
        run_cell(line, "Find phones", variables)
    assert server.requests == []
