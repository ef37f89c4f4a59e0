"""Run the notebooks, once for each state of the code; tests and site share the outputs.

Notebooks are committed without outputs. `run_all` runs them and stores those that succeed. `executed` returns the stored ones
and runs the rest, several kernels at a time, because kernels mostly wait.
"""

# ruff: noqa: INP001 - a folder of scripts

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient

from origami_widgets.cli.demo_command import jupyter_environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbformat import NotebookNode

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = REPOSITORY / "notebooks"
KEPT = REPOSITORY / ".cache" / "notebooks"
CELL_SECONDS = 180
AT_ONCE = 4
# Each kernel would warn of its own sockets, which are on loopback.
QUIET = ["--log-level=ERROR"]
# A notebook must not spend credits with the key of your environment.
NEVER = ("ORIGAMI_API_KEY", "ORIGAMI_BASE_URL", "ORIGAMI_PROJECT", "COLUMNS")
# The package is there, with what it needs: a notebook that installs it need not look at forty packages, nor ask an index.
INSTALLED = {"PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def names() -> list[str]:
    """Return the file names of all published notebooks."""
    return sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


def executed(wanted: Iterable[str]) -> dict[str, NotebookNode]:
    """Return these notebooks with their outputs; run those that have changed, or all if the package has.

    Raises:
        CellExecutionError: a cell failed.
    """
    kept = {name: _kept(name) for name in wanted}
    fresh = run_all([name for name, notebook in kept.items() if notebook is None])
    for outcome in fresh.values():
        if isinstance(outcome, BaseException):
            raise outcome
    return {name: notebook or fresh[name] for name, notebook in kept.items()}


def run_all(wanted: Iterable[str]) -> dict[str, NotebookNode | BaseException]:
    """Run these notebooks from top to bottom, and store those that succeed.

    Returns:
        Each with its outputs, or what ended it.
    """
    return asyncio.run(_run_all(list(wanted)))


async def _run_all(wanted: list[str]) -> dict[str, NotebookNode | BaseException]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def run(name: str) -> NotebookNode:
        async with slots:
            return await _run(name)

    outcomes = await asyncio.gather(*map(run, wanted), return_exceptions=True)
    return dict(zip(wanted, outcomes, strict=True))


async def _run(name: str) -> NotebookNode:
    """Run one notebook in a folder of its own, without your settings, names or keys."""
    mark = _mark(name)
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    with TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        work.mkdir()
        environ = jupyter_environment(Path(folder) / "jupyter") | {"ORIGAMI_WIDGETS_DATA": str(Path(folder) / "names")}
        environ = {key: value for key, value in environ.items() if key not in NEVER} | INSTALLED
        where = {"metadata": {"path": str(work)}}
        client = NotebookClient(notebook, timeout=CELL_SECONDS, resources=where, extra_arguments=QUIET)
        await client.async_execute(env=environ)
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in KEPT.glob(f"{Path(name).stem}.*.ipynb"):
        old.unlink(missing_ok=True)
    nbformat.write(notebook, _place(name, mark))
    return notebook


def _kept(name: str) -> NotebookNode | None:
    place = _place(name, _mark(name))
    return nbformat.read(place, as_version=4) if place.exists() else None


def _place(name: str, mark: str) -> Path:
    return KEPT / f"{Path(name).stem}.{mark}.ipynb"


def _mark(name: str) -> str:
    """Return a digest of everything that decides the outputs: the notebook, the package with its front end, the libraries."""
    package = (path for path in (REPOSITORY / "origami_widgets").rglob("*") if path.suffix in {".py", ".js", ".css"})
    digest = hashlib.sha256(sys.version.encode())
    for path in (NOTEBOOKS / name, REPOSITORY / "requirements-dev.lock", *sorted(package)):
        digest.update(f"{path}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
