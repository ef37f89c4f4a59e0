"""Split and parse the line of a magic. Pure.

argparse and `IPython.core.magic_arguments` are not used: they split quotes inside braces, silently take the last value
of an option that is given twice, and do not suggest the nearest option for an unknown one. A wrong line costs credits.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.secret import hide_all
from origami_widgets.api.validate import not_a_key, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.magics.commands import MagicCommand, MagicOption

_ARGUMENT = re.compile(r"(?<![\w?&/#-])(name|model|once|focus_tables|fresh)=(?:True\b)?(?=(['\"])?)")


@dataclass
class ParsedLine:
    """The words and options of a line. Values are as typed, braces included.

    Attributes:
        words: the positional words, in order.
        options: the values of each option on the line; `[""]` for an option without a value.
    """

    words: list[str] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Return whether the line has an option."""
        return name in self.options

    def value(self, name: str) -> str | None:
        """Return the value of an option; None if the line does not have it."""
        values = self.options.get(name)
        return values[0] if values else None


def split(line: str) -> list[str]:
    """Split a line into words. Quotes group words and are removed; braces group everything inside them.

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
            "A quote isn't closed",
            cause=f"{shortened(line.strip())} has a {quote} too many or too few.",
            remedy='To quote text that contains a quote, use the other kind: --name "Joe\'s bakers".',
        )
    return words if word is None else [*words, "".join(word)]


def parse(command: MagicCommand, words: Iterable[str]) -> ParsedLine:
    """Parse the words after a command.

    Raises:
        InvalidInput: the command does not have these options or words. Nothing was sent.
    """
    line = ParsedLine()
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
            raise _unknown_option(command, name)
        if line.has(name) and not option.repeats:
            raise InvalidInput(f"{name} is used twice", cause="It can only be used once.", remedy="Remove one of them.")
        if has_value and not option.takes:
            raise InvalidInput(f"{name} takes no value", cause=f"Got {shortened(value)}.", remedy=f"Write {name}.")
        if option.takes and not has_value:
            value = option.default
            if pending is not None and not pending.startswith("-"):
                value, pending = pending, next(left, None)
        line.options.setdefault(name, []).append(_checked(option, value))
    if not command.needs <= len(line.words) <= len(command.kinds):
        raise _wrong_words(command, line.words)
    return line


def as_options(text: str) -> str:
    """Rewrite arguments of `start` in an error message as the options of the magic.

    >>> as_options("model= was 'x'. Or start anew with fresh=True, or under another name: once='bakeries'.")
    "--model was 'x'. Or start anew with --fresh, or under another name: --once 'bakeries'."
    """
    return _ARGUMENT.sub(lambda found: f"--{found[1].removesuffix('_tables')}{' ' if found[2] else ''}", text)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean …? " for the nearest known word; empty if none is similar."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""


def _checked(option: MagicOption, value: str) -> str:
    if option.takes and not value:
        raise InvalidInput(
            f"{option.name} needs a value", cause="Its value is missing.", remedy=f"Write {option.usage}."
        )
    if option.choices and value not in option.choices:
        raise InvalidInput(
            f"Invalid value for {option.name}: {shortened(value)}",
            cause=f"It must be {' or '.join(option.choices)}.",
            remedy=f"{suggestion(value, option.choices)}Write {option.usage}.",
        )
    return value


def _unknown_option(command: MagicCommand, name: str) -> InvalidInput:
    known = [option.name for option in command.options]
    return InvalidInput(
        f"{command.line} has no option {hide_all(name)[:80]}",
        cause=f"Its options are {', '.join(known)}." if known else "It has no options.",
        remedy=f"{suggestion(name, known)}To see how it works: %origami help {command.topic}",
    )


def _wrong_words(command: MagicCommand, words: list[str]) -> InvalidInput:
    if len(words) < command.needs:
        return InvalidInput(
            f"{command.line} needs {command.takes}", cause="It's missing.", remedy=f"Write {command.usage}."
        )
    extra = shortened(words[len(command.kinds)])
    remedy = f"Write {command.usage}."
    if not command.kinds and command.option("--into"):
        remedy = f"Write the brief in the lines below. To keep the run in a variable: --into {words[0][:80]}."
    return InvalidInput(f"{command.line} doesn't take {extra}", cause="It isn't part of an option.", remedy=remedy)
