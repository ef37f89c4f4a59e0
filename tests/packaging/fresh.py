"""Environments that have nothing, and what is installed into them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.kernels.environments import UV, uv_environment

if TYPE_CHECKING:
    from pathlib import Path


def environment(folder: Path, interpreter: str) -> Path:
    """Make an empty environment, and return the path of its interpreter."""
    call(*UV, "venv", "--quiet", "--python", interpreter, str(folder))
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def install(python: Path, *requirements: str, constraints: Path) -> None:
    """Install into an environment, in the versions that a file of constraints names."""
    call(*UV, "pip", "install", "--quiet", "--python", str(python), "--constraints", str(constraints), *requirements)


def call(*command: str, folder: Path | None = None, path: bool = True) -> str:
    """Run a command to its end without a person's settings for Python, and return what it prints.

    Args:
        command: the command.
        folder: where it runs.
        path: whether it finds other programs, Node among them.

    Raises:
        AssertionError: it failed; the text is what it said.
    """
    own = {name: value for name, value in uv_environment().items() if not name.startswith("PYTHON")}
    if not path:
        own["PATH"] = ""
    done = subprocess.run(command, env=own, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout
