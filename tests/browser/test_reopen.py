"""Reload, restart, reopen: whatever happens to page and kernel, a card is never an error and never claims what is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.window import CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import LabPage

WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE, FROZEN = 1, 2
CELLS = [
    "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed={speed}).client())",
    "run = ow.start('Find dentists in Lyon. scenario:slow')",
    "ow.start('What can you do? scenario:answer', client=ow.Sandbox(speed=600).client()).wait();",
]


@pytest.fixture
def both(open_lab: Callable[..., LabPage]) -> Callable[..., LabPage]:
    """Return a function that opens a notebook with a card that is alive and one that has become static."""

    def show(speed: float = 2) -> LabPage:
        lab = open_lab([cell.format(speed=speed) for cell in CELLS])
        lab.run_cell(0)
        lab.run_cell(LIVE)
        expect(live(lab)).to_contain_text("Running")
        lab.run_cell(FROZEN)
        expect(lab.output(FROZEN).first).to_contain_text("saved copy", timeout=60_000)
        return lab

    return show


def live(lab: LabPage) -> Locator:
    return lab.output(LIVE).locator(CARD)


def nothing_is_broken(lab: LabPage) -> None:
    """No host's error stands in the page, and the static card is what it was."""
    area = lab.page.locator(".jp-Notebook")
    expect(area).not_to_contain_text("model not found")
    expect(area).not_to_contain_text("Error displaying widget")
    expect(area).not_to_contain_text("Loading widget")
    frozen = lab.output(FROZEN).first
    expect(frozen).to_contain_text("Completed")
    expect(frozen.locator(CARD)).to_have_count(0)


def is_a_copy_of_the_past(lab: LabPage) -> None:
    copy = lab.output(LIVE).first
    expect(copy).to_contain_text("saved copy, as of")
    expect(copy).to_contain_text("ow.attach(")
    expect(copy).to_contain_text("Was ")
    expect(live(lab)).to_have_count(0)
    assert "Running" not in copy.inner_text()


def test_a_reloaded_page_shows_the_card_alive_again(both: Callable[..., LabPage]) -> None:
    lab = both()
    lab.save()
    assert all(WIDGET not in output["data"] for output in lab.saved_outputs(LIVE)), "the file must not need this kernel"
    lab.reload()
    expect(live(lab)).to_contain_text("Running")
    nothing_is_broken(lab)
    before = live(lab).text_content()
    lab.page.wait_for_function(
        "([selector, before]) => document.querySelector(selector).textContent !== before", arg=[CARD, before]
    )
    lab.reload()
    live(lab).get_by_role("button", name="Cancel").click()
    expect(lab.output(LIVE).first).to_contain_text("Cancelled", timeout=60_000)
    # The end reaches the file too, although nothing can replace the output of a page that was loaded again.
    lab.save()
    assert any("Cancelled" in output["data"].get("text/html", "") for output in lab.saved_outputs(LIVE))
    assert any("Cancelled" in output["data"].get("text/plain", "") for output in lab.saved_outputs(LIVE))


def test_a_restarted_kernel_leaves_a_card_that_says_so(both: Callable[..., LabPage]) -> None:
    lab = both()
    lab.restart_kernel()
    card = live(lab)
    expect(card).to_contain_text("Kernel is gone")
    expect(card).to_contain_text("Last seen: Running")
    expect(card).to_contain_text("ow.attach(")
    expect(card).not_to_contain_text("next check in")
    for button in card.get_by_role("button").all():
        if "Copy" not in (button.get_attribute("aria-label") or ""):
            expect(button).to_be_disabled()
    nothing_is_broken(lab)
    lab.save()
    lab.reload()
    is_a_copy_of_the_past(lab)
    nothing_is_broken(lab)


def test_a_card_that_was_drawn_over_its_copy_knows_when_the_kernel_goes(both: Callable[..., LabPage]) -> None:
    lab = both()
    lab.save()
    lab.reload()
    expect(live(lab)).to_contain_text("Running")
    lab.restart_kernel()
    expect(live(lab)).to_contain_text("Kernel is gone")
    expect(live(lab)).to_contain_text("Last seen: Running")
    nothing_is_broken(lab)


def test_a_notebook_that_was_saved_in_mid_run_opens_without_its_kernel(both: Callable[..., LabPage]) -> None:
    lab = both()
    lab.save()
    lab.shutdown_kernel()
    lab.reopen()
    is_a_copy_of_the_past(lab)
    nothing_is_broken(lab)


def test_so_does_one_with_the_state_of_its_widgets(both: Callable[..., LabPage]) -> None:
    lab = both()
    lab.page.evaluate("window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')")
    lab.save()
    state = lab.saved_notebook()["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert any("origami" in json.dumps(model) for model in state.values())
    lab.shutdown_kernel()
    lab.reopen()
    is_a_copy_of_the_past(lab)
    nothing_is_broken(lab)


def test_a_notebook_from_another_machine_is_shown_without_trust(both: Callable[..., LabPage]) -> None:
    lab = both()
    lab.save()
    lab.shutdown_kernel()
    notebook = lab.saved_notebook()
    # What was not executed here has no signature here.
    notebook.cells[0].source += "\n# changed elsewhere"
    nbformat.write(notebook, lab.path)
    lab.reopen()
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets[1].model.trusted") is False
    is_a_copy_of_the_past(lab)
    nothing_is_broken(lab)


@pytest.mark.parametrize("end", ["shut down", "killed"])
def test_a_kernel_that_ends_leaves_a_card_that_says_so(both: Callable[..., LabPage], end: str) -> None:
    lab = both()
    if end == "killed":
        # JupyterLab says so in a dialog, which would stand over the next test's notebook.
        lab.was_reopened = True
        lab.page.evaluate(
            """() => {
                const code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)";
                window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
            }"""
        )
    else:
        lab.shutdown_kernel()
    card = live(lab)
    expect(card).to_contain_text("Kernel is gone", timeout=60_000)
    expect(card).to_contain_text("Last seen: Running")
    expect(card).not_to_contain_text("next check in")
    nothing_is_broken(lab)
