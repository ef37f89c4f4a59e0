"""Build hook: puts the front end's two files into the wheel and the sdist.

Skipped when they are there already, so that an sdist installs without Node.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = ("card.js", "card.css")


class FrontEndHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `npm run build` where the built front end is missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the front end, or say in one sentence what is missing."""
        root = Path(self.root)
        static = root / "origami_widgets" / "card" / "static"
        if all((static / name).is_file() for name in BUILT):
            return
        npm = shutil.which("npm")
        if npm is None:
            msg = (
                "origami-widgets: the front end is not built and npm is not installed. "
                "Install Node.js 20 or newer, or install the published wheel, which contains the built front end."
            )
            raise RuntimeError(msg)
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=root / "js", check=True)
        subprocess.run([npm, "run", "build"], cwd=root / "js", check=True)
