"""The card in a real Notebook 7."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from origami_widgets.card.view.contract import SAVED_TYPES
from tests.hosts.looks import (
    CARD,
    SANDBOX,
    SLOW,
    START,
    assert_quiet,
    cancel,
    expect_more_credits,
    expect_theme,
    uses_saved_card,
)
from tests.hosts.notebook7 import NotebookPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext

    from notebooks.serve import Lab
    from tests.browser.window import Window


@pytest.fixture
def open_notebook(context: BrowserContext, server: Lab, windows: list[Window]) -> Callable[..., NotebookPage]:
    """Return a function that opens these cells in Notebook 7."""

    def open_page(cells: list[str], *, theme: str = "light") -> NotebookPage:
        window = NotebookPage(context, server)
        windows.append(window)
        window.open_notebook(cells, theme=theme)
        return window

    return open_page


def test_the_card_lives_follows_the_theme_cancels_and_is_frozen(open_notebook: Callable[..., NotebookPage]) -> None:
    notebook = open_notebook([SANDBOX.format(speed=40), START.format(brief=SLOW), "time.sleep(600)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    place = notebook.output(1).first
    card = place.locator(CARD)
    expect(card).to_contain_text("Running")
    expect_theme(card, "light")

    notebook.start_cell(2)
    expect_more_credits(card)
    notebook.set_theme("dark")
    expect_theme(card, "dark")
    expect_more_credits(card)
    assert notebook.is_running(2), "the card must change while the cell is still blocked in time.sleep"
    notebook.interrupt_kernel()

    cancel(card)
    expect(place).to_contain_text("Stopped")
    expect(card).to_be_visible()

    notebook.save()
    (bundle,) = [output["data"] for output in notebook.saved_outputs(1)]
    assert set(bundle) == {SAVED_TYPES[0], "text/html", "text/plain"}
    assert "Stopped" in bundle["text/html"]
    assert "ow.attach(" in bundle["text/plain"]
    notebook.shutdown_kernel()
    notebook.reopen()
    expect(notebook.output(1).first).to_contain_text("Stopped")
    expect(notebook.page.get_by_text("model not found")).to_have_count(0)
    assert_quiet(notebook)


def test_a_saved_card_can_be_used_without_its_kernel(open_notebook: Callable[..., NotebookPage]) -> None:
    brief = "Find 15 family-run bakeries in Porto with a web shop"
    notebook = open_notebook([SANDBOX.format(speed=600), START.format(brief=brief) + "\nrun.wait('cells');"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(notebook.output(1).locator(CARD)).to_contain_text("Completed")
    notebook.save()
    notebook.shutdown_kernel()
    notebook.reopen()
    card = notebook.output(1).locator(CARD)
    expect(card).to_contain_text("Snapshot of")
    uses_saved_card(card)
    notebook.command("origami:attach")
    expect(notebook.cell(2)).to_contain_text('run = ow.attach("AGENT_ID/RUN_ID")')
    assert notebook.page.evaluate("window.jupyterapp.commands.hasCommand('apputils:notify')")
    assert_quiet(notebook)
