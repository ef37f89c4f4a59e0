"""Reload, restart, reopen: whatever happens to page and kernel, a card is never an error and never claims what is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.window import BOARD, CARD, confirm

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import LabPage

WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE, ENDED, OTHER = 1, 2, 3
CELLS = [
    "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed={speed}, plan='scale').client())",
    "run = ow.start('Find dentists in Lyon. scenario:slow')",
    "ow.start('What can you do? scenario:answer', client=ow.Sandbox(speed=600).client()).wait();",
    "other = ow.start('Find bakeries in Lyon. scenario:slow')",
]


@pytest.fixture
def both(open_lab: Callable[..., LabPage]) -> Callable[..., LabPage]:
    """Return a function that opens a notebook with the card of a run that goes on and that of one that has ended."""

    def show(speed: float = 2) -> LabPage:
        lab = open_lab([cell.format(speed=speed) for cell in CELLS])
        lab.run_cell(0)
        lab.run_cell(LIVE)
        expect(live(lab)).to_contain_text("Running")
        lab.run_cell(ENDED)
        expect(lab.output(ENDED).locator(CARD)).to_contain_text("Completed", timeout=60_000)
        return lab

    return show


def says(lab: LabPage, cell: int, *words: str) -> None:
    """The file on disk says this of the card in a cell, in HTML and in text, and holds no widget of this kernel."""
    outputs = [output["data"] for output in lab.saved_outputs(cell)]
    assert all(WIDGET not in data for data in outputs)
    for media_type in ("text/html", "text/plain"):
        text = "".join(outputs[0][media_type])
        assert all(word in text for word in words), text


def live(lab: LabPage) -> Locator:
    return lab.output(LIVE).locator(CARD)


def nothing_is_broken(lab: LabPage) -> None:
    """No host's error stands in the page, and the run that has ended is said to have ended."""
    area = lab.page.locator(".jp-Notebook")
    expect(area).not_to_contain_text("model not found")
    expect(area).not_to_contain_text("Error displaying widget")
    expect(area).not_to_contain_text("Loading widget")
    expect(lab.output(ENDED).first).to_contain_text("Completed")


def is_a_copy_of_the_past(lab: LabPage) -> None:
    copy = lab.output(LIVE).first
    expect(copy).to_contain_text("Snapshot of")
    expect(copy).to_contain_text("ow.attach(")
    expect(copy).to_contain_text("Was running")
    expect(copy.get_by_role("button", name="Cancel")).to_have_count(0)


def test_cards_live_through_reloads_and_know_when_their_kernel_goes(both: Callable[..., LabPage]) -> None:
    lab = both()
    lab.run_cell(OTHER)
    other = lab.output(OTHER).locator(CARD)
    expect(other).to_contain_text("Running")
    lab.save()
    assert all(WIDGET not in output["data"] for output in lab.saved_outputs(LIVE)), "the file must not need this kernel"
    lab.reload()
    expect(live(lab)).to_contain_text("Running")
    nothing_is_broken(lab)
    expect(live(lab)).not_to_have_text(live(lab).text_content() or "")
    lab.reload()
    other.get_by_role("button", name="Cancel").click()
    confirm(other)
    expect(lab.output(OTHER).first).to_contain_text("Stopped", timeout=60_000)
    # The end reaches the file too, although nothing can replace the output of a page that was loaded again.
    lab.save()
    says(lab, OTHER, "Stopped")
    # Only a card that somebody sees asks whether its kernel is there.
    lab.show_cell(LIVE)
    lab.restart_kernel()
    card = live(lab)
    expect(card).to_contain_text("Kernel stopped")
    expect(card).to_contain_text("Was running")
    expect(card).to_contain_text("ow.attach(")
    expect(card).not_to_contain_text("next check in")
    expect(card.get_by_role("button", name="Cancel")).to_be_disabled()
    expect(other).to_contain_text("Stopped")
    nothing_is_broken(lab)
    lab.save()
    lab.reload()
    is_a_copy_of_the_past(lab)
    nothing_is_broken(lab)


def test_a_notebook_saved_in_mid_run_opens_without_kernel(
    both: Callable[..., LabPage],
) -> None:
    """With the state of its widgets and trusted; then without either, as on another machine."""
    lab = both()
    lab.page.evaluate("window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')")
    lab.save()
    lab.save()
    state = lab.saved_notebook()["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert not any("origami" in json.dumps(model) for model in state.values()), "that of cards is left out"
    lab.shutdown_kernel()
    lab.reopen()
    is_a_copy_of_the_past(lab)
    nothing_is_broken(lab)
    lab.shutdown_kernel()
    notebook = lab.saved_notebook()
    # What was not executed here has no signature here.
    notebook.cells[0].source += "\n# changed elsewhere"
    del notebook.metadata["widgets"]
    nbformat.write(notebook, lab.path)
    lab.reopen()
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets[1].model.trusted") is False
    is_a_copy_of_the_past(lab)
    nothing_is_broken(lab)


def test_each_step_reaches_the_file_while_a_cell_blocks(
    open_lab: Callable[..., LabPage],
) -> None:
    lab = open_lab(
        [
            "import time\nimport origami_widgets as ow\now.configure(client=ow.Sandbox(speed=8).client())",
            (
                "run = ow.start('Find dentists in Lyon. scenario:slow')\n"
                "while (run.steps.completed or 0) < 4:\n    time.sleep(0.1)\n"
                "run.cancel()\nwhile True:\n    time.sleep(0.1)"
            ),
        ]
    )
    lab.run_cell(0)
    lab.start_cell(1)
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Stopped", timeout=60_000)
    assert lab.is_running(1)
    lab.save()
    says(lab, 1, "Stopped")
    lab.restart_kernel()
    expect(card).to_contain_text("Stopped")
    lab.save()
    says(lab, 1, "Stopped")


LOOK = """card => [...card.querySelectorAll("table, th, td, tr")].map(node => {
    const { tableLayout, textAlign, backgroundColor, padding, verticalAlign, fontSize, whiteSpace } = getComputedStyle(node);
    return [node.localName, tableLayout, textAlign, backgroundColor, padding, verticalAlign, fontSize, whiteSpace];
})"""


def show_leads(card: Locator) -> None:
    """Wait for the leads: what hosts style most."""
    # A page that was loaded shows the saved card until the live one takes its place.
    expect(card).to_have_count(1)
    expect(card).not_to_contain_text("Snapshot of")
    expect(card.get_by_role("gridcell").first).to_be_visible()


def test_the_page_s_own_styles_reach_no_card(open_lab: Callable[..., LabPage]) -> None:
    """After a reload, in a second window, and opened in a board, a card looks as it did when it was started."""
    lab = open_lab(
        [
            "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed=60, plan='ultra').client())",
            "run = ow.start('Find bakeries in Porto')\nrun.wait('cells');",
            "board = ow.RunBoard([run]); board",
        ]
    )
    for cell in range(3):
        lab.run_cell(cell)
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Completed", timeout=60_000)
    show_leads(card)
    looks = card.evaluate(LOOK)
    lab.output(2).locator(BOARD).locator(".brief").first.click()
    opened = lab.output(2).locator(f"{BOARD} {CARD}")
    # Only a card that somebody sees reads its leads.
    opened.get_by_role("tabpanel").scroll_into_view_if_needed()
    show_leads(opened)
    assert opened.evaluate(LOOK) == looks
    lab.save()
    lab.reload()
    lab.show_cell(1)
    show_leads(card)
    assert card.evaluate(LOOK) == looks
    second = lab.second_window()
    second.show_cell(1)
    other = second.output(1).locator(CARD)
    show_leads(other)
    assert other.evaluate(LOOK) == looks
    second.save()
    says(second, 1, "Completed")
    second.close()
