"""Split and parse the line of a magic, with IPython's parser of arguments."""

from __future__ import annotations

import difflib
import re
from argparse import RawDescriptionHelpFormatter
from functools import partial
from textwrap import indent
from typing import TYPE_CHECKING, NoReturn

from IPython.core.magic_arguments import MagicArgumentParser

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import hide_all
from origami_widgets.api.validate import not_a_key, shortened

if TYPE_CHECKING:
    from argparse import Action, Namespace
    from collections.abc import Iterable

    from IPython.core.magic_arguments import argument

HELP_WIDTH = 88
CELL_TOPIC = "start"
"""`%origami help start` explains the cell magic."""

_ARGUMENT = re.compile(r"(?<![\w?&/#-])(name|model|once|focus_tables|fresh)=(?:True\b)?(?=(['\"])?)")
_WORD = re.compile(r"""(?:\{[^{}]*\}|'[^']*'|"[^"]*"|[^\s'"])+""")
_QUOTED = re.compile(r"""(\{[^{}]*\})|'([^']*)'|"([^"]*)\"""")


class MagicCommand(MagicArgumentParser):  # type: ignore[misc]  # IPython counts as untyped
    """A command of the line magic, or the cell magic.

    Args:
        line: how the command's line begins.
        about: what the command does, in a few sentences.
        arguments: its words and options. The name of a word says which words complete it.
        example: a line or a cell that works.

    Attributes:
        actions: the words and options, as argparse has them.
    """

    def __init__(self, line: str, about: str, *arguments: argument, example: str) -> None:
        look = partial(RawDescriptionHelpFormatter, width=HELP_WIDTH, max_help_position=34)
        super().__init__(line, description=about, epilog=f"Example:\n{indent(example, '    ')}", formatter_class=look)
        # An abbreviation would stand for another option once a new one begins like it.
        self.allow_abbrev = False
        # Help is also a docstring, and a page of the reference.
        self.color = False
        self.line, self.about, self.example = line, about, example
        self.actions: list[Action] = [self.add_argument(*each.args, **each.kwds) for each in arguments]

    @property
    def topic(self) -> str:
        """The word after `%origami help` that explains it."""
        return self.line.partition(" ")[2] or CELL_TOPIC

    @property
    def words(self) -> list[Action]:
        """Its positional words."""
        return [action for action in self.actions if not action.option_strings]

    @property
    def options(self) -> dict[str, Action]:
        """Its options by their names."""
        return {name: action for action in self.actions for name in action.option_strings}

    def parse(self, words: Iterable[str]) -> Namespace:
        """Parse the words after the command. Values stay as typed, braces included.

        Raises:
            InvalidInput: the command does not have these options or words. Nothing was sent.
        """
        parsed, extra = self.parse_known_args([not_a_key(word, "an option") for word in words])
        if extra:
            self._refuse(extra[0])
        return parsed  # type: ignore[no-any-return]

    def error(self, message: str) -> NoReturn:
        """Refuse a line for what argparse finds wrong with it."""
        raise InvalidInput(
            f"Can't read this line of {self.line}",
            cause=hide_all(f"{message[:1].upper()}{message[1:]}."),
            remedy=self._see_help(),
        )

    def _refuse(self, word: str) -> NoReturn:
        if word.startswith("-"):
            name, known = word.partition("=")[0], list(self.options)
            raise InvalidInput(
                f"{self.line} has no option {hide_all(name)[:80]}",
                cause=f"Its options are {', '.join(known)}." if known else "It has no options.",
                remedy=f"{suggestion(name, known)}{self._see_help()}",
            )
        brief = f"Write the brief in the lines below. To keep the run in a variable: --into {word[:80]}."
        raise InvalidInput(
            f"{self.line} doesn't take {shortened(word)}",
            cause="It isn't part of an option.",
            remedy=brief if self.topic == CELL_TOPIC else self._see_help(),
        )

    def _see_help(self) -> str:
        return f"To see how it works: %origami help {self.topic}"


def split(line: str) -> list[str]:
    """Split a line into words. Quotes group words and are removed; braces group everything inside them.

    Raises:
        InvalidInput: a quote is not closed.

    >>> split("--name 'Porto bakers' --focus {tables['a b'].id}")
    ['--name', 'Porto bakers', '--focus', "{tables['a b'].id}"]
    """
    if open_quote := _WORD.sub("", line).strip():
        raise InvalidInput(
            "A quote isn't closed",
            cause=f"{shortened(line.strip())} has a {open_quote[0]} too many or too few.",
            remedy='To quote text that contains a quote, use the other kind: --name "Joe\'s bakers".',
        )
    return [_QUOTED.sub(lambda found: next(filter(None, found.groups()), ""), word) for word in _WORD.findall(line)]


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
