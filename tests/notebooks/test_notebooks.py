"""Every notebook that we hand out runs from its first to its last cell without an error, as a person's 'Run all' does."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from notebooks.serve import QUICKSTART, environment

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
NAMES = sorted({QUICKSTART, *(path.name for path in FOLDER.glob("*.ipynb"))})
CELL_SECONDS = 180


@pytest.fixture
def jupyter_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path / "jupyter").items():
        if name.startswith(("JUPYTER", "IPYTHON")):
            monkeypatch.setenv(name, value)
    # A person's own key must not make a notebook spend credits.
    monkeypatch.delenv("ORIGAMI_API_KEY", raising=False)


@pytest.mark.usefixtures("jupyter_of_its_own")
@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_from_top_to_bottom(name: str, tmp_path: Path) -> None:
    notebook = nbformat.read(FOLDER / name, as_version=4)
    NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(tmp_path)}}).execute()
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_committed_without_outputs(name: str) -> None:
    notebook = nbformat.read(FOLDER / name, as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
