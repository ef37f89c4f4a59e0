"""The line of a magic: into words, and these into what a command takes. Pure."""

from __future__ import annotations

import builtins
import difflib
import inspect
import keyword
import re
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.secret import hide_all
from origami_widgets.api.validate import not_a_key, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from origami_widgets.magics.commands import Command, Option

OF_IPYTHON = frozenset({"In", "Out", "exit", "get_ipython", "quit", "_", "__", "___", "_dh", "_i", "_ih", "_oh"})
"""Names that IPython sets again and again, or needs itself."""


_ARGUMENT = re.compile(r"(?<![\w?&/#-])(name|model|once|focus_tables|fresh)=(?:True\b)?(?=(['\"])?)")


@dataclass
class Line:
    """What a line asks for; values are as they were written, with their braces.

    Attributes:
        words: what stands without an option, in order.
        options: the values of each option that was given; those of one that takes none are empty.
    """

    words: list[str] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether an option was given."""
        return name in self.options

    def value(self, name: str) -> str | None:
        """The value of an option, None when it was not given."""
        values = self.options.get(name)
        return values[0] if values else None


def split(line: str) -> list[str]:
    """The words of a line: quotes keep words together and are dropped, braces keep together what is in them.

    Raises:
        InvalidInput: a quote is not closed.

    >>> split("--name 'Porto bakers' --focus {tables['a b'].id}")
    ['--name', 'Porto bakers', '--focus', "{tables['a b'].id}"]
    """
    words: list[str] = []
    word: list[str] | None = None
    quote, depth = "", 0
    for letter in line:
        if depth == 0 and letter == quote:
            quote = ""
        elif depth == 0 and not quote and letter.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
        elif depth == 0 and not quote and letter in "'\"":
            word, quote = word or [], letter
        else:
            word = [*(word or []), letter]
            depth = max(0, depth + (letter == "{") - (letter == "}"))
    if quote:
        raise InvalidInput(
            "A quote is not closed",
            cause=f"{shortened(line.strip())} has a {quote} too many or too few.",
            remedy='Put a text that holds one into the other kind: --name "Joe\'s bakers".',
        )
    return words if word is None else [*words, "".join(word)]


def parse(command: Command, words: Iterable[str]) -> Line:
    """What the words after a command ask for.

    Raises:
        InvalidInput: they ask for what it does not have; nothing was sent.
    """
    line = Line()
    left = iter([not_a_key(word, "an option") for word in words])
    pending: str | None = next(left, None)
    while (word := pending) is not None:
        pending = next(left, None)
        if not word.startswith("-"):
            line.words.append(word)
            continue
        name, has_value, value = word.partition("=")
        option = command.option(name)
        if option is None:
            raise _no_option(command, name)
        if line.has(name) and not option.repeats:
            raise InvalidInput(f"{name} is given twice", cause="It has one value.", remedy="Leave one of them out.")
        if has_value and not option.takes:
            raise InvalidInput(
                f"{name} takes no value", cause=f"It was given {shortened(value)}.", remedy=f"Write {name}."
            )
        if option.takes and not has_value:
            value = option.default
            if pending is not None and not pending.startswith("-"):
                value, pending = pending, next(left, None)
        line.options.setdefault(name, []).append(_checked(option, value))
    if not command.needs <= len(line.words) <= len(command.kinds):
        raise _wrong_words(command, line.words)
    return line


def variable(name: str, held: Mapping[str, object]) -> str:
    """The name of a variable that a run may be kept in.

    Args:
        name: what was given.
        held: the variables that there are; what holds code is not replaced.

    Raises:
        InvalidInput: it cannot be one, is IPython's or Python's own, or holds code; nothing was sent.
    """
    problem = _against(name, held)
    if not problem:
        return name
    raise InvalidInput(
        "The run cannot be kept in this variable",
        cause=f"--into needs the name of a variable, and {shortened(name)} {problem}.",
        remedy="Use letters, digits and _, not beginning with a digit, and no name that means something else: --into run.",
    )


def _against(name: str, held: Mapping[str, object]) -> str:
    """Why a run cannot be kept under a name; empty when it can."""
    if not name.isidentifier():
        return "is none"
    if keyword.iskeyword(name):
        return "is a word of Python's"
    if name in OF_IPYTHON:
        return "is IPython's own"
    if name in dir(builtins):
        return "is a function or a name of Python's own"
    value = held.get(name)
    if isinstance(value, ModuleType):
        return "holds a module"
    return "holds a function or a class" if isinstance(value, type) or inspect.isroutine(value) else ""


def as_written_here(text: str) -> str:
    """The words of an error about arguments of `start`, in those of the cell that gave them as options.

    >>> as_written_here("model= was 'x'. Or start anew with fresh=True, or under another name: once='bakeries'.")
    "--model was 'x'. Or start anew with --fresh, or under another name: --once 'bakeries'."
    """
    return _ARGUMENT.sub(lambda found: f"--{found[1].removesuffix('_tables')}{' ' if found[2] else ''}", text)


def nearest(word: str, known: Iterable[str]) -> str:
    """A question whether something like it was meant, empty when there is nothing like it."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""


def _checked(option: Option, value: str) -> str:
    if option.takes and not value:
        raise InvalidInput(f"{option.name} needs a value", cause="Nothing follows it.", remedy=f"Write {option.usage}.")
    if option.choices and value not in option.choices:
        raise InvalidInput(
            f"{option.name} cannot be {shortened(value)}",
            cause=f"It is one of {', '.join(option.choices)}.",
            remedy=f"{nearest(value, option.choices)}Write {option.usage}.",
        )
    return value


def _no_option(command: Command, name: str) -> InvalidInput:
    known = [option.name for option in command.options]
    return InvalidInput(
        f"{command.line} has no option {hide_all(name)[:80]}",
        cause=f"Its options are {', '.join(known)}." if known else "It has none.",
        remedy=f"{nearest(name, known)}{_explained_by(command)}",
    )


def _wrong_words(command: Command, words: list[str]) -> InvalidInput:
    if len(words) < command.needs:
        return InvalidInput(
            f"{command.line} needs {command.takes}", cause="Nothing follows it.", remedy=f"Write {command.usage}."
        )
    extra = shortened(words[len(command.kinds)])
    remedy = f"Write {command.usage}."
    if not command.kinds and command.option("--into"):
        remedy = f"The brief goes into the lines below; to keep the run, write --into {words[0][:80]}."
    return InvalidInput(
        f"{command.line} does not take {extra}", cause="It stands there without an option.", remedy=remedy
    )


def _explained_by(command: Command) -> str:
    _, _, name = command.line.partition(" ")
    return f"%origami help {name or 'start'} explains them."


def options_of(command: Command, words: Iterable[str]) -> Iterator[Option]:
    """The options that these words leave to be given."""
    given = {word.partition("=")[0] for word in words}
    return (option for option in command.options if option.repeats or option.name not in given)
