"""The notebook for marimo: what marimo says of it, and what it comes to where nobody sits before it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.marimo import FOLDERS

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "notebooks" / "marimo_example.py"


@pytest.fixture
def marimo(tmp_path, monkeypatch):
    """Run a command of marimo on a copy: it writes beside the notebooks that it runs."""
    for name in ("ORIGAMI_API_KEY", "ORIGAMI_BASE_URL", "ORIGAMI_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(EXAMPLE, tmp_path)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "marimo", *arguments],
            cwd=tmp_path,
            env=os.environ | dict.fromkeys(FOLDERS, str(tmp_path)) | {"PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_marimo_finds_nothing_to_say(marimo):
    checked = marimo("check", "--strict", EXAMPLE.name)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout + checked.stderr


def test_an_export_waits_and_holds_card_and_frames(marimo, tmp_path):
    done = marimo("export", "html", EXAMPLE.name, "--no-include-code", "--output=run.html", "--", "--wait")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    for part in ("SaaS founders in Austin", "Completed", "qualification_pass", "row_id"):
        assert part in page
    assert "The frames come when" not in page
    assert "Traceback" not in page
