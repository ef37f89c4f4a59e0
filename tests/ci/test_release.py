"""What stands in the way of a release is said, and what is written about it agrees."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import origami_widgets as ow
from tests.ci.scripts import load

release = load("release")
ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-11-25

### Added

- Something.

## [1.1.0] - 2026-10-01
"""
BADGE = "[![Open](badge.svg)](https://colab.research.google.com/github/example/widgets/blob/main/notebooks/colab.ipynb)"
READY = release.Written(
    "1.2.0", CHANGELOG, frozenset({"v1.1.0"}), "https://github.com/example/widgets", {"README.md": BADGE}
)


def test_nothing_stands_in_the_way() -> None:
    assert release.problems(READY) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": "1.2"}, "'1.2'"),
        ({"tags": frozenset({"v1.2.0"})}, "1.2.0"),
        ({"version": "1.3.0"}, "CHANGELOG.md"),
        ({"changelog": "# Changelog\n\n## [Unreleased]\n"}, "CHANGELOG.md"),
        ({"changelog": CHANGELOG.replace(" - 2026-11-25", "")}, "YYYY-MM-DD"),
        ({"changelog": CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n- Something else.\n")}, "Unreleased"),
        ({"repository": ""}, "pyproject.toml"),
        ({"pages": {"README.md": BADGE.replace("example", "OWNER")}}, "OWNER/widgets"),
        ({"changed": ("README.md", "js/x.ts")}, "README.md, js/x.ts"),
    ],
)
def test_what_stands_in_the_way_is_named(change: dict[str, Any], named: str) -> None:
    first, *_ = release.problems(READY._replace(**change))
    assert named in first


def test_it_reads_what_is_written(tmp_path: Path) -> None:
    for name in ("origami_widgets/_version.py", "pyproject.toml", "CHANGELOG.md", *release.PAGES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for arguments in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    written = release.read(tmp_path)
    assert written.version == ow.__version__
    assert written.pages.keys() == set(release.PAGES)
    assert "README.md" in written.changed
    assert "[Unreleased]" in written.changelog


def test_every_badge_leads_to_one_repository() -> None:
    written = {name: (ROOT / name).read_text(encoding="utf-8") for name in release.PAGES}
    owners = {owner for text in written.values() for owner in release.BADGE.findall(text)}
    assert len(owners) == 1
    assert release.BADGE.search(written["notebooks/colab.ipynb"])


def test_the_changelog_is_not_ahead_of_the_version() -> None:
    names = [heading["name"] for heading in release.HEADING.finditer((ROOT / "CHANGELOG.md").read_text("utf-8"))]
    released = [tuple(map(int, name.split("."))) for name in names if re.fullmatch(r"\d+\.\d+\.\d+", name)]
    assert len(released) + names.count("Unreleased") == len(names)
    assert released == sorted(released, reverse=True)
    assert max(released, default=(0, 0, 0)) <= tuple(map(int, ow.__version__.split(".")[:3]))


def test_the_list_names_files_that_exist() -> None:
    text = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
    code = " ".join(re.findall(r"`([^`]*)`", text))
    named = re.findall(r"(?<!\S)(?:[\w.-]+/)*[\w.-]+\.(?:py|md|toml|txt|ipynb)(?!\S)", code)
    assert {"CHANGELOG.md", ".ci/release.py"} <= set(named)
    assert [name for name in named if not (ROOT / name).exists()] == []
