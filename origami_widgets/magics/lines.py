"""The line magic: its commands, each in the words of the public interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.redact import hide_all
from origami_widgets.magics.commands import CELL, CELL_HELP, COMMANDS, explained, overview
from origami_widgets.magics.names import active_run, meant, newest_run
from origami_widgets.magics.words import nearest, parse, split, variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.magics.names import Names
    from origami_widgets.magics.words import Line
    from origami_widgets.run.handle import Run


def carry_out(line: str, names: Names) -> object:
    """Carry out a line.

    Args:
        line: what follows `%origami`.
        names: the variables there.

    Returns:
        What the line shows as the value of its cell; None where it prints.

    Raises:
        InvalidInput: something in the line cannot be right; nothing was sent.
        OrigamiError: it could not be carried out.
    """
    words = split(line)
    if not words:
        print(overview())  # noqa: T201 - what a bare magic shows
        return None
    name, *rest = words
    command = COMMANDS.get(name)
    if command is None:
        raise _no_command(name)
    return _DOING[name](parse(command, rest), names)


def _attach(asked: Line, names: Names) -> Run:
    into = asked.value("--into")
    kept = variable(into) if into is not None else None
    named = meant(asked.words[0], names)
    run = ow.attach(named if isinstance(named, str) else named[0].token)
    if kept is not None:
        names.notebook[kept] = run
    return run


def _runs(asked: Line, names: Names) -> object:
    if not asked.words:
        return ow.RunBoard()
    named = meant(asked.words[0], names)
    if isinstance(named, str) and "/" in named:
        return ow.RunBoard([named])
    return ow.RunBoard(named)


def _tables(asked: Line, names: Names) -> object:
    return ow.tables_frame(_found(asked.words[0], names) if asked.words else newest_run())


def _credits(asked: Line, _names: Names) -> object:
    return ow.credits_frame() if asked.has("--frame") else ow.account()


def _cancel(asked: Line, names: Names) -> None:
    for run in _found(asked.words[0], names) if asked.words else [active_run()]:
        if run.done:
            print(f"{run.token} is over already: {run.status}.")  # noqa: T201 - the line's only answer
            continue
        run.cancel()
        print(f"Asked Origami to cancel {run.token}. It is over when its card says so.")  # noqa: T201 - as above


def _login(asked: Line, _names: Names) -> object:
    return ow.login(store=asked.has("--store"))


def _help(asked: Line, _names: Names) -> None:
    if not asked.words:
        print(overview())  # noqa: T201 - what was asked for
        return
    name = asked.words[0].lstrip("%")
    command = CELL if name in (CELL_HELP, "origami") else COMMANDS.get(name)
    if command is None:
        raise _no_command(name)
    print(explained(command))  # noqa: T201 - what was asked for


_DOING: dict[str, Callable[[Line, Names], object]] = {
    "attach": _attach,
    "runs": _runs,
    "tables": _tables,
    "credits": _credits,
    "cancel": _cancel,
    "login": _login,
    "help": _help,
}


def _found(word: str, names: Names) -> list[Run]:
    named = meant(word, names)
    return [ow.attach(named, show=False)] if isinstance(named, str) else named


def _no_command(name: str) -> InvalidInput:
    if name.startswith("-"):
        return InvalidInput(
            f"%origami has no option {hide_all(name)[:80]}",
            cause="One percent sign is a command; a brief needs two, and stands in the lines below.",
            remedy=f"{nearest(name.partition('=')[0], [option.name for option in CELL.options])}%origami help {CELL_HELP} explains the cell.",
        )
    return InvalidInput(
        f"There is no %origami {hide_all(name)[:80]}",
        cause=f"The commands are {', '.join(COMMANDS)}. To brief an agent, begin a cell with %%origami.",
        remedy=f"{nearest(name, COMMANDS)}%origami help explains them.",
    )
