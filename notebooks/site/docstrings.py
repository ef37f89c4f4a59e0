"""What the reference reads of a docstring: its examples as code, in whatever form they stand there."""

# ruff: noqa: INP001 - a folder of scripts

from __future__ import annotations

import re
from typing import Any

import griffe

HEADING = re.compile(r"^( *)Example:[ ]*$", re.MULTILINE)


class Examples(griffe.Extension):
    """Makes every example a code block: Markdown would read `>>>` as a quotation of a quotation."""

    def on_instance(self, *, obj: griffe.Object, **_more: Any) -> None:
        """Rewrite the docstring of each object as it is loaded."""
        if obj.docstring is not None:
            obj.docstring.value = with_examples(obj.docstring.value)


def with_examples(docstring: str) -> str:
    """The docstring with its examples under the heading that the parser of this style knows."""
    named = HEADING.sub(r"\1Examples:", docstring)
    lines = named.split("\n")
    bare = next((at for at, line in enumerate(lines) if line.startswith(">>> ")), None)
    if bare is None:
        return named
    indented = [f"    {line}" if line else "" for line in lines[bare:]]
    return "\n".join([*lines[:bare], "Examples:", *indented])
