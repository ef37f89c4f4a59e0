"""A saved card in a JupyterLite site that has the extension: no server and no kernel, only files."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from origami_widgets.card.widgets.snapshot import snapshot_of
from tests.browser.window import CARD, Window
from tests.fixtures.make_views import views

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

VIEW = views("snapshot")["conversation"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of a site that was built with all extensions of this environment, and one notebook."""
    source = tmp_path / "source"
    (source / "files").mkdir(parents=True)
    output = nbformat.v4.new_output("display_data", data=snapshot_of(VIEW))
    cell = nbformat.v4.new_code_cell("run", execution_count=1, outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), source / "files" / "saved.ipynb")
    settings = {"jupyter-lite-schema-version": 0, "jupyter-config-data": {"exposeAppInBrowser": True}}
    (source / "jupyter-lite.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(source), "--contents"]
    subprocess.run(
        [*command, str(source / "files"), "--output-dir", str(tmp_path / "site")],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    handler = functools.partial(Quiet, directory=str(tmp_path / "site"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_saved_card_can_be_used(browser: Browser, site: str, windows: list[Window]) -> None:
    window = Window(browser, site)
    windows.append(window)
    window.page.goto(f"{site}lab/index.html?path=saved.ipynb")
    output = window.page.locator(".jp-OutputArea-output").first
    expect(output).to_contain_text("Snapshot of")
    window.page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click()
    window.page.evaluate("void window.jupyterapp.commands.execute('notebook:trust')")
    window.page.locator(".jp-Dialog .jp-mod-accept", has_text="Trust").click()
    card = output.locator(CARD)
    expect(card).to_contain_text(VIEW["head"]["prompt"])
    credits_used = card.get_by_role("columnheader", name="Credits", exact=True)
    credits_used.get_by_role("button").click()
    expect(credits_used).to_have_attribute("aria-sort", "descending")
    assert window.page.evaluate("window.jupyterapp.commands.hasCommand('origami:brief')")
    assert window.foreign_requests == []
    assert window.errors_of_ours == []
