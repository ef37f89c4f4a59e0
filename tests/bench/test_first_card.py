"""README's first three lines show a live card, in a kernel that knows nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_client.manager import start_new_kernel

from tests.bench.bench_first_card import first_lines, show
from tests.kernels.environments import REPOSITORY
from tests.kernels.front_end import FrontEnd

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_first_three_lines_of_readme_show_a_live_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = first_lines((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert len(lines.splitlines()) == 3
    for name in [name for name in os.environ if name.startswith(("ORIGAMI_", "JUPYTER", "IPYTHON"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        assert show(FrontEnd(client), lines) == "running"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_lines_are_taken_over_the_borders_of_examples() -> None:
    page = (
        "```python\na = 1\n```\n\nand\n\n```console\nls\n```\n\n```python\nb = (\n    2\n)  # why\nc = 3\nd = 4\n```\n"
    )
    assert first_lines(page) == "a = 1\nb = (\n    2\n)\nc = 3"
