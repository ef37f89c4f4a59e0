"""The wheel in an environment with nothing else of ours: JupyterLab finds the extension there, which goes with the package."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
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
    """An environment of its own, which has JupyterLab from that of the tests: another copy would have to be compiled."""
    made = environment(tmp_path / "environment", sys.executable)
    (packages,) = (tmp_path / "environment").glob("lib/python3.*/site-packages")
    (packages / "jupyterlab.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return made


def listed(python: Path) -> str:
    """What JupyterLab says about the extensions that it finds."""
    command = [str(python), "-m", "jupyterlab.labextensions", "list"]
    own = {"HOME": str(python.parents[2]), "PATH": str(python.parent)}
    return subprocess.run(
        command, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    ).stdout


def files(folder: Path) -> set[str]:
    """All files but bytecode, folders that a run of JupyterLab makes, and what uv locks."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    found = (path for path in found if path.name != ".lock")
    return {str(path.relative_to(folder)) for path in found}


def test_installed_it_is_enabled_and_uninstalled_nothing_is_left(wheel: Path, python: Path) -> None:
    before = files(python.parents[1])
    assert NAME not in listed(python)
    install(python, "--no-deps", str(wheel), constraints=CONSTRAINTS)
    (line,) = (line for line in listed(python).splitlines() if NAME in line)
    assert "enabled" in line
    assert "OK" in line
    call(*UV, "pip", "uninstall", "--quiet", "--python", str(python), NAME)
    assert files(python.parents[1]) == before
    assert NAME not in listed(python)
