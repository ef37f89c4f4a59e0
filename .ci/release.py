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
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "notebooks/colab.ipynb")
"""Where a badge leads to the repository."""
BADGE = re.compile(r"https://colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/blob/")
HEADING = re.compile(r"(?m)^## \[(?P<name>[^\]]+)\](?: - (?P<day>\d{4}-\d{2}-\d{2}))?$")
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


class Written(NamedTuple):
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
    version, headings = written.version, list(HEADING.finditer(written.changelog))
    newest = next((heading for heading in headings if heading["name"] != "Unreleased"), None)
    has_section = newest is not None and newest["name"] == version
    coming = written.changelog[headings[0].end() : newest.start()].strip() if newest else ""
    address = written.repository.removeprefix("https://github.com/").rstrip("/")
    checks = [
        (not VERSION.fullmatch(version), f"The version {version!r} is none: write it as 1.2.3 or 1.2.3rc1."),
        (f"v{version}" in written.tags, f"The version {version} is tagged already: it is never replaced."),
        (not has_section, f"CHANGELOG.md has no section for {version}."),
        (has_section and not newest["day"], f"Its section of CHANGELOG.md has no day: '## [{version}] - YYYY-MM-DD'."),
        (has_section and coming, f"CHANGELOG.md has changes under Unreleased: they belong to {version}."),
        (not address, "pyproject.toml has no address: write it under [project.urls] as Source."),
        *(
            (owner != address, f"{name} leads to {owner}, and the repository is {address}.")
            for name, text in written.pages.items()
            for owner in sorted(set(BADGE.findall(text)))
        ),
        (written.changed, f"Not committed: {', '.join(written.changed)}."),
    ]
    return [problem for is_wrong, problem in checks if is_wrong]


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


if __name__ == "__main__":
    found = problems(read(REPOSITORY))
    print("\n".join(found) or "Nothing that is written stands in the way.")
    sys.exit(1 if found else 0)
