"""The notebook for Colab, from its first to its last cell, on Colab's pins, with and without what only Colab has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from origami_widgets.sandbox import Sandbox
from tests.kernels.environments import REPOSITORY, made
from tests.kernels.front_end import WIDGET, FrontEnd
from tests.support.keys import let_sandbox_take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from origami_widgets.sandbox.embedded import Served

KEY = "og_live_Planted7q2ZnotToBeSeen"
MANAGER = "https://manager.example/widgets.js"
BOX = "use_my_account = False"
COLAB = """
import sys
from types import ModuleType, SimpleNamespace

class SecretNotFoundError(Exception):
    pass

asked, secrets, enabled = [], {secrets}, []

def get(name):
    asked.append(name)
    if name not in secrets:
        raise SecretNotFoundError(name)
    return secrets[name]

for name in ("google", "google.colab", "google.colab.output", "google.colab.userdata"):
    sys.modules[name] = ModuleType(name)
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, sys.modules[name])
sys.modules["google.colab.userdata"].get = get
output = sys.modules["google.colab.output"]
output.enable_custom_widget_manager = lambda: enabled.append(True)
output._widgets = SimpleNamespace(_installed_url="{manager}")
"""
"""What a kernel of Colab has loaded before the first cell, as far as it is used here."""
ELSEWHERE = """
import os
import origami_widgets.run.settings as logins
os.environ["ORIGAMI_BASE_URL"] = "{url}"
# Secrets are for Origami's own address, for which the sandbox stands in.
logins.is_local_url = lambda url: False
"""


@pytest.fixture
def colab(jupyter_of_its_own: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrontEnd]:
    """A kernel with Colab's pins, that nothing was run in."""
    monkeypatch.setenv("JUPYTER_PATH", str(made("colab") / "share" / "jupyter"), prepend=os.pathsep)
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path / "data"))
    manager, client = start_new_kernel(kernel_name="colab")
    try:
        yield FrontEnd(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Stands in for Origami, with a key of its own."""
    let_sandbox_take(monkeypatch, KEY)
    return Sandbox(speed=400)


@pytest.fixture
def served(sandbox: Sandbox) -> Iterator[Served]:
    with sandbox.serve() as running:
        yield running


def cells(*, tick: bool = False) -> list[str]:
    """The code of the notebook, in which time passes faster; what its first cell installs, tests/packaging checks."""
    notebook = nbformat.read(REPOSITORY / "notebooks" / "colab.ipynb", as_version=4)
    first, *others = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert first.startswith("%pip install")
    assert sum(BOX in source for source in others) == 1
    sources = [source.replace("use_sandbox(speed=20)", "use_sandbox(speed=400)") for source in others]
    return [source.replace(BOX, "use_my_account = True") for source in sources] if tick else sources


def managers(front_end: FrontEnd) -> list[object]:
    """What the metadata of each card says of the widget manager."""
    shown = [message["content"] for message in front_end.displays() if WIDGET in message["content"]["data"]]
    return [content["metadata"].get(WIDGET) for content in shown]


def test_it_runs_where_nothing_of_colab_is_there(colab: FrontEnd) -> None:
    for source in cells():
        colab.run(source)
    assert managers(colab) == [None, None], "one card where it starts, one where it is attached to"
    assert colab.value("[run.status, run == again, again.settled, account.plan]") == ["completed", True, True, "Pro"]


def test_the_card_names_the_widget_manager_and_uses_the_secret(
    colab: FrontEnd, sandbox: Sandbox, served: Served
) -> None:
    colab.run(COLAB.format(secrets={"ORIGAMI_API_KEY": KEY}, manager=MANAGER))
    colab.run(ELSEWHERE.format(url=served.base_url))
    prepared = len(colab.heard)
    for source in cells(tick=True):
        colab.run(source)
    assert managers(colab) == [{"colab": {"custom_widget_manager": {"url": MANAGER}}}] * 2
    assert colab.value("[asked, enabled]") == [["ORIGAMI_API_KEY"], [True]]
    assert colab.value("run.status") == "completed"
    # One agent: the cell after the restart found the run of that name.
    assert [agent.id for agent in sandbox.client().list_agents().items] == [colab.value("run.agent_id")]
    assert KEY[8:16] not in repr(colab.heard[prepared:])


def test_without_the_secret_the_cell_names_it(colab: FrontEnd) -> None:
    colab.run(COLAB.format(secrets={}, manager=MANAGER))
    colab.run("import origami_widgets as ow")
    (source,) = (source for source in cells(tick=True) if "login" in source)
    # Who sits in front of it is asked for the key instead.
    cell = colab.execute(source, person=False)
    assert colab.see_out(cell)["ename"] == "MissingKey"
    (error,) = (message["content"] for message in colab.of(cell) if message["msg_type"] == "error")
    assert "ORIGAMI_API_KEY" in error["evalue"]
