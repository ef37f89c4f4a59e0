"""A saved card elsewhere: in a JupyterLab that does not trust the notebook, and in pages of nbconvert without a network."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from origami_widgets.card.render.html_writer import render_html
from tests.card.markup import read
from tests.fixtures.make_views import views
from tests.fixtures.states import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

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
        rows: styled(card).filter(each => getComputedStyle(each).display === 'table-row').length,
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
        assert card["rows"] == html.count('role="row"'), name
        assert card["bars"] == 0, "bars stand between cells only where styles are lost"
        assert card["marked"] >= len(VIEWS[name]["notices"]), name
    assert lab.foreign_requests == []


@pytest.fixture
def offline(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Return a function that opens a page without a network."""
    context = browser.new_context(offline=True)

    def show(markup: str) -> Page:
        page = context.new_page()
        page.set_content(markup, wait_until="domcontentloaded")
        return page

    yield show
    context.close()


@pytest.fixture(scope="module")
def executed() -> Callable[[int], nbformat.NotebookNode]:
    """Return a function that says what nbconvert --execute makes of a notebook with a card at some speed."""

    @functools.cache
    def run(speed: int, further: str = "") -> nbformat.NotebookNode:
        source = (SETUP.format(speed=speed), f"run = ow.start({BRIEF}){further}")
        cells = [nbformat.v4.new_code_cell(each) for each in source]
        notebook = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(notebook, timeout=60).execute()
        return notebook

    return lambda speed, further="": copy.deepcopy(run(speed, further))


def page_of(notebook: nbformat.NotebookNode, *, sanitize: bool = False) -> str:
    """What nbconvert makes of it."""
    return HTMLExporter(sanitize_html=sanitize).from_notebook_node(notebook)[0]


@pytest.mark.parametrize("sanitize", [False, True], ids=["as it is", "sanitized"])
@pytest.mark.parametrize("with_state", [True, False], ids=["with widget state", "without widget state"])
def test_an_exported_notebook_shows_a_run_that_is_over_without_a_network(
    executed: Callable[..., nbformat.NotebookNode], offline: Callable[[str], Page], *, with_state: bool, sanitize: bool
) -> None:
    notebook = executed(200, "\nrun.wait('cells')")
    assert STATE in notebook.metadata["widgets"], "the state of the card is in the notebook"
    if not with_state:
        del notebook.metadata["widgets"]
    page = offline(page_of(notebook, sanitize=sanitize))
    card = page.locator(".jp-OutputArea-output", has_text="Snapshot of")
    expect(card).to_be_visible()
    expect(card).to_contain_text("Completed")
    expect(card).to_contain_text("ow.attach(")
    assert "<tbody>" not in card.inner_text()


def test_one_exported_in_mid_run_without_its_widgets_shows_the_copy(
    executed: Callable[..., nbformat.NotebookNode], offline: Callable[[str], Page]
) -> None:
    notebook = executed(1)
    del notebook.metadata["widgets"]
    card = offline(page_of(notebook)).locator(".jp-OutputArea-output", has_text="Was running")
    expect(card).to_be_visible()
