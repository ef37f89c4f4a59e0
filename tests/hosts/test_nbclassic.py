"""A saved card in Notebook 6, which lives on as nbclassic: it knows no extension of JupyterLab, and shows the HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import expect

from origami_widgets.card.widgets.snapshot import snapshot_of
from tests.browser.window import CARD, Window
from tests.fixtures.make_views import views

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from notebooks.serve import Lab

VIEW = views("snapshot")["completed"]


def test_a_saved_card_is_shown_as_html(browser: Browser, server: Lab, windows: list[Window]) -> None:
    output = nbformat.v4.new_output("display_data", data=snapshot_of(VIEW))
    cell = nbformat.v4.new_code_cell("run", execution_count=1, outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), server.root / "classic.ipynb")
    window = Window(browser, server.url)
    windows.append(window)
    window.page.goto(f"{server.url}nbclassic/notebooks/classic.ipynb?token={server.token}")
    shown = window.page.locator(".output_subarea.output_html")
    expect(shown).to_contain_text("Snapshot of")
    expect(shown).to_contain_text(VIEW["head"]["prompt"])
    expect(window.page.locator(CARD)).to_have_count(0)
    assert window.foreign_requests == []
