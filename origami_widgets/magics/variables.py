"""The notebook's variables: which ones hold runs, which may be set, and what a word of a line refers to."""

from __future__ import annotations

import keyword
from collections import ChainMap
from typing import TYPE_CHECKING, Any, NamedTuple

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import hide_all
from origami_widgets.api.validate import shortened
from origami_widgets.magics.braces import value_or_text
from origami_widgets.magics.commands import suggestion
from origami_widgets.run.batch import RunBatch
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

LINE = "the line"


class Variables(NamedTuple):
    """The variables that a magic sees.

    Args:
        notebook: global variables of the notebook; `--into` sets one of these.
        local: variables of the function that calls the magic, which take precedence.
    """

    notebook: MutableMapping[str, Any]
    local: Mapping[str, Any] = {}

    @property
    def all(self) -> Mapping[str, Any]:
        """All variables; local ones take precedence."""
        return ChainMap(dict(self.local), self.notebook)


def check_target(name: str | None) -> str | None:
    """Return the name after `--into`, None without one, if it can be that of a variable.

    Raises:
        InvalidInput: it can't. Nothing was sent.
    """
    if name is None or (name.isidentifier() and not keyword.iskeyword(name)):
        return name
    raise InvalidInput(
        "Invalid variable name",
        cause=f"--into needs the name of a variable. Got {shortened(name)}.",
        remedy="Choose a name of letters, digits and _: --into run.",
    )


def watched_runs() -> list[Run]:
    """Return the runs that this process watches, newest first; only the newest run of each conversation."""
    conversations = {run.conversation: None for run in map(Run, poller().watched())}
    runs = [Run(conversation.current, conversation) for conversation in conversations]
    return sorted((run for run in runs if not _was_never_found(run)), key=_started, reverse=True)


def _was_never_found(run: Run) -> bool:
    """Return whether polling stopped before a run was ever read, as with a mistyped token."""
    return run.state.run is None and run.state.connection.state == "stopped"


def newest_run() -> Run:
    """Return the newest run of this notebook.

    Raises:
        InvalidInput: there is none.
    """
    for run in watched_runs():
        return run
    raise InvalidInput(
        "No runs in this notebook yet",
        cause="No run has been started or attached since the kernel started.",
        remedy="Start one with %%origami, or show an earlier one with %origami attach AGENT_ID/RUN_ID.",
    )


def active_run() -> Run:
    """Return the only run of this notebook that is active or whose cells are filling.

    Raises:
        InvalidInput: no run is active, or several are.
    """
    active = [run for run in watched_runs() if not run.settled]
    if len(active) == 1:
        return active[0]
    if not active:
        raise InvalidInput(
            "No run is active in this notebook",
            cause="All runs started or attached here have ended, and their cells aren't filling.",
            remedy="Name the run to cancel: %origami cancel AGENT_ID/RUN_ID.",
        )
    raise InvalidInput(
        f"{len(active)} runs are active in this notebook",
        cause=f"They are {', '.join(run.token for run in active[:10])}.",
        remedy="Name the run to cancel: %origami cancel AGENT_ID/RUN_ID.",
    )


def runs_in(value: object) -> list[Run]:
    """Return the runs in a value: a run, a batch, a board or a list of runs. Empty for anything else."""
    if isinstance(value, Run):
        return [value]
    # Attributes of other objects are not read, as that may run any code.
    if type(value).__module__.startswith("origami_widgets."):
        value = getattr(value, "runs", ())
    return list(value) if isinstance(value, list | tuple) and all(isinstance(each, Run) for each in value) else []


def holds_runs(value: object) -> bool:
    """Return whether a value stands for runs. A batch does so even before its first run has started."""
    return isinstance(value, RunBatch) or bool(runs_in(value))


def variables_with_runs(variables: Mapping[str, Any]) -> list[str]:
    """Return the names of the variables that hold runs, without those that IPython sets."""
    return [name for name, value in list(variables.items()) if not name.startswith("_") and holds_runs(value)]


def resolve(word: str, variables: Variables) -> object:
    """Return what a word of a line refers to: an object that holds runs, or the token or id itself.

    Args:
        word: a variable, `{an expression}`, `agent/run`, or an agent's id.
        variables: the variables.

    Raises:
        InvalidInput: it is none of these.
    """
    every = variables.all
    value = every[word] if word in every else value_or_text(word, every, LINE)
    is_id = isinstance(value, str) and word not in every and ("{" in word or not value.isidentifier())
    if is_id or holds_runs(value):
        return value
    if word == value:
        raise InvalidInput(
            f"No variable named {hide_all(word)[:80]}",
            cause="It isn't an agent id, either.",
            remedy=f"{suggestion(word, variables_with_runs(every))}{_expected(every)}",
        )
    raise _no_run(word, value, every)


def _no_run(word: str, value: object, variables: Mapping[str, Any]) -> InvalidInput:
    if isinstance(value, str):
        return InvalidInput(
            f"{hide_all(word)[:80]} is text, not a run",
            cause="A variable without braces must hold a run.",
            remedy=f"To use its text, write {{{hide_all(word)[:80]}}}.",
        )
    return InvalidInput(
        f"{hide_all(word)[:80]} isn't a run",
        cause=f"Got {type(value).__name__}.",
        remedy=_expected(variables),
    )


def _expected(variables: Mapping[str, Any]) -> str:
    known = variables_with_runs(variables)
    first = f"These variables hold runs: {', '.join(known[:5])}. " if known else ""
    return f"{first}Use a variable that holds a run, or AGENT_ID/RUN_ID from the menu of its card."


def _started(run: Run) -> float:
    raw = run.state.run
    return raw.started_at.timestamp() if raw is not None and raw.started_at is not None else 0.0
