"""What is left of the static card by the strictest sanitizer: all its words, in order, and no markup among them."""

from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from origami_widgets.card.render.card_html import render_html
from origami_widgets.card.render.card_text import render_text
from origami_widgets.card.widgets.snapshot import RUN_TYPE, card_snapshot
from tests.fixtures.make_views import views
from tests.fixtures.states import NOW

VIEWS = views("snapshot")
STATE = "application/vnd.jupyter.widget-state+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
FILLING = "· 2 cells were filling · 1 cell failed"
OTHER_WIDGET = {
    "state": {"a": {"model_name": "IntSliderModel", "model_module": "@jupyter-widgets/controls", "state": {}}}
}


def copy_of(name):
    return render_html(VIEWS[name], now=NOW)


def exported(*bundles, sanitize, widgets=None):
    """The page that nbconvert makes of these outputs."""
    cell = new_code_cell(outputs=[new_output("display_data", data=bundle) for bundle in bundles])
    metadata = {"widgets": {STATE: widgets}} if widgets else {}
    page, _ = HTMLExporter(sanitize_html=sanitize).from_notebook_node(new_notebook(cells=[cell], metadata=metadata))
    return BeautifulSoup(page, "html.parser")


def shown(page):
    """The words of each output."""
    return [" ".join(area.stripped_strings) for area in page.select(".jp-OutputArea-output")]


def test_hosts_that_take_neither_widgets_nor_html_have_the_text():
    bundle = card_snapshot(VIEWS["filling"])
    assert set(bundle) == {"text/html", "text/plain", RUN_TYPE}
    first = render_text(VIEWS["filling"], now=NOW).splitlines()[0]
    assert bundle["text/plain"].splitlines()[0] == first
