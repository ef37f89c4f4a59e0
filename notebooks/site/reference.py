"""The reference: its pages are Markdown in notebooks/reference, and say which public name is where."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import origami_widgets

FOLDER = Path(__file__).resolve().parents[1] / "reference"
NAME = re.compile(r"^::: origami_widgets\.(\w+)$", re.MULTILINE)
ALONE = {"__version__", "errors"}
"""Public names that need no words of their own: the errors are described one by one."""


class Group(NamedTuple):
    """A page of the reference: its place in the site, heading and first paragraph, and the public names on it."""

    place: str
    title: str
    about: str
    names: tuple[str, ...]


def groups() -> list[Group]:
    """Return all pages of the reference."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
    heads = {name: text.split("\n\n") for name, text in texts.items()}
    return [
        Group(f"reference/{name}.html", head[0].removeprefix("# "), head[1], tuple(NAME.findall(texts[name])))
        for name, head in heads.items()
    ]


def places() -> dict[str, str]:
    """Return the page that describes each public name."""
    return {name: group.place for group in groups() for name in group.names}


def without_a_place() -> list[str]:
    """Return the public names that no page of the reference lists."""
    return sorted(set(origami_widgets.__all__) - places().keys() - ALONE)
