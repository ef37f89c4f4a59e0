"""Settings of a JupyterLab that is started for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EXPORTS = ("@jupyterlab/notebook-extension:export", "@jupyterlab/notebook-extension:update-raw-mimetype")
"""They ask at each load for the formats of exports, and to list those the server makes every exporter that is installed."""


def disable_plugins(home: Path, *others: str) -> None:
    """Disable those that slow each load down, and others, in a server's pages. Its folder is the one that `serve.start` gets."""
    folder = home / "config" / "labconfig"
    folder.mkdir(parents=True)
    settings = {"disabledExtensions": dict.fromkeys((*EXPORTS, *others), True)}
    (folder / "page_config.json").write_text(json.dumps(settings), encoding="utf-8")
