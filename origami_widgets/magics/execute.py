"""Carry out the line and cell magics: parse, check everything, then call the package's public functions."""

from __future__ import annotations

import keyword
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import origami_widgets as ow
from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import hide_all
from origami_widgets.card.view.stopping import stop_outcome
from origami_widgets.magics.commands import CELL, CELL_TOPIC, HELP_OPTIONS, command_of, explained, overview, split
from origami_widgets.magics.variables import Variables, active_run, expand, newest_run, resolve, runs_in, value_or_text
from origami_widgets.run.batch import RunBatch, briefs_of
from origami_widgets.run.starts.record import valid_once
from origami_widgets.words.foreign_text import clean
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.run.handle import Run

LONGEST_ANSWER = 400
"""Characters of what a line prints about tables."""

# ruff: noqa: T201 - a magic prints its help and its answers


def run_cell(line: str, cell: str, variables: Variables) -> Run | pd.DataFrame | None:
    """Start the run of a cell, or show the run that this cell or `--once` name started before. Spends credits.

    Checks everything before it sends anything.

    Args:
        line: the text after `%%origami`.
        cell: the text below it.
        variables: the notebook's variables; `--into` sets one of them.

    Returns:
        The run, as the value of the cell, or with `--data` the list with its new columns; None with `--quiet`, or if
        the line asks for help.

    Raises:
        InvalidInput: the line or the brief is wrong. Nothing was sent.
        OrigamiError: as in `start`.
    """
    words = split(line)
    if HELP_OPTIONS.intersection(words):
        print(explained(CELL))
        return None
    parsed = CELL.parse(words)
    into = check_target(parsed.into)
    if parsed.quiet and into is None:
        raise InvalidInput(
            "--quiet needs --into",
            cause="A run that is neither shown nor kept in a variable can't be reached.",
            remedy="Write --quiet --into run.",
        )
    options = _start_options(parsed, variables)
    prompt = _brief(cell, variables)
    value: Run | pd.DataFrame
    if parsed.data is not None or parsed.key is not None or parsed.columns is not None:
        value = ow.enrich(prompt=prompt, show=not parsed.quiet, **_list_options(parsed, options, variables))
    else:
        value = ow.start(prompt, show=not parsed.quiet, **options)
    if into is not None:
        variables.notebook[into] = value
    if parsed.wait is not None and isinstance(value, ow.Run):
        value.wait(parsed.wait)
    return None if parsed.quiet else value


def check_target(name: str | None) -> str | None:
    """Return the name after `--into`, None without one, if it can be that of a variable.

    Raises:
        InvalidInput: it can't. Nothing was sent.
    """
    if name is None or (name.isidentifier() and not keyword.iskeyword(name)):
        return name
    raise InvalidInput(
        "Invalid variable name",
        cause=f"--into needs the name of a variable. Got {validate.shortened(name)}.",
        remedy="Choose a name of letters, digits and _: --into run.",
    )


def _brief(cell: str, variables: Variables) -> str:
    if not cell.strip():
        raise InvalidInput(
            "The brief is empty",
            cause="The brief is the text of the cell below the line with %%origami.",
            remedy="Say in a sentence or two what the agent should find or do.",
        )
    return validate.prompt(expand(validate.not_a_key(cell.strip(), "a brief"), variables.all, "the brief").strip())


def _start_options(parsed: Namespace, variables: Variables) -> dict[str, Any]:
    """Return the checked options for `start`."""

    def text(value: str | None, option: str) -> str | None:
        return None if value is None else expand(value, variables.all, f"the value of {option}")

    once = text(parsed.once, "--once")
    focus: list[object] = []
    for given in parsed.focus:
        value = value_or_text(given, variables.all, "the value of --focus")
        focus += value if isinstance(value, list | tuple) else [value]
    return {
        "name": validate.agent_name(text(parsed.name, "--name")),
        "model": validate.model(text(parsed.model, "--model")),
        "focus_tables": validate.table_ids(focus),
        "once": None if once is None else valid_once(once),
        "fresh": parsed.fresh,
        "credit_limit": validate.credit_limit(_number(text(parsed.credit_limit, "--credit-limit"))),
    }


def _number(given: str | None) -> float | str | None:
    """Return the number that a text holds; a text without one as it is, for its error."""
    try:
        return float(given or "")
    except ValueError:
        return given


def _list_options(parsed: Namespace, options: dict[str, Any], variables: Variables) -> dict[str, Any]:
    """Return the checked options for `enrich`."""
    if parsed.data is None or parsed.key is None:
        raise InvalidInput(
            "--data and --key go together",
            cause="--data names the variable with your list, --key the columns that tell its rows apart.",
            remedy="Write --data companies --key website.",
        )
    if parsed.focus or parsed.wait is not None:
        raise InvalidInput(
            "--data can't be combined with --focus or --wait",
            cause="The agent works on the table of your list, and the cell waits until its cells are filled.",
            remedy="Leave them out.",
        )
    frame = variables.all.get(parsed.data)
    if frame is None:
        raise InvalidInput(
            f"No variable named {hide_all(parsed.data)[:80]}",
            cause="--data names the variable that holds your list.",
            remedy="Write the name of a variable that holds a DataFrame: --data companies.",
        )
    names = {
        argument: [name.strip() for name in (given or "").split(",") if name.strip()]
        for argument, given in (("key", parsed.key), ("columns", parsed.columns))
    }
    return {"frame": frame, **names, **{name: value for name, value in options.items() if name != "focus_tables"}}


def run_line(line: str, variables: Variables) -> object:
    """Carry out a line.

    Args:
        line: the text after `%origami`.
        variables: the variables that the line may name.

    Returns:
        The value of the line, which the cell shows; None when it prints.

    Raises:
        InvalidInput: the line is wrong. Nothing was sent.
        OrigamiError: the request failed.
    """
    words = split(line)
    if not words or words[0] in HELP_OPTIONS:
        print(overview())
        return None
    name, *rest = words
    command = command_of(name)
    if HELP_OPTIONS.intersection(rest):
        print(explained(command))
        return None
    return ACTIONS[name](command.parse(rest), variables)


def _attach(parsed: Namespace, variables: Variables) -> Run:
    into = check_target(parsed.into)
    found = resolve(parsed.token, variables)
    if isinstance(found, str):
        token = found
    elif len(runs := runs_in(found)) == 1:
        token = runs[0].token
    else:
        word = hide_all(parsed.token)[:80]
        raise InvalidInput(
            "Can only attach one run at a time",
            cause=f"{word} has {len(runs)} runs.",
            remedy=f"To show them together: %origami runs {word}.",
        )
    run = ow.attach(token)
    if into is not None:
        variables.notebook[into] = run
    return run


def _runs(parsed: Namespace, variables: Variables) -> object:
    if parsed.agent is None:
        return ow.RunBoard()
    found = resolve(parsed.agent, variables)
    if isinstance(found, str):
        return ow.RunBoard([found] if "/" in found else found)
    return ow.RunBoard(found if isinstance(found, RunBatch) else runs_in(found))


def _tables(parsed: Namespace, variables: Variables) -> object:
    return ow.tables_frame(_attached(resolve(parsed.run, variables)) if parsed.run is not None else newest_run())


def _cancel(parsed: Namespace, variables: Variables) -> None:
    found = resolve(parsed.run, variables) if parsed.run is not None else active_run()
    if isinstance(found, RunBatch):
        _cancel_batch(found)
        return
    for run in _attached(found):
        if run.settled:
            print(f"{run.token} has already ended: {run.status}. No cell is running. Nothing to cancel.")
            continue
        requested_before = _is_cancel_requested(run)
        agent_ended = run.done
        run.cancel()
        answer = "Cancellation was already requested for" if requested_before else "Asked Origami to cancel"
        what = f"the cells of {run.token}" if agent_ended else f"{run.token} and its cells"
        # How many cells were stopped so far, and what was left running. Names of tables come from the server.
        so_far = clean(stop_outcome(run.state), LONGEST_ANSWER)
        print(" ".join(filter(None, [f"{answer} {what}.", so_far, "Its card shows when nothing is active."])))


def _cancel_batch(batch: RunBatch) -> None:
    """Cancel a batch, and print what was cancelled."""
    waiting = any(brief.run is None and brief.state != "stopped" for brief in briefs_of(batch))
    settled = {run.token for run in batch.runs if run.settled}
    before = {run.token for run in batch.runs if not run.settled and _is_cancel_requested(run)}
    batch.cancel()
    # A start that was under way may have become a run by now.
    requested = {run.token for run in batch.runs} - settled - before
    whose = "its" if len(requested) == 1 else "their"
    sentences = [
        "No more runs will start." if waiting else "",
        f"Asked Origami to cancel {plural(len(requested), 'run')} and {whose} cells." if requested else "",
        f"Cancellation was already requested for {plural(len(before), 'run')}." if before else "",
    ]
    print(" ".join(filter(None, sentences)) or "Nothing to cancel.")


def _is_cancel_requested(run: Run) -> bool:
    return "requested" in (run.state.cancel, run.state.stopping)


def _help(parsed: Namespace, _variables: Variables) -> None:
    name = (parsed.command or "").lstrip("%")
    is_cell = name in (CELL_TOPIC, "origami")
    print(explained(CELL if is_cell else command_of(name)) if name else overview())


ACTIONS: dict[str, Callable[[Namespace, Variables], object]] = {
    "attach": _attach,
    "runs": _runs,
    "tables": _tables,
    "credits": lambda parsed, _variables: ow.credits_frame() if parsed.frame else ow.account(),
    "cancel": _cancel,
    "login": lambda parsed, _variables: ow.login(store=parsed.store),
    "help": _help,
}
"""The function behind each command of the line magic."""


def _attached(found: object) -> list[Run]:
    return [ow.attach(found, show=False)] if isinstance(found, str) else runs_in(found)
