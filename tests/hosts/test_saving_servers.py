"""A card in a JupyterLab whose server saves the notebook without asking the page: its snapshot is in the file all the same."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import expect

from notebooks import serve
from origami_widgets.card.view.contract import SAVED_TYPES
from tests.browser.lab import LabPage
from tests.hosts import saving_servers
from tests.hosts.looks import CARD, SANDBOX, SLOW, START, assert_quiet
from tests.kernels.environments import blocks
from tests.support.lab_settings import disable_plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.browser.window import Window

COLLABORATION, DOCUMENTS, NBMODEL = saving_servers.PACKAGES
SERVERS = [(COLLABORATION,), (DOCUMENTS,), (NBMODEL,), (NBMODEL, COLLABORATION)]
WIDGET = "application/vnd.jupyter.widget-view+json"
LINE_OF_FIRST = "ow.doctor()"
RUN_TYPE, BOARD_TYPE = SAVED_TYPES
SECONDS = 30.0
ENDS = "Find 15 family-run bakeries in Porto with a web shop"
# Cancels the run when a file says so, and says so by another: no page is there then.
CANCELS = """
import pathlib, threading
def cancels(until, done):
    while not until.exists():
        time.sleep(0.05)
    run.cancel()
    run.wait()
    done.touch()
threading.Thread(target=cancels, args=[pathlib.Path(name) for name in ("cancel", "cancelled")], daemon=True).start()
"""
FAST = "fast = ow.Sandbox(speed=600, plan='ultra').client()\n"
BRIEFS = "{'Porto': 'Find bakeries. scenario:answer', 'Faro': 'Find cafés. scenario:needs_input'}"


@pytest.fixture(scope="module", params=SERVERS, ids="+".join)
def saving(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[serve.Lab]:
    """A JupyterLab with one of the packages, or with two that work together."""
    home = tmp_path_factory.mktemp("saving")
    root = home / "notebooks"
    root.mkdir()
    disable_plugins(home)
    # The history of shared documents would be written where the tests are started.
    options = ("--LabApp.expose_app_in_browser=True", f"--SQLiteYStore.db_path={home / 'history.db'}")
    started = serve.start(home, root, options, environ=saving_servers.environ(request.param))
    yield started
    started.stop()


@pytest.fixture
def open_lab(browser: Browser, saving: serve.Lab, windows: list[Window]) -> Callable[..., LabPage]:
    """Return a function that opens these cells in that JupyterLab."""

    def open_page(cells: list[str]) -> LabPage:
        window = LabPage(browser, saving)
        windows.append(window)
        window.open_notebook(cells)
        return window

    return open_page


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def saved(lab: LabPage, index: int) -> list[dict[str, Any]]:
    """Return the outputs of a cell in the file. A server that is about to save has written half of it, or nothing."""
    found: list[dict[str, Any]] = []

    def is_whole() -> bool:
        with contextlib.suppress(nbformat.reader.NotJSONError):
            found[:] = lab.saved_outputs(index)
            return True
        return False

    until(is_whole)
    return found


def eventually(lab: LabPage, index: int, word: str, *, page_saves: bool) -> dict[str, Any]:
    """Wait until the file says this of the first output of a cell, in text and in HTML; return what the output holds.

    The server saves some time after each change, hence also what the cell showed before the page's first snapshot. Only
    where the page is asked to save it: elsewhere it would ask a person which of two files to keep.
    """
    found: dict[str, Any] = {}

    def is_said() -> bool:
        if page_saves:
            lab.save()
        for output in saved(lab, index)[:1]:
            found.clear()
            found.update(output.get("data", {}))
        texts = [found.get(kind, "") for kind in ("text/plain", "text/html")]
        is_first = WIDGET in found or LINE_OF_FIRST in texts[0]
        return not is_first and all(word in text for text in texts)

    until(is_said)
    return found


def is_snapshot(data: dict[str, Any], media_type: str = RUN_TYPE) -> None:
    """The output is the snapshot in its three forms, and no widget."""
    assert set(data) == {media_type, "text/html", "text/plain"}
    assert json.loads(data[media_type]["view"])["head"]["form"] == "snapshot"
    assert LINE_OF_FIRST not in data["text/plain"]


@pytest.mark.parametrize("package", saving_servers.PACKAGES)
def test_a_lock_names_what_the_tests_own_environment_lacks(package: str) -> None:
    lock = (saving_servers.LOCKS / f"{package}.txt").read_text(encoding="utf-8")
    own = blocks((serve.REPOSITORY / "requirements-dev.lock").read_text(encoding="utf-8"))
    assert package in blocks(lock)
    assert not blocks(lock).keys() & own.keys()
    assert "://" not in lock
    assert all("--hash=sha256:" in block for block in blocks(lock).values())


def test_the_file_has_the_snapshot_of_each_moment(
    request: pytest.FixtureRequest, open_lab: Callable[..., LabPage], saving: serve.Lab
) -> None:
    page_saves = request.node.callspec.params["saving"] == (NBMODEL,)
    lab = open_lab(
        [
            SANDBOX.format(speed=4),
            START.format(brief=SLOW) + CANCELS,
            f"{FAST}other = ow.start({ENDS!r}, client=fast)\nprint('started')\nother.wait('cells');",
            f"batch = ow.start_many({BRIEFS}, client=fast).wait()",
        ]
    )
    for cell in range(4):
        lab.run_cell(cell)
    expect(lab.output(1).locator(CARD)).to_contain_text("Running")
    is_snapshot(eventually(lab, 1, "Was running", page_saves=page_saves))
    is_snapshot(eventually(lab, 2, "Completed", page_saves=page_saves))
    is_snapshot(eventually(lab, 3, "Needs your answer", page_saves=page_saves), BOARD_TYPE)
    # The card, once, although a cell that waits sends no page anything.
    kinds = [[output["output_type"] for output in saved(lab, cell)] for cell in (2, 3)]
    assert kinds == [["display_data", "stream"], ["display_data"]]

    # Without a page the file stays as it is; with one it goes on.
    lab.page.close()
    data = saved(lab, 1)[0]["data"]
    is_snapshot(data)
    assert "Was running" in data["text/html"]
    (saving.root / "cancel").touch()
    until((saving.root / "cancelled").exists)
    lab.reopen()
    lab.show_cell(1)
    expect(lab.output(1).locator(CARD)).to_have_count(1)
    expect(lab.output(1).locator(CARD)).to_contain_text("Stopped")
    is_snapshot(eventually(lab, 1, "Stopped", page_saves=page_saves))
    nbformat.validate(lab.saved_notebook())
    assert_quiet(lab)
