"""Installing from a clone, as `pip install git+…` does: with npm it builds the front end, without it says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.packaging.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed, in which nothing was built."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this copy of the project has no git repository that could be cloned")
    folder = tmp_path_factory.mktemp("source") / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(folder)], check=True)
    return folder


def wheel_from(clone: Path, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Let pip make a wheel of a clone, with these folders on the path."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    return subprocess.run(
        [*command, "--wheel-dir", str(folder), f"git+{clone.as_uri()}"],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def with_npm(clone: Path, tmp_path: Path) -> str:
    """The folders of npm, whose `install` finds what the set-up has installed from the same lock: that takes it ten seconds."""
    npm = shutil.which("npm")
    assert npm is not None
    if (clone / "js/package-lock.json").read_bytes() != (REPOSITORY / "js/package-lock.json").read_bytes():
        return os.environ["PATH"]
    folder = tmp_path / "bin"
    folder.mkdir()
    quick = folder / "npm"
    link = f'ln -s "{REPOSITORY}/js/node_modules" node_modules'
    quick.write_text(f'#!/bin/sh\nif [ "$1" = install ]; then {link}; else exec "{npm}" "$@"; fi\n', encoding="utf-8")
    quick.chmod(0o755)
    return os.pathsep.join((str(folder), os.environ["PATH"]))


def test_with_npm_the_wheel_from_git_holds_what_the_published_one_holds(
    clone: Path, wheel: Path, with_npm: str, tmp_path: Path
) -> None:
    done = wheel_from(clone, tmp_path, with_npm)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(wheel) as published:
        static = "origami_widgets/card/static/card.js"
        assert archive.getinfo(static).file_size > 0
        committed = {name for name in published.namelist() if name.startswith("origami_widgets/card/")}
        assert committed <= set(archive.namelist()) | untracked()


def untracked() -> set[str]:
    """What lies in the working tree and no clone has yet."""
    listing = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(listing.stdout.splitlines())


def test_without_npm_it_says_what_is_missing(clone: Path, tmp_path: Path) -> None:
    only_git = tmp_path / "bin"
    only_git.mkdir()
    git = shutil.which("git")
    assert git is not None
    (only_git / "git").symlink_to(git)
    done = wheel_from(clone, tmp_path, str(only_git))
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "Could not find cmd (npm) in path" in said
