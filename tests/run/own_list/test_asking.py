"""What `enrich` asks in a real kernel, in which it is the first call: who runs the cell decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyter_client.manager import start_new_kernel

from tests.kernels.front_end import FrontEnd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_client.manager import KernelManager

PREPARE = """
import pandas as pd
import origami_widgets as ow
class Sandbox(ow.Sandbox):
    asked = []
    async def __call__(self, scope, receive, send):
        Sandbox.asked.append(scope["method"] + " " + scope["path"].rpartition("/")[2])
        await super().__call__(scope, receive, send)
ow.configure(client=Sandbox(speed=600).client())
companies = pd.DataFrame({"website": ["pao.example", "broa.example"], "name": ["Pão", "Broa"]})
%load_ext origami_widgets
"""
ENRICH = "found = ow.enrich(companies, 'Find the owner', key='website', columns=['name'], show=False)"
MAGIC = "%%origami --data companies --key website --columns name --quiet --into found\nFind the owner"
AWAITED = ENRICH.replace("ow.enrich", "await ow.aio.enrich")
STARTS = "Sandbox.asked.count('POST agents')"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[KernelManager]:
    monkeypatch.delenv("ORIGAMI_API_KEY", raising=False)
    manager, client = start_new_kernel()
    client.stop_channels()
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(kernel: KernelManager) -> Iterator[FrontEnd]:
    client = kernel.blocking_client()
    client.start_channels()
    client.wait_for_ready()
    front_end = FrontEnd(client)
    front_end.run(PREPARE)
    yield front_end
    client.stop_channels()


def outcome(notebook: FrontEnd, cell: str) -> str:
    """How a cell ended: the name of its error, or `ok`."""
    reply = notebook.see_out(cell)
    return str(reply.get("ename") or reply["status"])


@pytest.mark.parametrize("code", [ENRICH, pytest.param(MAGIC, marks=pytest.mark.slow)], ids=["enrich", "magic"])
def test_the_first_call_asks_and_only_a_yes_spends(kernel, notebook, code):
    cell = notebook.execute(code, cell="a")
    question = notebook.question()
    assert question["password"] is False
    for part in ("2 rows", "website, name", "your organization", "no credit limit"):
        assert part in question["prompt"]
    notebook.answer("n")
    assert outcome(notebook, cell) == "StartDeclined"
    assert notebook.value("Sandbox.asked") == []

    cell = notebook.execute(code, cell="a")
    notebook.question()
    kernel.interrupt_kernel()
    assert outcome(notebook, cell) == "KeyboardInterrupt"
    assert notebook.value("Sandbox.asked") == []

    cell = notebook.execute(code, cell="a")
    notebook.question()
    notebook.answer("y")
    assert outcome(notebook, cell) == "ok"
    assert notebook.value(f"[{STARTS}, len(found), 'contact' in found]") == [1, 2, True]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "person"),
    [(ENRICH, False), pytest.param(AWAITED, True, marks=pytest.mark.slow)],
    ids=["no input", "awaited"],
)
def test_programs_without_input_and_awaited_calls_are_not_asked(notebook, code, person):
    assert outcome(notebook, notebook.execute(code, person=person)) == "ok"
    assert notebook.value(STARTS) == 1
