"""The Pythons that this machine has, of those that the package is for."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
"""As the classifiers have them."""


@functools.cache
def interpreter(version: str) -> str | None:
    """The path of a Python, as "3.12"; None where this machine has none that starts."""
    if version == RUNNING:
        return sys.executable
    return next((path for path in candidates(version) if starts(path, version)), None)


def candidates(version: str) -> Iterator[str]:
    """Where one may be: on the path, and where pyenv and uv put theirs."""
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local" / "share" / "uv" / "python"))
    for folder in (*sorted(pyenv.glob(f"versions/{version}.*")), *sorted(uv.glob(f"cpython-{version}.*"))):
        yield str(folder / "bin" / "python")


def starts(path: str, version: str) -> bool:
    """Whether a path leads to a Python of that version: pyenv puts names on the path that lead to none."""
    asked = [path, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return False
    return said.stdout.strip() == version
