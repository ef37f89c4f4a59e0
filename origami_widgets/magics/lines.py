"""The line magic: its commands, each in the words of the public interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.secret import hide_all
from origami_widgets.magics.commands import ALSO_CALLED, ASKING, CELL, CELL_HELP, COMMANDS, explained, overview
from origami_widgets.magics.names import active_run, meant, newest_run, runs_here, runs_in
from origami_widgets.magics.words import nearest, parse, split, variable
from origami_widgets.run.batch import RunBatch

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
    if not words or words[0] in ASKING:
        print(overview())  # noqa: T201 - what a bare magic shows
        return None
    name, *rest = words
    command = COMMANDS.get(name)
    if command is None:
        raise _no_command(name)
    if ASKING.intersection(rest):
        print(explained(command))  # noqa: T201 - what was asked for
        return None
    return _DOING[name](parse(command, rest), names)


def _attach(asked: Line, names: Names) -> Run:
    into = asked.value("--into")
    kept = variable(into, names.notebook) if into is not None else None
    named = meant(asked.words[0], names)
    if isinstance(named, str):
        token = named
    elif len(runs := runs_in(named)) == 1:
        token = runs[0].token
    else:
        word = hide_all(asked.words[0])[:80]
        raise InvalidInput(
            "One run can be attached at a time",
            cause=f"{word} holds {len(runs)}.",
            remedy=f"To show them together: %origami runs {word}.",
        )
    run = ow.attach(token)
    if kept is not None:
        names.notebook[kept] = run
    return run


def _runs(asked: Line, names: Names) -> object:
    if not asked.words:
        return ow.RunBoard()
    named = meant(asked.words[0], names)
    if isinstance(named, str):
        return ow.RunBoard([named] if "/" in named else named)
    return ow.RunBoard(named if isinstance(named, RunBatch) else runs_in(named))


def _tables(asked: Line, names: Names) -> object:
    if not asked.words:
        return ow.tables_frame(newest_run())
    named = meant(asked.words[0], names)
    return ow.tables_frame(_found(named) if isinstance(named, str) else runs_in(named))


def _credits(asked: Line, _names: Names) -> object:
    if asked.has("--frame"):
        return ow.credits_frame(runs_here() or None)
    return ow.account()


def _cancel(asked: Line, names: Names) -> None:
    named = meant(asked.words[0], names) if asked.words else active_run()
    if isinstance(named, RunBatch):
        _cancel_batch(named)
        return
    for run in [_found(named)] if isinstance(named, str) else runs_in(named):
        if run.done:
            print(f"{run.token} is over already: {run.status}. Nothing of it was going on.")  # noqa: T201 - the answer
            continue
        asked_before = _is_asked(run)
        run.cancel()
        told = "Origami was asked before to cancel" if asked_before else "Asked Origami to cancel"
        print(f"{told} {run.token}. It is over when its card says so.")  # noqa: T201 - the answer


def _cancel_batch(batch: RunBatch) -> None:
    """Cancel a batch, and say what was going on of it."""
    waiting = batch.waiting
    over = {run.token for run in batch.runs if run.done}
    before = {run.token for run in batch.runs if not run.done and _is_asked(run)}
    batch.cancel()
    # Where a start was under way, there is a run by now.
    asked = {run.token for run in batch.runs} - over - before
    told = [
        "No more runs are started." if waiting else "",
        f"Asked Origami to cancel {_count(len(asked))}." if asked else "",
        f"Origami was asked before to cancel {_count(len(before))}." if before else "",
    ]
    print(" ".join(filter(None, told)) or "Nothing of it was going on.")  # noqa: T201 - the answer


def _is_asked(run: Run) -> bool:
    """Whether Origami was asked to cancel it already."""
    return run.state.cancel == "requested"


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


def _found(token: str) -> Run:
    return ow.attach(token, show=False)


def _count(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs} runs"


def _no_command(name: str) -> InvalidInput:
    if name.startswith("-"):
        return InvalidInput(
            f"%origami has no option {hide_all(name)[:80]}",
            cause="One percent sign is a command; a brief needs two, and stands in the lines below.",
            remedy=f"{nearest(name.partition('=')[0], [option.name for option in CELL.options])}%origami help {CELL_HELP} explains the cell.",
        )
    meant_by = f"Did you mean {ALSO_CALLED[name]}? " if name in ALSO_CALLED else nearest(name, COMMANDS)
    return InvalidInput(
        f"There is no %origami {hide_all(name)[:80]}",
        cause=f"The commands are {', '.join(COMMANDS)}. To brief an agent, begin a cell with %%origami.",
        remedy=f"{meant_by}%origami help explains them.",
    )
