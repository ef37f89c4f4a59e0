"""Run the notebooks, which are committed without outputs: several kernels at a time, because kernels mostly wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient

from notebooks.serve import jupyter_environment

if TYPE_CHECKING:
    from nbformat import NotebookNode

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = REPOSITORY / "notebooks"
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


def run_all(wanted: Iterable[str]) -> dict[str, NotebookNode | BaseException]:
    """Run these notebooks from top to bottom.

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
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    with TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        work.mkdir()
        environ = jupyter_environment(Path(folder) / "jupyter") | {"ORIGAMI_WIDGETS_DATA": str(Path(folder) / "names")}
        environ = {key: value for key, value in environ.items() if key not in NEVER} | INSTALLED
        where = {"metadata": {"path": str(work)}}
        client = NotebookClient(notebook, timeout=CELL_SECONDS, resources=where, extra_arguments=QUIET)
        await client.async_execute(env=environ)
    return notebook
