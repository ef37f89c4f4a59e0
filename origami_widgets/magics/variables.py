"""The notebook's variables: which ones hold runs, what a word of a line refers to, and `{expressions}` in a brief.

Briefs are expanded with IPython's formatter, whose fields are those of `str.format`. IPython leaves fields that it
cannot expand unchanged. Briefs cost credits, so here nothing is sent unless every field has a value. A dollar sign is an
ordinary character.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from types import ModuleType
from typing import Any, NamedTuple

from IPython.utils.text import EvalFormatter

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import hide_all
from origami_widgets.api.validate import shortened
from origami_widgets.magics.commands import suggestion
from origami_widgets.run.batch import RunBatch
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller

LITERAL = "For a literal brace, write it twice: {{ or }}."
BY_VARIABLE = f"Set a variable in a cell, and write its name between the braces. {LITERAL}"
ENDS = "An expression ends at : and !."
MISSING = ("None", "Ellipsis", "nan", "NaN", "NaT", "<NA>")
"""How values print that stand for no value."""


def expand(text: str, names: Mapping[str, Any], where: str) -> str:
    """Return a text with its fields replaced by their values.

    Args:
        text: the text as typed.
        names: the variables of the notebook.
        where: the kind of text, for error messages, for example "the brief".

    Raises:
        InvalidInput: a field has no value, its value cannot be written as text, or a brace has no partner.

    >>> expand("Bakeries in {city}, under ${price:,} {{net}}", {"city": "Porto", "price": 5000}, "the brief")
    'Bakeries in Porto, under $5,000 {net}'
    """
    try:
        # A copy: evaluating adds the builtins.
        expanded: str = Fields(where).vformat(text, (), dict(names))
    except InvalidInput:
        raise
    except ValueError:
        raise InvalidInput(f"Can't read the braces in {where}", cause=_unreadable(text), remedy=BY_VARIABLE) from None
    return expanded


def value_or_text(text: str, names: Mapping[str, Any], where: str) -> object:
    """Return the value of a text that is a single field; otherwise the expanded text.

    Raises:
        InvalidInput: as in `expand`.

    >>> value_or_text("{tables}", {"tables": ["t1", "t2"]}, "an option")
    ['t1', 't2']
    """
    fields = Fields(where)
    try:
        ((literal, name, spec, conversion),) = fields.parse(text)
    except ValueError:
        return expand(text, names, where)
    if literal or name is None or spec or conversion:
        return expand(text, names, where)
    return fields.value(name, dict(names))


class Fields(EvalFormatter):  # type: ignore[misc]  # IPython counts as untyped
    """The formatter. Its errors say what to change.

    Args:
        where: the kind of text that it expands.
    """

    def __init__(self, where: str) -> None:
        self._where = where

    def parse(self, text: str) -> Iterator[tuple[str, str | None, str | None, str | None]]:
        """Yield the fields and the texts before them. Refuses empty fields, which would be numbers of arguments."""
        for piece in super().parse(text):
            if piece[1] is not None and not piece[1].strip():
                raise InvalidInput(
                    f"Nothing between two braces in {self._where}",
                    cause="Expected the name of a variable.",
                    remedy=LITERAL,
                )
            yield piece

    def value(self, expression: str, names: dict[str, Any]) -> object:
        """Return the value of an expression."""
        try:
            return super().get_field(expression.strip(), (), names)[0]
        except NameError as error:
            raise _unknown(error.name or expression, names, self._where) from None
        except SyntaxError:
            raise InvalidInput(
                f"Invalid Python expression between braces in {self._where}",
                cause=f"Got {shortened(expression)}. {ENDS}",
                remedy=BY_VARIABLE,
            ) from None
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything
            raise InvalidInput(
                f"Couldn't evaluate a value for {self._where}",
                cause=hide_all(f"{{{expression[:80]}}}: {type(error).__name__}: {error}"),
                remedy=f"Fix the expression. Nothing was sent. {LITERAL}",
            ) from None

    def get_field(self, name: str, _args: object, names: dict[str, Any]) -> tuple[object, str]:
        """Return the value of a field that can be written as text."""
        value = self.value(name, names)
        if problem := _problem(value):
            raise InvalidInput(
                hide_all(f"{{{name[:80]}}} can't be used in {self._where}"),
                cause=problem,
                remedy=f"Use an expression that returns text, as in {{', '.join(cities)}}. {LITERAL}",
            )
        return value, name

    def format_field(self, value: object, spec: str) -> str:
        """Return a value as text."""
        try:
            return format(value, spec)
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything
            raise InvalidInput(
                f"Couldn't format a value for {self._where}",
                cause=hide_all(f"{{…:{spec[:80]}}}: {type(error).__name__}: {error}"),
                remedy=f"Change the format after the colon, or remove it. {LITERAL}",
            ) from None


def _unreadable(text: str) -> str:
    """Return what is around the first brace that has no partner, or why a field cannot be read."""
    text = hide_all(text)
    rest = re.sub(r"\{\{|\}\}|\{[^{}]*\}", lambda pair: " " * len(pair[0]), text)
    if found := re.search("[{}]", rest):
        at = found.start()
        return f"A {found[0]} has no partner: {shortened(text[max(0, at - 20) : at + 20])}."
    return ENDS


def _problem(value: object) -> str:
    """Return why a value makes no sense in a brief; empty if it does."""
    if isinstance(value, str):
        return ""
    if getattr(value, "ndim", 0):
        return f"Got a whole {type(value).__name__}, which prints cut short."
    text = str(value)
    if text in MISSING:
        return f"The value is missing: {text}."
    if isinstance(value, bytes) or (text.startswith("<") and text.endswith(">")):
        return f"Got {type(value).__name__}, which prints as {shortened(text)}."
    return ""


def _unknown(name: str, names: Mapping[str, Any], where: str) -> InvalidInput:
    # Values are not converted to text, as that would run their code and may take long.
    fields = [
        f"{{{known}}}"
        for known, value in names.items()
        if not (known.startswith("_") or callable(value) or isinstance(value, ModuleType))
    ]
    return InvalidInput(
        f"No variable named {hide_all(name)}",
        cause=f"It's used between braces in {where}. Nothing was sent.",
        remedy=f"{suggestion(f'{{{name}}}', fields)}Run the cell that sets it. {LITERAL}",
    )


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


def watched_runs() -> list[Run]:
    """Return the runs that this process watches, newest first."""
    runs = dict.fromkeys(map(Run, poller().watched()))
    # Polling of a mistyped token has stopped before a run was ever read.
    found = (run for run in runs if run.state.run is not None or run.state.connection.state != "stopped")
    return sorted(found, key=_started, reverse=True)


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
    title, cause = f"{len(active)} runs are active", f"They are {', '.join(run.token for run in active[:10])}."
    if not active:
        title = "No run is active"
        cause = "All runs started or attached here have ended, and their cells aren't filling."
    remedy = "Name the run to cancel: %origami cancel AGENT_ID/RUN_ID."
    raise InvalidInput(f"{title} in this notebook", cause=cause, remedy=remedy)


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
    known, shown = variables_with_runs(every), hide_all(word)[:80]
    remedy = f"These variables hold runs: {', '.join(known[:5])}. " if known else ""
    remedy += "Use a variable that holds a run, or AGENT_ID/RUN_ID from the menu of its card."
    title, cause = f"{shown} isn't a run", f"Got {type(value).__name__}."
    if word == value:
        title, cause = f"No variable named {shown}", "It isn't an agent id, either."
        remedy = f"{suggestion(word, known)}{remedy}"
    elif isinstance(value, str):
        title, cause = f"{shown} is text, not a run", "A variable without braces must hold a run."
        remedy = f"To use its text, write {{{shown}}}."
    raise InvalidInput(title, cause=cause, remedy=remedy)


def _started(run: Run) -> float:
    raw = run.state.run
    return raw.started_at.timestamp() if raw is not None and raw.started_at is not None else 0.0
