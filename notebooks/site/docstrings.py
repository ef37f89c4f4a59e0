"""Prepare the reference: show examples as code, calls of the clients as methods, and no private arguments."""

from __future__ import annotations

import re
from typing import Any

import griffe

CALL = re.compile(r"Call\(Operations\.(\w+)\b.*\)")
HEADING = re.compile(r"^( *)Example:[ ]*$", re.MULTILINE)


class ForReaders(griffe.Extension):
    """Turns every example into a code block (Markdown would read `>>>` as a quotation), and leaves out private arguments."""

    def on_instance(self, *, obj: griffe.Object, **_more: Any) -> None:
        """Change each object as it is loaded."""
        if obj.docstring is not None:
            obj.docstring.value = with_examples(obj.docstring.value)
        if isinstance(obj, griffe.Function):
            # Arguments that only the package itself uses.
            for name in [parameter.name for parameter in obj.parameters if parameter.name.startswith("_")]:
                del obj.parameters[name]

    def on_package(self, *, pkg: griffe.Module, **_more: Any) -> None:
        """Show the calls of the clients as methods: an index names the coroutine function of each."""
        calls = pkg["api.operations.Operations"].all_members
        index = pkg["api.client.BaseClient"]
        for name, member in list(index.members.items()):
            call = CALL.fullmatch(str(member.value)) if member.is_attribute else None
            if call is not None:
                found = calls[call[1]]
                index.set_member(name, found.final_target if found.is_alias else found)


def with_examples(docstring: str) -> str:
    """Return the docstring with its examples under the heading that the parser of this style knows."""
    named = HEADING.sub(r"\1Examples:", docstring)
    lines = named.split("\n")
    bare = next((at for at, line in enumerate(lines) if line.startswith(">>> ")), None)
    if bare is None:
        return named
    indented = [f"    {line}" if line else "" for line in lines[bare:]]
    return "\n".join([*lines[:bare], "Examples:", *indented])
