"""Say what stands in the way of a release, one line each; the exit code is 1 where something does.

It looks at what is written: the version, the changelog, the tags, the address of the repository and the links to it.
Whether the package works, the tests say. RELEASING.md is the list that this belongs to.
"""

# ruff: noqa: INP001, T201 - a script, and its interface is what it prints

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "notebooks/colab.ipynb")
"""Where a badge leads to the repository."""
BADGE = re.compile(r"https://colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/blob/")
HEADING = re.compile(r"(?m)^## \[(?P<name>[^\]]+)\](?: - (?P<day>\d{4}-\d{2}-\d{2}))?$")
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


@dataclass(frozen=True)
class Written:
    """What is written about the next release.

    Args:
        version: the version of the package.
        changelog: the text of CHANGELOG.md.
        tags: the tags of the repository.
        repository: its address in `[project.urls]`; empty where there is none.
        pages: the texts that lead to it, by their names.
        changed: the files that are not committed.
    """

    version: str
    changelog: str
    tags: frozenset[str]
    repository: str
    pages: dict[str, str]
    changed: tuple[str, ...] = ()


def problems(written: Written) -> list[str]:
    """Return what stands in the way, in the order in which to see to it."""
    return [*_of_version(written), *_of_changelog(written), *_of_address(written), *_of_files(written)]


def _of_version(written: Written) -> list[str]:
    found = []
    if not VERSION.fullmatch(written.version):
        found.append(f"The version {written.version!r} is none: write it as 1.2.3 or 1.2.3rc1.")
    if f"v{written.version}" in written.tags:
        found.append(f"The version {written.version} is tagged already: what is released is never replaced.")
    return found


def _of_changelog(written: Written) -> list[str]:
    headings = list(HEADING.finditer(written.changelog))
    released = [heading for heading in headings if heading["name"] != "Unreleased"]
    if not released or released[0]["name"] != written.version:
        newest = f"its newest is {released[0]['name']}" if released else "it has no released version"
        return [f"CHANGELOG.md has no section for {written.version}: {newest}."]
    found = []
    if released[0]["day"] is None:
        found.append(
            f"The section {written.version} of CHANGELOG.md has no day: '## [{written.version}] - YYYY-MM-DD'."
        )
    if headings[0]["name"] == "Unreleased":
        between = written.changelog[headings[0].end() : headings[1].start()].strip()
        if between:
            found.append(f"CHANGELOG.md has changes under Unreleased: they belong to {written.version}.")
    return found


def _of_address(written: Written) -> list[str]:
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)/?", written.repository)
    if match is None:
        return ["pyproject.toml has no address: write it under [project.urls] as Source."]
    return [
        f"{name} leads to {owner}, and the repository is {match[1]}."
        for name, text in written.pages.items()
        for owner in sorted(set(BADGE.findall(text)) - {match[1]})
    ]


def _of_files(written: Written) -> list[str]:
    return [f"Not committed: {', '.join(written.changed)}."] if written.changed else []


def read(root: Path) -> Written:
    """Read what a working tree says."""
    source = (root / "origami_widgets" / "_version.py").read_text(encoding="utf-8")
    version = re.search(r'(?m)^__version__ = "(.*)"$', source)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Written(
        version[1] if version else "",
        (root / "CHANGELOG.md").read_text(encoding="utf-8"),
        frozenset(_git(root, "tag", "--list")),
        project.get("urls", {}).get("Source", ""),
        {name: (root / name).read_text(encoding="utf-8") for name in PAGES},
        tuple(line[3:] for line in _git(root, "status", "--porcelain")),
    )


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)  # noqa: S603, S607 - the person's own git
    return done.stdout.splitlines()


def main() -> int:
    """Print what stands in the way; return 1 where something does."""
    written = read(REPOSITORY)
    found = problems(written)
    for problem in found:
        print(problem)
    if not found:
        print(f"Nothing that is written stands in the way of {written.version}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
