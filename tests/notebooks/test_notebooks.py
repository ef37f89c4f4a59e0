"""Every notebook that we hand out runs from its first to its last cell without an error, as a person's 'Run all' does."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode

from notebooks.serve import QUICKSTART
from notebooks.site.executed import NOTEBOOKS, names, run_all

NAMES = sorted({QUICKSTART, *names()})


@pytest.fixture(scope="module")
def outcomes() -> dict[str, NotebookNode | BaseException]:
    """All of them, run beside each other."""
    return run_all(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_from_top_to_bottom(name: str, outcomes: dict[str, NotebookNode | BaseException]) -> None:
    outcome = outcomes[name]
    if isinstance(outcome, BaseException):
        raise outcome
    counts = [cell.execution_count for cell in outcome.cells if cell.cell_type == "code" and cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_committed_without_outputs(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
