"""The cell magic: a brief, and the line above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import origami_widgets as ow
from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.braces import expand, value_or_text
from origami_widgets.magics.commands import ASKING, CELL, explained
from origami_widgets.magics.words import parse, split, variable
from origami_widgets.run.starts.store import valid_once

if TYPE_CHECKING:
    from origami_widgets.magics.names import Names
    from origami_widgets.magics.words import Line
    from origami_widgets.run.handle import Run
    from origami_widgets.run.waiting import Until


def start_from_cell(line: str, cell: str, names: Names) -> Run | None:
    """Carry out a cell: start its run, or show the one that it has started before. Spends credits.

    Everything that can be wrong is found before anything is sent.

    Args:
        line: what follows `%%origami`.
        cell: the text below.
        names: the notebook's variables; the run is kept there when the line says so.

    Returns:
        The run, which is the value of the cell; None when it is to show nothing, or when the line asks for help.

    Raises:
        InvalidInput: something in the line or in the brief cannot be right; nothing was sent.
        OrigamiError: the run was not started, or may have been; as for `start`.
    """
    words = split(line)
    if ASKING.intersection(words):
        print(explained(CELL))  # noqa: T201 - what was asked for, in the place of a run
        return None
    asked = parse(CELL, words)
    into = asked.value("--into")
    kept = variable(into, names.notebook) if into is not None else None
    quiet = asked.has("--quiet")
    if quiet and kept is None:
        raise InvalidInput(
            "--quiet needs --into",
            cause="A run that is neither shown nor kept could not be reached from here.",
            remedy="Write --quiet --into run.",
        )
    options = _options(asked, names)
    prompt = _brief(cell, names)
    run = ow.start(prompt, show=not quiet, **options)
    if kept is not None:
        names.notebook[kept] = run
    if (until := asked.value("--wait")) is not None:
        run.wait(cast("Until", until))
    return None if quiet else run


def _brief(cell: str, names: Names) -> str:
    if not cell.strip():
        raise InvalidInput(
            "The brief is empty",
            cause="The text of the cell, below the line with %%origami, is what the agent is told.",
            remedy="Say in a sentence or two what the agent should find or do.",
        )
    return validate.prompt(expand(validate.not_a_key(cell.strip(), "a brief"), names.all, "the brief").strip())


def _options(asked: Line, names: Names) -> dict[str, Any]:
    """The options of `start`, checked."""

    def text(option: str) -> str | None:
        value = asked.value(option)
        return None if value is None else expand(value, names.all, f"the value of {option}")

    once = text("--once")
    focus: list[object] = []
    for given in asked.options.get("--focus", ()):
        value = value_or_text(given, names.all, "the value of --focus")
        focus += value if isinstance(value, list | tuple) else [value]
    return {
        "name": validate.agent_name(text("--name")),
        "model": validate.model(text("--model")),
        "focus_tables": validate.table_ids(focus),
        "once": None if once is None else valid_once(once),
        "fresh": asked.has("--fresh"),
    }
