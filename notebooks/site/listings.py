"""Parts of the reference that stand in no docstring: magics, commands and codes of errors, each from what defines it."""

# ruff: noqa: INP001 - a folder of scripts

from __future__ import annotations

import contextlib
import io
import os
from unittest.mock import patch

from origami_widgets import cli
from origami_widgets.api.error_catalog import CODES
from origami_widgets.magics.commands import CELL, COMMANDS, explained, overview

FENCE = "```"
CODES_ARE = (
    "What `error.code` may hold, and which error it is. Codes that are new keep their own word, and become the error of "
    "their HTTP status."
)


def magics() -> str:
    """What `%origami help` says, of everything."""
    each = [f"## `{command.line}`\n\n{_as_is(explained(command))}" for command in (CELL, *COMMANDS.values())]
    return "\n\n".join([_as_is(overview()), *each])


def commands() -> str:
    """What `origami-widgets --help` says, of everything."""
    names = [register.__module__.rpartition(".")[2] for register in cli.COMMANDS]
    each = [f"## `origami-widgets {name}`\n\n{_as_is(_help(name, '--help'))}" for name in names]
    return "\n\n".join([_as_is(_help("--help")), *each])


def codes() -> str:
    """What each code of the API is here."""
    rows = [
        f"| `{code}` | `{entry.kind.__name__}` | {entry.title} | {_cell(entry.remedy)} |"
        for code, entry in sorted(CODES.items())
    ]
    return "\n".join(
        [
            "## The codes of Origami's API",
            "",
            CODES_ARE,
            "",
            "| `code` | error | `title` | `remedy` |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _as_is(text: str) -> str:
    return f"{FENCE}text\n{text.rstrip()}\n{FENCE}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _help(*arguments: str) -> str:
    said = io.StringIO()
    narrow = patch.dict(os.environ, {"COLUMNS": "88", "NO_COLOR": "1"})
    with narrow, contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        cli.main(arguments)
    return said.getvalue()
