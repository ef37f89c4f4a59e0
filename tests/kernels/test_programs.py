"""A program that executes a notebook, with nobody looking, saves what a person should see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient

from tests.kernels.front_end import WIDGET

if TYPE_CHECKING:
    from pathlib import Path

PREPARE = "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed=60).client())"
WATCHED = """
import time
from origami_widgets.api.loop import background
card, ends = run.conversation.presentation, time.time() + 30
before = card.steps_completed
while card.steps_completed == before and time.time() < ends:
    time.sleep(0.05)
async def sent(): return card.steps_completed
print(before, background().run(sent()))
"""


def executed(environment: str, folder: Path, *cells: str) -> NotebookClient:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources: dict[str, Any] = {"metadata": {"path": str(folder)}}
    program = NotebookClient(notebook, timeout=60, kernel_name=environment, resources=resources)
    program.execute()
    return program


def test_the_saved_output_is_the_static_twin(environment: str, tmp_path: Path) -> None:
    program = executed(
        environment,
        tmp_path,
        PREPARE,
        "run = ow.start('Find bakeries in Porto')",
        "run.wait('cells')",
        "print('later')",
    )
    _, start, *_ = program.nb.cells
    cards = [output.data for output in start.outputs if "Find bakeries in Porto" in output.data["text/plain"]]
    assert len(cards) == 1
    assert WIDGET not in cards[0]
    assert all("Completed" in cards[0][form] for form in ("text/html", "text/plain"))
    shown = [output for cell in program.nb.cells for output in cell.outputs if WIDGET in output.get("data", {})]
    assert shown == []


def test_a_card_without_a_widget_is_saved_as_it_ended(environment: str, tmp_path: Path) -> None:
    html = "ow.configure(render='html'); run = ow.start('Find bakeries in Porto')"
    program = executed(environment, tmp_path, PREPARE, html, "run.wait('cells')")
    (card,) = program.nb.cells[1].outputs
    assert all("Completed" in card.data[form] for form in ("text/html", "text/plain"))
    assert program.widget_state == {}


def test_updates_during_a_later_cell_are_kept(environment: str, tmp_path: Path) -> None:
    start = "run = ow.start('Find bakeries in Porto. scenario:slow')"
    program = executed(environment, tmp_path, PREPARE, start, "2 + 2", WATCHED)
    (card,) = (state for state in program.widget_state.values() if "head" in state)
    before, after = map(int, program.nb.cells[-1].outputs[0].text.split())
    assert before < after <= int(card["result"]["steps"].split()[-1])
