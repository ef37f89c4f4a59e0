"""The wheel in an environment with JupyterLab and nothing else of ours: the extension is there, and goes with the package."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.packaging.conftest import REPOSITORY
from tests.packaging.fresh import UV, call, environment, install

if TYPE_CHECKING:
    from pathlib import Path

CONSTRAINTS = REPOSITORY / "requirements-dev.lock"
NAME = "origami-widgets"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    return environment(tmp_path / "environment", sys.executable)


def listed(python: Path) -> str:
    """What JupyterLab says about the extensions that it finds."""
    command = [str(python.with_name("jupyter")), "labextension", "list"]
    own = {"HOME": str(python.parents[2]), "PATH": str(python.parent)}
    return subprocess.run(
        command, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    ).stdout


def files(folder: Path) -> set[str]:
    """All files but bytecode and folders that a run of JupyterLab makes."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in found}


def test_installed_it_is_enabled_and_uninstalled_nothing_is_left(wheel: Path, python: Path) -> None:
    install(python, "jupyterlab", constraints=CONSTRAINTS)
    before = files(python.parents[1])
    assert NAME not in listed(python)
    install(python, "--no-deps", str(wheel), constraints=CONSTRAINTS)
    (line,) = (line for line in listed(python).splitlines() if NAME in line)
    assert "enabled" in line
    assert "OK" in line
    call(*UV, "pip", "uninstall", "--quiet", "--python", str(python), NAME)
    assert files(python.parents[1]) == before
    assert NAME not in listed(python)
