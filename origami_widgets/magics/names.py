"""The notebook's variables: which of them hold runs, and what a word on a line means there."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any, NamedTuple

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.secret import hide_all
from origami_widgets.magics.braces import value_or_text
from origami_widgets.magics.words import nearest
from origami_widgets.run.batch import RunBatch
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

LINE = "the line"


class Names(NamedTuple):
    """The variables that a magic sees.

    Args:
        notebook: those of the notebook; what is kept is kept there.
        local: those of the function that the magic is called in, which come first.
    """

    notebook: MutableMapping[str, Any]
    local: Mapping[str, Any] = {}

    @property
    def all(self) -> Mapping[str, Any]:
        """Both."""
        return ChainMap(dict(self.local), self.notebook)


def runs_here() -> list[Run]:
    """The runs that are watched in this process, the newest first; of a conversation the newest one only."""
    conversations = {run.conversation: None for run in map(Run, poller().watched())}
    runs = [Run(conversation.current, conversation) for conversation in conversations]
    runs = [run for run in runs if not _was_never_there(run)]
    return sorted(runs, key=_started, reverse=True)


def _was_never_there(run: Run) -> bool:
    """Whether it was only named: nothing was ever read of it, and nothing is asked any more."""
    return run.state.run is None and run.state.connection.state == "stopped"


def newest_run() -> Run:
    """The newest run of this notebook.

    Raises:
        InvalidInput: there is none.
    """
    for run in runs_here():
        return run
    raise InvalidInput(
        "There is no run in this notebook yet",
        cause="None was started or attached since the kernel was started.",
        remedy="Start one with %%origami, or show an earlier one with %origami attach AGENT_ID/RUN_ID.",
    )


def active_run() -> Run:
    """The one run of this notebook that is going on.

    Raises:
        InvalidInput: there is none, or there are several.
    """
    active = [run for run in runs_here() if not run.done]
    if len(active) == 1:
        return active[0]
    if not active:
        raise InvalidInput(
            "No run is going on here",
            cause="Every run that this notebook has started or attached is over.",
            remedy="Name the one that you mean: %origami cancel AGENT_ID/RUN_ID.",
        )
    raise InvalidInput(
        f"{len(active)} runs are going on here",
        cause=f"They are {', '.join(run.token for run in active[:10])}.",
        remedy="Name the one that you mean: %origami cancel AGENT_ID/RUN_ID.",
    )


def runs_in(value: object) -> list[Run]:
    """The runs that a value holds: itself, those of a batch or board, those of a list; empty where there are none."""
    if isinstance(value, Run):
        return [value]
    # Nothing is asked of objects that are not ours: who knows what they do then.
    if type(value).__module__.startswith("origami_widgets."):
        value = getattr(value, "runs", ())
    return list(value) if isinstance(value, list | tuple) and all(isinstance(each, Run) for each in value) else []


def holds_runs(value: object) -> bool:
    """Whether a value stands for runs; a batch does so before its first one has started."""
    return isinstance(value, RunBatch) or bool(runs_in(value))


def variables_with_runs(names: Mapping[str, Any]) -> list[str]:
    """The variables that hold runs, without IPython's own."""
    return [name for name, value in list(names.items()) if not name.startswith("_") and holds_runs(value)]


def meant(word: str, names: Names) -> object:
    """What a word stands for: something that holds runs where it is at hand, otherwise the token or id that it is.

    Args:
        word: a variable, `{an expression}`, `agent/run`, or an agent's id.
        names: the variables.

    Raises:
        InvalidInput: it is none of these.
    """
    every = names.all
    value = every[word] if word in every else value_or_text(word, every, LINE)
    is_id = isinstance(value, str) and word not in every and ("{" in word or not value.isidentifier())
    if is_id or holds_runs(value):
        return value
    if word == value:
        raise InvalidInput(
            f"There is no variable called {hide_all(word)[:80]}",
            cause="It is no id of an agent either.",
            remedy=f"{nearest(word, variables_with_runs(every))}{_expected(every)}",
        )
    raise _no_run(word, value, every)


def _no_run(word: str, value: object, names: Mapping[str, Any]) -> InvalidInput:
    if isinstance(value, str):
        return InvalidInput(
            f"{hide_all(word)[:80]} holds a text, not a run",
            cause="A variable is named alone only where it holds a run.",
            remedy=f"For the text in it, write {{{hide_all(word)[:80]}}}.",
        )
    return InvalidInput(
        f"{hide_all(word)[:80]} holds no run", cause=f"It is of type {type(value).__name__}.", remedy=_expected(names)
    )


def _expected(names: Mapping[str, Any]) -> str:
    known = variables_with_runs(names)
    first = f"Runs are in {', '.join(known[:5])}. " if known else ""
    return f"{first}Give a variable that holds a run, or AGENT_ID/RUN_ID as the card's foot shows it."


def _started(run: Run) -> float:
    raw = run.state.run
    return raw.started_at.timestamp() if raw is not None and raw.started_at is not None else 0.0
