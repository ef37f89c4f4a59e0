"""Settings of a JupyterLab that is started for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EXPORTS = ("@jupyterlab/notebook-extension:export", "@jupyterlab/notebook-extension:update-raw-mimetype")


def without_exports(home: Path) -> None:
    """Let the pages of a server with this folder not ask for the formats of exports each time they are loaded.

    To list them, the server makes every exporter that is installed. The folder is the one that `serve.start` gets.
    """
    folder = home / "config" / "labconfig"
    folder.mkdir(parents=True)
    settings = {"disabledExtensions": dict.fromkeys(EXPORTS, True)}
    (folder / "page_config.json").write_text(json.dumps(settings), encoding="utf-8")
