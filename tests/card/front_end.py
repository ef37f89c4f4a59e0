"""The words of the live card: the real front end, drawn by Node on a page without a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from origami_widgets.card.view.contract import View

FRONT_END = Path(__file__).parents[2] / "js"


def texts_of(views: Mapping[str, View]) -> dict[str, str]:
    """What can be read on the live card of each view; what stands on a control is between ⟦ and ⟧."""
    if shutil.which("node") is None or not (FRONT_END / "node_modules").is_dir():
        raise FileNotFoundError(
            "The front end's tools are missing: run the tests with 'make test', which installs them."
        )
    done = subprocess.run(
        ["node", "tools/live_text.mjs"],
        cwd=FRONT_END,
        input=json.dumps(views),
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    texts: dict[str, str] = json.loads(done.stdout)
    return texts
