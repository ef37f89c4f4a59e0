"""A program that executes a notebook, with nobody looking, saves what a person should see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernels.front_end import WIDGET

if TYPE_CHECKING:
    from nbformat import NotebookNode

PREPARE = "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed=60).client())"
WATCHED = """
import time
from origami_widgets.api.background.loop import background
card, ends = run.conversation.presentation, time.time() + 30
before = card.seq
while card.seq == before and time.time() < ends:
    time.sleep(0.05)
async def sent(): return card.seq
print(before, background().run(sent()))
"""
CELLS = {
    "prepare": PREPARE,
    "start html": "ow.configure(render='html'); run = ow.start('Find bakeries in Faro')",
    "wait html": "run.wait('cells')",
    "after html": "ow.configure(render='auto')",
    "start": "run = ow.start('Find bakeries in Porto')",
    "wait": "run.wait('cells')",
    "later": "print('later')",
    "start slow": "run = ow.start('Find bakeries in Porto. scenario:slow')",
    "other": "2 + 2",
    "watch": WATCHED,
}


class Program:
    """A program that has executed all these cells, in one kernel: to start one takes longer than what is done in it.

    Attributes:
        cells: each as it is saved, by its name.
        widgets: the state of each widget that would be saved.
        widgets_after: the state of each widget when a cell had ended, by the name of the cell.
    """

    def __init__(self, environment: str, folder: str) -> None:
        self.widgets_after: dict[str, dict[str, Any]] = {}
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.values()])
        resources: dict[str, Any] = {"metadata": {"path": folder}}
        self._client = NotebookClient(
            notebook, timeout=60, kernel_name=environment, resources=resources, on_cell_executed=self._note
        )
        self._client.execute()
        self.cells: dict[str, NotebookNode] = dict(zip(CELLS, self._client.nb.cells, strict=True))

    @property
    def widgets(self) -> dict[str, dict[str, Any]]:
        return self._client.widget_state

    def _note(self, *, cell_index: int, **_more: object) -> None:
        self.widgets_after[list(CELLS)[cell_index]] = dict(self.widgets)


@pytest.fixture(scope="module")
def program(environment: str, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(environment, str(tmp_path_factory.mktemp("program")))


def test_the_saved_output_is_the_static_twin(program: Program) -> None:
    outputs = program.cells["start"].outputs
    cards = [output.data for output in outputs if "Find bakeries in Porto" in output.data["text/plain"]]
    assert len(cards) == 1
    assert WIDGET not in cards[0]
    assert all("Completed" in cards[0][form] for form in ("text/html", "text/plain"))
    names = ("start", "wait", "later")
    shown = [output for name in names for output in program.cells[name].outputs if WIDGET in output.get("data", {})]
    assert shown == []


def test_a_card_without_a_widget_is_saved_as_it_ended(program: Program) -> None:
    (card,) = program.cells["start html"].outputs
    assert all("Completed" in card.data[form] for form in ("text/html", "text/plain"))
    assert program.widgets_after["after html"] == {}
    assert program.widgets_after["start"] != {}


def test_updates_during_a_later_cell_are_kept(program: Program) -> None:
    (card,) = (
        state for state in program.widgets.values() if "scenario:slow" in state.get("head", {}).get("prompt", "")
    )
    before, after = map(int, program.cells["watch"].outputs[0].text.split())
    assert before < after <= int(card["seq"])
