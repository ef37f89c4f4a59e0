"""Which cell runs: by its id, by its code where the server runs it, in marimo the same for each visitor each time."""

import sys
from types import ModuleType, SimpleNamespace

import IPython
import pytest

from origami_widgets.host.cells import cell_ref, marimo_cell_ref


@pytest.fixture
def runtime(monkeypatch):
    made = ModuleType("marimo._runtime.context")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def visited(runtime, visitor, cell):
    visitor.execution_context = None if cell is None else SimpleNamespace(cell_id=cell)
    runtime.get_context = lambda: visitor
    return marimo_cell_ref()


def test_where_the_server_runs_the_cells_their_code_distinguishes_them(monkeypatch):
    def ran(code, execution):
        header = {"header": {"msg_id": execution}, "metadata": {}, "content": {"code": code}}
        kernel = SimpleNamespace(parent=SimpleNamespace(connection_file="/run/kernel-1.json"))
        shell = SimpleNamespace(kernel=kernel, parent_header=header)
        monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
        return cell_ref()

    monkeypatch.setenv("JPY_SESSION_NAME", "a.ipynb")
    first, again, other = ran("start()", "1"), ran("start()", "2"), ran("start() ", "3")
    assert first.cell == again.cell != other.cell
    assert (first.execution, again.execution) == ("1", "2")
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert ran("start()", "4") is None


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
