"""What the reference reads of a function or class: its examples as code, and none of its private arguments."""

# ruff: noqa: INP001 - a folder of scripts

from __future__ import annotations

import re
from typing import Any

import griffe

HEADING = re.compile(r"^( *)Example:[ ]*$", re.MULTILINE)


class ForReaders(griffe.Extension):
    """Makes every example a code block (Markdown would read `>>>` as a quotation), and leaves out what is private."""

    def on_instance(self, *, obj: griffe.Object, **_more: Any) -> None:
        """Change each object as it is loaded."""
        if obj.docstring is not None:
            obj.docstring.value = with_examples(obj.docstring.value)
        if isinstance(obj, griffe.Function):
            # Arguments for the package's own parts.
            for name in [parameter.name for parameter in obj.parameters if parameter.name.startswith("_")]:
                del obj.parameters[name]


def with_examples(docstring: str) -> str:
    """The docstring with its examples under the heading that the parser of this style knows."""
    named = HEADING.sub(r"\1Examples:", docstring)
    lines = named.split("\n")
    bare = next((at for at, line in enumerate(lines) if line.startswith(">>> ")), None)
    if bare is None:
        return named
    indented = [f"    {line}" if line else "" for line in lines[bare:]]
    return "\n".join([*lines[:bare], "Examples:", *indented])
