"""What could follow on a line of a magic. Pure: who knows runs and ids hands them in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.magics.commands import CELL, CELL_HELP, COMMANDS, MODELS
from origami_widgets.magics.words import options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from origami_widgets.magics.commands import Command, Kind

_LINE = re.compile(r"\s*(?:[\w.,\s\[\]'\"]+=\s*)?(?P<magic>%%?origami)(?P<rest>\s.*)", re.DOTALL)
_LAST = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]*\Z")
"""What IPython takes for the word before the cursor."""
_PLAIN = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]+")

LONGEST = 2_000
"""Characters of a line that is looked at; nobody writes a longer one."""


@dataclass(frozen=True)
class Found:
    """What could stand in the place of a word.

    Args:
        word: what is written of it so far.
        texts: what it could become.
    """

    word: str
    texts: tuple[str, ...]


def complete(before: str, known: Mapping[Kind, Callable[[], Iterable[str]]]) -> Found | None:
    """What could stand at the end of a line that is being written.

    Args:
        before: the line up to the cursor.
        known: for each kind of word, what it could be; asked only for what is wanted here.

    Returns:
        None where the line is none of ours, or Python itself is written, between braces.

    >>> complete("%%origami --once porto --mo", {})
    Found(word='--mo', texts=('--model',))
    """
    line = _LINE.fullmatch(before) if "origami" in before and len(before) <= LONGEST else None
    if line is None or _inside_braces(line["rest"]):
        return None
    last = _LAST.search(before)
    word = "" if last is None else last[0]
    rest = line["rest"]
    written = rest[: len(rest) - len(re.split(r"\s", rest)[-1])].split()
    current = rest.split()[-1] if not rest[-1].isspace() else ""
    texts = _wanted(line["magic"], written, current, known)
    return Found(word, tuple(dict.fromkeys(text for text in texts if text.startswith(word) and _PLAIN.fullmatch(text))))


def _wanted(
    magic: str, written: list[str], current: str, known: Mapping[Kind, Callable[[], Iterable[str]]]
) -> Iterable[str]:
    command: Command | None = CELL
    if magic == "%origami":
        if not written:
            return COMMANDS
        command = COMMANDS.get(written[0])
        written = written[1:]
    if command is None:
        return ()
    name, is_value, _ = current.partition("=")
    before = name if is_value and name.startswith("--") else written[-1] if written else ""
    option = command.option(before)
    if option is not None and option.takes:
        values = option.choices or _of(option.kind, known)
        # One that has a value by default may be followed by another option just as well.
        return (*values, *_options(command, written)) if option.default and not is_value else values
    if current.startswith("-"):
        return _options(command, written)
    at = sum(not _belongs(word, previous, command) for word, previous in zip(written, ["", *written], strict=False))
    words = _of(command.kinds[at], known) if at < len(command.kinds) else ()
    return (*words, *(_options(command, written) if at >= command.needs else ()))


def _belongs(word: str, previous: str, command: Command) -> bool:
    """Whether a word is an option, or the value of the one before it."""
    option = command.option(previous)
    return word.startswith("-") or (option is not None and bool(option.takes))


def _options(command: Command, written: list[str]) -> Iterable[str]:
    return [option.name for option in options_of(command, written)]


def _of(kind: Kind, known: Mapping[Kind, Callable[[], Iterable[str]]]) -> tuple[str, ...]:
    if kind == "model":
        return MODELS
    if kind == "command":
        return (CELL_HELP, *COMMANDS)
    return tuple(known[kind]()) if kind in known else ()


def _inside_braces(text: str) -> bool:
    plain = text.replace("{{", "").replace("}}", "")
    return plain.rfind("{") > plain.rfind("}")
