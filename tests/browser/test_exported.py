"""A saved card elsewhere: in a JupyterLab that does not trust the notebook, and in pages of nbconvert without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import expect

from origami_widgets.card.render.card_html import render_html
from tests.card.markup import read
from tests.fixtures.make_views import views
from tests.fixtures.states import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.lab import LabPage

VIEWS = views("snapshot")
STATE = "application/vnd.jupyter.widget-state+json"
SETUP = "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed={speed}).client())"
BRIEF = "'What can you do? scenario:answer'"
DISPLAYS = """area => {
    const cards = [...area.querySelectorAll('.jp-OutputArea-output')];
    const styled = each => [...each.querySelectorAll('[style]')];
    return cards.map(card => ({
        text: card.textContent,
        rows: styled(card).filter(each => getComputedStyle(each).flexBasis === '290px').length,
        bars: styled(card).filter(each => each.localName === 'i' && each.textContent === ' | ' && getComputedStyle(each).display !== 'none').length,
        marked: styled(card).filter(each => getComputedStyle(each).borderLeftWidth === '3px').length,
    }));
}"""


def notebook_of(*names: str) -> nbformat.NotebookNode:
    """A notebook from elsewhere, with the saved cards of these views."""
    outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": render_html(VIEWS[name], now=NOW)}) for name in names
    ]
    cell = nbformat.v4.new_code_cell("show()", execution_count=1, outputs=outputs)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})


def test_a_lab_that_does_not_trust_the_notebook_shows_every_word(
    open_lab: Callable[..., LabPage], tmp_path: Path
) -> None:
    nbformat.write(notebook_of(*VIEWS), tmp_path / "elsewhere.ipynb")
    lab = open_lab(tmp_path / "elsewhere.ipynb")
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets[0].model.trusted") is False
    expect(lab.page.locator(".jp-OutputArea-output")).to_have_count(len(VIEWS))
    shown = lab.page.locator(".jp-Notebook").evaluate(DISPLAYS)
    for name, card in zip(VIEWS, shown, strict=True):
        html = render_html(VIEWS[name], now=NOW)
        assert card["text"].split() == "".join(read(html).text).split(), name
        assert card["rows"] == html.count("flex:4 1 290px"), name
        assert card["bars"] == 0, "bars stand between cells only where styles are lost"
        assert card["marked"] >= len(VIEWS[name]["notices"]), name
    assert lab.foreign_requests == []
