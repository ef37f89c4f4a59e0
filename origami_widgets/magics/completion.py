"""Complete a line of the magics: commands and options, and the runs of this process. Sends nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from origami_widgets.magics.commands import CELL, COMMANDS, MODELS
from origami_widgets.magics.line_parser import CELL_TOPIC
from origami_widgets.magics.variables import variables_with_runs, watched_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from origami_widgets.magics.line_parser import MagicCommand

    Known = Callable[[str], Iterable[str]]

LONGEST = 2_000
"""Characters of the longest line that is completed."""

_LINE = re.compile(r"\s*(?:[\w.,\s\[\]'\"]+=\s*)?(?P<magic>%%?origami)(?P<rest>\s.*)", re.DOTALL)
_LAST = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]*\Z")
"""Matches what IPython considers the word before the cursor."""
_PLAIN = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]+")


@dataclass(frozen=True)
class Completions:
    """The completions of a word.

    Args:
        word: the part of the word before the cursor.
        texts: the whole words that complete it.
    """

    word: str
    texts: tuple[str, ...]


def complete(before: str, known: Known) -> Completions | None:
    """Return the completions at the end of an unfinished line.

    Args:
        before: the line up to the cursor.
        known: returns the words that an option or a positional word may have, by its name.

    Returns:
        None if the line is not one of our magics, or if the cursor is in Python code between braces.

    >>> complete("%%origami --once porto --mo", lambda name: ())
    Completions(word='--mo', texts=('--model',))
    """
    line = _LINE.fullmatch(before) if "origami" in before and len(before) <= LONGEST else None
    if line is None or _is_inside_braces(line["rest"]):
        return None
    last = _LAST.search(before)
    word = "" if last is None else last[0]
    *written, current = re.split(r"\s+", line["rest"].lstrip())
    fitting = (
        text
        for text in _fitting(line["magic"], written, current, known)
        if text.startswith(word) and _PLAIN.fullmatch(text)
    )
    return Completions(word, tuple(dict.fromkeys(fitting)))


def _fitting(magic: str, written: list[str], current: str, known: Known) -> Iterable[str]:
    """Return the words that may follow the written ones, whatever the current word begins with."""
    command: MagicCommand | None = CELL
    if magic == "%origami":
        if not written:
            return COMMANDS
        command = COMMANDS.get(written.pop(0))
    if command is None:
        return ()
    options = [
        name
        for name, action in command.options.items()
        if isinstance(action.default, list) or not any(word.partition("=")[0] == name for word in written)
    ]
    name, is_value, _ = current.partition("=")
    option = command.options.get(name if is_value else written[-1] if written else "")
    if option is not None and option.nargs != 0:
        values = option.choices or known(option.dest)
        # After an option with a default, the next option may follow.
        return [*values, *options] if option.nargs == "?" and not is_value else values
    with_values = {name for name, action in command.options.items() if action.nargs != 0}
    plain = [word for before, word in zip(["", *written], written, strict=False) if before not in with_values]
    if current.startswith("-") or any(not word.startswith("-") for word in plain):
        return options
    return [text for action in command.words for text in known(action.dest)] or options


def _is_inside_braces(text: str) -> bool:
    plain = text.replace("{{", "").replace("}}", "")
    return plain.rfind("{") > plain.rfind("}")


def known_words(name: str, notebook: Mapping[str, Any]) -> Iterable[str]:
    """Return what this process knows for an option or a positional word, for `complete`. Sends nothing.

    Args:
        name: the name of the option, without dashes, or of the word.
        notebook: the notebook's variables.
    """
    runs = watched_runs()
    tokens = [run.token for run in runs]
    words: dict[str, Iterable[str]] = {
        "token": tokens,
        "run": [*variables_with_runs(notebook), *tokens],
        "agent": [run.agent_id for run in runs],
        "focus": [table.id for run in runs for table in run.tables],
        "once": [run.conversation.once for run in runs if run.conversation.once],
        "model": MODELS,
        "command": (CELL_TOPIC, *COMMANDS),
    }
    return words.get(name, ())
