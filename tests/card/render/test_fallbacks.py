"""What hosts make of a saved card that they have no extension for: the HTML beside it, as before, in a notebook that is valid."""

from __future__ import annotations

import functools
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from origami_widgets.card.view.contract import BOARD_SLOTS, SAVED_TYPES
from origami_widgets.card.widgets.snapshot import snapshot_of
from tests.card.boards import board_of, every_entry, hostile_entries, many
from tests.fixtures import hostile
from tests.fixtures.make_views import views
from tests.fixtures.states import STATES

SNAPSHOTS = {
    **{name: lambda name=name: views("snapshot")[name] for name in (*STATES, "conversation")},
    "board": lambda: board_of(every_entry(), form="snapshot"),
    "hostile board": lambda: board_of(hostile_entries(9, hostile.CORPUS.values()), form="snapshot"),
    "large board": lambda: board_of(many(BOARD_SLOTS, *STATES), form="snapshot"),
}
LIMIT = 90_000


@functools.cache
def snapshot(name):
    return snapshot_of(SNAPSHOTS[name]())


def notebook(*bundles: dict[str, Any]) -> nbformat.NotebookNode:
    outputs = [new_output("display_data", data=bundle) for bundle in bundles]
    return new_notebook(cells=[new_code_cell("run", outputs=outputs)])


def html_alone(bundle: dict[str, Any]) -> dict[str, Any]:
    return {kind: part for kind, part in bundle.items() if kind not in SAVED_TYPES}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_notebook_is_valid_and_little_larger(name: str) -> None:
    with_view, without = notebook(snapshot(name)), notebook(html_alone(snapshot(name)))
    nbformat.validate(with_view)
    sizes = [len(nbformat.writes(each).encode()) for each in (with_view, without)]
    assert 0 < sizes[0] - sizes[1] <= LIMIT
    read = nbformat.reads(nbformat.writes(with_view), as_version=4)
    assert read.cells[0].outputs[0].data == snapshot(name)


@pytest.mark.parametrize("sanitize", [False, True])
def test_nbconvert_makes_the_same_page(sanitize: bool) -> None:
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter

    def page(bundles: list[dict[str, Any]]) -> str:
        made, _ = HTMLExporter(sanitize_html=sanitize).from_notebook_node(notebook(*bundles))
        # Cells get an id when they are made.
        return "\n".join(str(output) for output in BeautifulSoup(made, "html.parser").select(".jp-OutputArea-output"))

    shown = [snapshot(name) for name in ("completed", "hostile board")]
    assert page(shown) == page([html_alone(each) for each in shown])
