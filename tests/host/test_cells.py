"""Which cell of marimo runs: the same for each visitor each time, and nothing where marimo has changed inside."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from origami_widgets.host.cells import marimo_cell_ref


@pytest.fixture
def runtime(monkeypatch):
    made = ModuleType("marimo._runtime.context")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def visited(runtime, visitor, cell):
    visitor.execution_context = None if cell is None else SimpleNamespace(cell_id=cell)
    runtime.get_context = lambda: visitor
    return marimo_cell_ref()


def test_a_cell_is_the_same_each_time_and_each_time_another_execution(runtime):
    visitor = SimpleNamespace()
    first, again, other = (visited(runtime, visitor, cell) for cell in ("Hbol", "Hbol", "MJUe"))
    assert first.cell == again.cell != other.cell
    assert len({first.execution, again.execution, other.execution}) == 3
    assert marimo_cell_ref() == other


def test_two_visitors_of_an_app_have_cells_of_their_own(runtime):
    cells = {visited(runtime, SimpleNamespace(), "Hbol").cell for _ in range(2)}
    assert len(cells) == 2


def test_between_cells_and_with_another_marimo_nothing_is_known(runtime, monkeypatch):
    assert visited(runtime, SimpleNamespace(), None) is None
    del runtime.get_context
    assert marimo_cell_ref() is None
    monkeypatch.delitem(sys.modules, runtime.__name__)
    assert marimo_cell_ref() is None
