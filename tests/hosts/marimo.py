"""A real marimo, in a folder of its own: as the editor of a notebook, and running it as an app."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

from notebooks.serve import REPOSITORY, START_SECONDS, STOP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDERS = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
THEME = """# /// script
# [tool.marimo.display]
# theme = "{theme}"
# ///
"""
NOTEBOOK = """import marimo

app = marimo.App()
"""
CELL = """

@app.cell
def _({taken}):
{code}
    return {given}
"""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell, with the names that it takes from other cells and gives to them: marimo orders cells by these."""

    code: str
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()

    def source(self) -> str:
        """Write it as marimo does."""
        code = "\n".join(f"    {line}" for line in self.code.splitlines())
        given = f"({', '.join(self.gives)},)" if self.gives else ""
        return CELL.format(taken=", ".join(self.takes), code=code, given=given)


@dataclasses.dataclass(frozen=True)
class Marimo:
    """A marimo server with one notebook; its address ends with a slash."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        """End the server and its kernel."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(home: Path, mode: str, cells: Sequence[Cell] | str, *, theme: str) -> Marimo:
    """Serve these cells and return once the server answers.

    Args:
        home: Folder for the notebook and for everything that marimo writes.
        mode: "edit" or "run".
        cells: The notebook, or its whole text.
        theme: "light", "dark" or "system", which follows the browser.

    Raises:
        RuntimeError: It ended, or did not answer in time; the text closes with its log.
    """
    notebook = home / "notebook.py"
    text = cells if isinstance(cells, str) else NOTEBOOK + "".join(cell.source() for cell in cells)
    notebook.write_text(THEME.format(theme=theme) + text, encoding="utf-8")
    # Whether an editor runs the notebook when it opens is the person's setting, not the notebook's.
    settings = home / "marimo" / "marimo.toml"
    settings.parent.mkdir()
    settings.write_text("[runtime]\nauto_instantiate = true\n", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--headless", "--no-token", "--host=127.0.0.1", f"--port={port}"]
    if mode == "edit":
        options.append("--skip-update-check")
    log = home / "marimo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "marimo", "--quiet", "--yes", mode, str(notebook), *options],
            cwd=home,
            env=os.environ | dict.fromkeys(FOLDERS, str(home)) | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    marimo = Marimo(process, f"http://127.0.0.1:{port}/")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{marimo.url}health", timeout=5):  # noqa: S310
            return marimo
        time.sleep(0.05)
    marimo.stop()
    raise RuntimeError(f"marimo did not start. Its log:\n{log.read_text(encoding='utf-8', errors='replace')}")
