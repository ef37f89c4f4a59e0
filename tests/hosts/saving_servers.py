"""Jupyter servers that save notebooks themselves: JupyterLab with a package that shares documents between pages.

Each package is put beside the tests' own environment, into .cache/hosts/NAME, once: its server extension starts by itself,
and must not in the other tests. A lock here names what requirements-dev.lock lacks.

`python -m tests.hosts.saving_servers --lock` compiles the locks anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from pathlib import Path

from notebooks.serve import REPOSITORY
from tests.kernels.environments import blocks, run_uv

LOCKS = Path(__file__).parent / "locks"
FOLDER = REPOSITORY / ".cache" / "hosts"
PACKAGES = ("jupyter-collaboration", "jupyter-server-documents", "jupyter-server-nbmodel")


def made(package: str) -> Path:
    """Return the folder of a package and what it needs, after making it where that is due.

    Raises:
        EnvironmentMissing: it could not be made.
    """
    folder, lock = FOLDER / package, LOCKS / f"{package}.txt"
    stamp = folder / ".made"
    mark = hashlib.sha256(f"{sys.version} {lock.read_text(encoding='utf-8')}".encode()).hexdigest()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{package}.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not (stamp.exists() and stamp.read_text(encoding="ascii") == mark):
            run_uv(
                package,
                *("pip", "install", "--quiet", "--require-hashes", "--no-deps", "--compile-bytecode"),
                *("--python", sys.executable, "--target", str(folder), "--requirements", str(lock)),
            )
            stamp.write_text(mark, encoding="ascii")
    return folder


def environ(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the variables with which JupyterLab finds these packages, their extensions and their settings."""
    folders = [made(package) for package in packages]
    places = {"PYTHONPATH": "", "JUPYTER_PATH": "share/jupyter", "JUPYTER_CONFIG_PATH": "etc/jupyter"}
    return {name: os.pathsep.join(str(folder / place) for folder in folders) for name, place in places.items()}


def compile_lock(package: str) -> None:
    """Compile the lock of one package anew, with the versions that the tests' own environment has.

    Raises:
        EnvironmentMissing: the package can't be installed beside them.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    source, own = FOLDER / f"{package}.in", REPOSITORY / "requirements-dev.lock"
    source.write_text(package, encoding="utf-8")
    text = run_uv(
        package,
        *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header"),
        *("--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--constraints", str(own), str(source)),
    )
    there = blocks(own.read_text(encoding="utf-8"))
    lacking = [block.strip() for name, block in blocks(text).items() if name not in there]
    (LOCKS / f"{package}.txt").write_text("\n".join(lacking) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in PACKAGES:
        compile_lock(each) if "--lock" in sys.argv[1:] else made(each)
