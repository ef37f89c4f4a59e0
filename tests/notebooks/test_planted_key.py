"""A saved notebook holds everything that a person could make the package show; the key is in none of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from origami_widgets.sandbox import Sandbox, embedded
from tests.faults.journey import KEY
from tests.faults.planted import echoing, showing
from tests.support.keys import let_sandbox_take

if TYPE_CHECKING:
    from pathlib import Path

CELLS = {
    "logs": "import io, logging\nlog = io.StringIO()\nlogging.basicConfig(level=logging.DEBUG, stream=log)",
    "start": 'import origami_widgets as ow\nrun = ow.start("Find bakers. scenario:filling")',
    "handle": "run.wait()\nprint(repr(run), vars(run), run.state, run.connection, run.history, run.raw)",
    "card": "card = ow.RunCard(run)\ncard",
    "widget state": "from ipywidgets.embed import embed_snippet\nprint(card.get_state(), embed_snippet([card]))",
    "renderers": "print(run, run.to_html(), run._repr_mimebundle_(), card._repr_mimebundle_())",
    "frames": "print({frame(run).to_json() + str(frame(run).attrs) for frame in (ow.tables_frame, ow.actions_frame)})",
    "client": "client = ow.Client()\nprint(client, vars(client), client.operations, vars(client.operations))",
    "pickle of a run": "import pickle\npickle.dumps(run)",
    "pickle of a client": "pickle.dumps(client)",
    "variables": "%whos",
    "verbose": "%xmode Verbose",
    "error": 'ow.attach("6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90")',
    "refused": 'ow.start("Find bakers. scenario:no_credits")',
    "what was logged": "print(log.getvalue())",
}
FAIL = {"pickle of a run", "pickle of a client", "error", "refused"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each cell left in the saved file, the file's metadata, and the page that is exported from it."""
    path: Path = tmp_path_factory.mktemp("planted") / "saved.ipynb"
    with pytest.MonkeyPatch.context() as patch:
        let_sandbox_take(patch, KEY)
        # The answers repeat the key in their headers, and the log tells of them.
        with embedded.serve(echoing(Sandbox(speed=120)), KEY, 0) as served:
            patch.setenv("ORIGAMI_API_KEY", served.api_key)
            patch.setenv("ORIGAMI_BASE_URL", served.base_url)
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.values()])
            NotebookClient(notebook, timeout=60, allow_errors=True, store_widget_state=True).execute()
    nbformat.write(notebook, path)
    raw = json.loads(path.read_text(encoding="utf-8"))
    outputs = {name: json.dumps(cell["outputs"]) for name, cell in zip(CELLS, raw["cells"], strict=True)}
    page, _ = HTMLExporter().from_filename(str(path))
    return outputs | {"metadata": json.dumps(raw["metadata"]), "exported page": page}


def test_the_key_was_used(saved: dict[str, str]) -> None:
    failed = {name for name, shown in saved.items() if '"output_type": "error"' in shown}
    assert failed == FAIL
    assert "Completed" in saved["renderers"]
    assert "AGENT_NOT_FOUND" in saved["error"]
    assert "INSUFFICIENT_CREDITS" in saved["refused"]
    assert "widget-state+json" in saved["metadata"]
    assert "httpcore" in saved["what was logged"]
    assert "x-echo" in saved["what was logged"]
    assert "Completed" in saved["exported page"]


def test_no_output_and_no_widget_state_shows_it(saved: dict[str, str]) -> None:
    assert [name for name, shown in saved.items() if showing([shown])] == []
