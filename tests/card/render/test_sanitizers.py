"""What is left of the static card by the strictest sanitizer: all its words, in order, and no markup among them."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.widgets.snapshot import snapshot_of
from tests.card.markup import words
from tests.fixtures.make_views import NAMES, views
from tests.fixtures.states import NOW

STATE = "application/vnd.jupyter.widget-state+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
OTHER_WIDGET = {
    "state": {"a": {"model_name": "IntSliderModel", "model_module": "@jupyter-widgets/controls", "state": {}}}
}


def copy_of(name):
    return render_html(views("snapshot")[name], now=NOW)


def exported(*bundles, sanitize, widgets=None):
    """The page that nbconvert makes of these outputs."""
    from nbconvert import HTMLExporter

    cell = new_code_cell(outputs=[new_output("display_data", data=bundle) for bundle in bundles])
    metadata = {"widgets": {STATE: widgets}} if widgets else {}
    page, _ = HTMLExporter(sanitize_html=sanitize).from_notebook_node(new_notebook(cells=[cell], metadata=metadata))
    return parsed(page)


def parsed(markup):
    from bs4 import BeautifulSoup

    return BeautifulSoup(markup, "html.parser")


def shown(page):
    """The words of each output."""
    return [" ".join(area.stripped_strings) for area in page.select(".jp-OutputArea-output")]


@pytest.mark.parametrize("sanitize", [False, True], ids=["as it is", "sanitized"])
def test_every_word_of_every_view_is_exported(sanitize):
    page = exported(*({"text/html": copy_of(name), "text/plain": "text"} for name in NAMES), sanitize=sanitize)
    reported = [" ".join(text.split()) for text in shown(page)]
    assert reported == [words(copy_of(name)) for name in NAMES]
    assert len(reported) == len(NAMES)


def test_words_do_not_run_together_without_styles():
    """As the lines of a page without a style sheet: blocks below each other, the rest in one line."""
    lines = without_styles(copy_of("filling"))
    for line in (
        "✓ Completed · List 15 family-run bakeries in Porto with a web shop and their contact e-mail. · Open in Origami ↗",
        "15 leads · 12 qualified · 57 credits (4.75 per qualified lead)",
        "3 min 43 s · ended 2026-07-21 09:17 UTC · Snapshot of 2026-07-21 09:18 UTC",
        "21 leads found: 12 qualified, 3 not, 6 left out",
        "Porto bakeries · Open table ↗",
        "15 leads · 57 credits · 1 cell failed",
        "Column | Tried | Credits per run | Credits | Verdicts | Filling | Failed",
        "Contact e-mail | 87 % | 3 | 39 | | 2 | 1",
        "Fit | 100 % | 1.2 | 18 | 12 qualified · 2 not qualified · 1 unsure | |",
    ):
        assert line in lines


def test_questions_and_the_agents_tables_stay_readable_without_styles():
    lines = without_styles(copy_of("needs_input"))
    assert " ".join(lines).count("○ Iberia  ○ France  ○ Benelux  ○ Or something else") == 1
    assert "a | b" in without_styles(copy_of("hostile"))


def without_styles(page):
    from nbconvert.filters.strings import clean_html

    soup = parsed(clean_html(page))
    for block in soup.find_all(["div", "li", "ul", "ol", "pre", "blockquote"]):
        block.insert_before("\n")
        block.insert_after("\n")
    return [" ".join(line.split()) for line in soup.get_text().splitlines()]


def test_a_frozen_card_is_shown_beside_the_saved_state_of_other_widgets():
    """nbconvert then adds scripts of a CDN to the page, which a card that is no widget does not need."""
    view = views("snapshot")["completed"]
    [reported] = shown(exported(snapshot_of(view), sanitize=False, widgets=OTHER_WIDGET))
    assert "57 credits" in reported


def test_a_card_whose_state_was_not_saved_is_shown_as_its_copy():
    view = views("snapshot")["running"]
    bundle = {WIDGET: {"model_id": "gone", "version_major": 2, "version_minor": 0}, **snapshot_of(view)}
    for widgets in (None, OTHER_WIDGET):
        [reported] = shown(exported(bundle, sanitize=False, widgets=widgets))
        assert view["head"]["status_label"] in reported
