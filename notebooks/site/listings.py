"""Parts of the reference that stand in no docstring: magics, commands, errors and their codes, each from what defines it."""

from __future__ import annotations

import contextlib
import html
import inspect
import io
import os
import re
from typing import Annotated, get_origin, get_type_hints
from unittest.mock import patch

import origami_widgets as ow
from origami_widgets.api.error_catalog import CODES, title_of
from origami_widgets.api.models import account, base, run, table
from origami_widgets.cli import main as cli
from origami_widgets.magics.commands import CELL, COMMANDS, explained, overview

FENCE = "```"
MARK = re.compile(r"<!-- (\w+) -->")
"""Where a listing stands in a page: its function."""
OBJECTS_ARE = (
    "You can't change these objects. What the server left out is None or empty. `raw` holds the whole answer, with fields "
    "that this version does not know."
)
CODES_ARE = (
    "The values of `error.code` with an error or a remedy of their own. Any other code stays in `error.code` and is the "
    "error's title; its HTTP status decides the error and its remedy."
)


def with_listings(markdown: str) -> str:
    """Return a page of the reference with its listings in place of their marks."""
    listed = {function.__name__: function for function in (codes, commands, errors, magics, objects)}
    return MARK.sub(lambda mark: listed[mark[1]](), markdown)


def errors() -> str:
    """Return the blocks of the errors in `ow.errors`, without constructors: users never call these."""
    options = "    options:\n        heading_level: 3\n        merge_init_into_class: false"
    homes = [f"{getattr(ow.errors, name).__module__}.{name}" for name in ow.errors.__all__]
    return "\n\n".join(f"::: {home}\n{options}" for home in homes)


def magics() -> str:
    """Return the output of `%origami help` for every command."""
    each = [f"## `{command.line}`\n\n{_as_is(explained(command))}" for command in (CELL, *COMMANDS.values())]
    return "\n\n".join([_as_is(overview()), *each])


def commands() -> str:
    """Return the output of `origami-widgets --help` for every command."""
    parts = [f"## `origami-widgets {each.name}`\n\n{_as_is(_help(each.name, '--help'))}" for each in cli.COMMANDS]
    return "\n\n".join([_as_is(_help("--help")), *parts])


def codes() -> str:
    """Return the table of error codes of the API and their errors."""
    rows = [
        f"| `{code}` | `{entry.kind.__name__}` | {entry.title or title_of(code)} | {html.escape(entry.remedy, quote=False)} |"
        for code, entry in sorted(CODES.items())
    ]
    head = ["## Error codes", "", CODES_ARE, "", "| `code` | error | `title` | `remedy` |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def objects() -> str:
    """The objects that calls of the API return, with their fields."""
    members = {**vars(account), **vars(base), **vars(run), **vars(table)}
    classes = [each for _, each in sorted(members.items()) if inspect.isclass(each) and issubclass(each, base.Model)]
    parts = ["## Returned objects", OBJECTS_ARE]
    parts += [_object(each) for each in classes if fields_of(each)]
    return "\n\n".join(parts)


def fields_of(kind: type) -> dict[str, str]:
    """The fields of a model with their types and descriptions, those of its bases first."""
    kinds = [each for each in reversed(kind.__mro__) if issubclass(each, base.Model)]
    every = {name: str(said) for each in kinds for name, said in inspect.get_annotations(each).items()}
    return {
        name: _field(kind, name, said)
        for name, said in every.items()
        if name != "raw" and name[0] != "_" and not said.startswith("ClassVar")
    }


def _field(kind: type, name: str, annotation: str) -> str:
    hint = get_type_hints(kind, include_extras=True)[name]
    if get_origin(hint) is not Annotated:
        return f"`{annotation}`"
    (about,) = hint.__metadata__
    unit = f" ({about.unit})" if about.unit else ""
    return f"`{annotation.removeprefix('Annotated[').partition(', About(')[0]}`{unit}: {about.meaning}"


def _object(kind: type) -> str:
    about = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    fields = "\n".join(f"- `{name}`: {said}" for name, said in fields_of(kind).items())
    return f"### `{kind.__name__}`\n\n{about}\n\n{fields}"


def _as_is(text: str) -> str:
    return f"{FENCE}text\n{text.rstrip()}\n{FENCE}"


def _help(*arguments: str) -> str:
    said = io.StringIO()
    narrow = patch.dict(os.environ, {"COLUMNS": "88", "NO_COLOR": "1"})
    with narrow, contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        cli.main(arguments)
    return said.getvalue()
