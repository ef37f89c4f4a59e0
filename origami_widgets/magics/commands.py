"""The commands and options of the magics, in one table for help, parsing and completion, and how a line is read."""

from __future__ import annotations

import difflib
import re
from argparse import Action, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable
from functools import partial
from textwrap import fill, indent
from typing import NoReturn

from IPython.core.magic_arguments import MagicArgumentParser, argument

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import hide_all
from origami_widgets.api.validate import not_a_key, shortened

HELP_WIDTH = 88
CELL_TOPIC = "start"
"""`%origami help start` explains the cell magic."""

_ARGUMENT = re.compile(r"(?<![\w?&/#-])(name|model|once|focus_tables|fresh|credit_limit)=(?:True\b)?(?=(['\"\d])?)")
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
        topic: the word after `%origami help` that explains it.
        actions: its words and options, as argparse has them.
        words: its positional words.
        option_names: the names of its options.
    """

    def __init__(self, line: str, about: str, *arguments: argument, example: str) -> None:
        look = partial(RawDescriptionHelpFormatter, width=HELP_WIDTH, max_help_position=34)
        described = "\n\n".join(fill(paragraph, HELP_WIDTH) for paragraph in about.split("\n\n"))
        super().__init__(
            line, description=described, epilog=f"Example:\n{indent(example, '    ')}", formatter_class=look
        )
        # An abbreviation would stand for another option once a new one begins like it.
        self.allow_abbrev = False
        # Help is also a docstring, and a page of the reference.
        self.color = False
        self.line, self.about, self.example = line, about, example
        self.topic = line.partition(" ")[2] or CELL_TOPIC
        self.actions: list[Action] = [self.add_argument(*each.args, **each.kwds) for each in arguments]
        self.words = [action for action in self.actions if not action.option_strings]
        self.option_names = [name for action in self.actions for name in action.option_strings]
        self._see_help = f"To see how it works: %origami help {self.topic}"

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
            remedy=self._see_help,
        )

    def _refuse(self, word: str) -> NoReturn:
        if word.startswith("-"):
            name, known = word.partition("=")[0], self.option_names
            raise InvalidInput(
                f"{self.line} has no option {hide_all(name)[:80]}",
                cause=f"Its options are {', '.join(known)}." if known else "It has no options.",
                remedy=f"{suggestion(name, known)}{self._see_help}",
            )
        brief = f"Write the brief in the lines below. To keep the run in a variable: --into {word[:80]}."
        raise InvalidInput(
            f"{self.line} doesn't take {shortened(word)}",
            cause="It isn't part of an option.",
            remedy=brief if self.topic == CELL_TOPIC else self._see_help,
        )


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
    return _ARGUMENT.sub(
        lambda found: f"--{found[1].removesuffix('_tables').replace('_', '-')}{' ' if found[2] else ''}", text
    )


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean …? " for the nearest known word; empty if none is similar."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""


ALIASES = {"account": "credits", "whoami": "credits", "stop": "cancel", "watch": "attach", "list": "runs"}
"""Words that people may try, and the command to suggest."""
HELP_OPTIONS = frozenset({"--help", "-h"})

INTO = argument("--into", metavar="VARIABLE", help="keep the run in this variable")
RUN = argument(
    "run",
    metavar="RUN",
    nargs="?",
    help="a variable that holds a run, or AGENT_ID/RUN_ID from the menu of its card",
)

CELL = MagicCommand(
    "%%origami",
    "Start an Origami agent with the text of the cell as its brief, and show the card of the run. This spends credits. "
    "The run is the value of the cell. While the run is active, running the cell again shows it instead of starting "
    "another one.\n\n"
    "With --data, the agent adds columns to your own list. Only the columns in --key and --columns are sent. The value "
    "of the cell is the list with the new columns.\n\n"
    "Python expressions in braces are evaluated: {city} is the value of the variable city. Write {{ and }} for literal "
    "braces; $ is an ordinary character.",
    INTO,
    argument(
        "--once", metavar="NAME", help="start only the first time; after that, and after a restart, show that run"
    ),
    argument("--name", metavar="NAME", help="name of the agent (default: made from the brief)"),
    argument("--model", metavar="MODEL", help="origami-lite or origami-max (default: the model of your plan)"),
    argument(
        "--focus",
        metavar="TABLE_ID",
        action="append",
        default=[],
        help="a table to work on; repeat it for more tables",
    ),
    argument(
        "--wait",
        metavar="run|cells",
        nargs="?",
        const="run",
        choices=("run", "cells"),
        help="wait until the run ends, or with cells until its tables are filled",
    ),
    argument(
        "--fresh",
        action="store_true",
        help="start another run even if this one is active or the name was used before",
    ),
    argument(
        "--credit-limit", metavar="N", help="cancel the run and stop its cells once it has used more credits than this"
    ),
    argument("--data", metavar="VARIABLE", help="a variable that holds your own list, a DataFrame"),
    argument("--key", metavar="COLUMNS", help="with --data: the columns that tell its rows apart, separated by commas"),
    argument("--columns", metavar="COLUMNS", help="with --data: further columns to send, separated by commas"),
    argument("--quiet", action="store_true", help="show nothing; needs --into"),
    example="%%origami --once founders --into run\nFind 20 SaaS founders in {city} who raised seed in the last 6 months",
)
COMMANDS = {
    command.topic: command
    for command in (
        MagicCommand(
            "%origami attach",
            "Show the live card of a run that was started earlier, in this notebook or anywhere else. Read-only and "
            "free.",
            argument(
                "token",
                metavar="AGENT_ID/RUN_ID",
                help="the run, from the menu of its card; AGENT_ID alone is the agent's newest run",
            ),
            INTO,
            example="%origami attach 6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90 --into run",
        ),
        MagicCommand(
            "%origami runs",
            "Show the newest run of each agent of your account on one board, or the run of one agent. Read-only and "
            "free.",
            argument("agent", metavar="AGENT_ID", nargs="?", help="the agent (default: all)"),
            example="%origami runs",
        ),
        MagicCommand(
            "%origami tables",
            "Show the tables of a run as a DataFrame: leads, funnel, credits. Without RUN, it takes the newest run of "
            "this notebook. Read-only and free.",
            RUN,
            example="%origami tables run",
        ),
        MagicCommand(
            "%origami credits",
            "Show the organization, plan, credits and free run slots of your API key. Read-only and free.",
            argument("--frame", action="store_true", help="show the balance over time as a DataFrame"),
            example="%origami credits",
        ),
        MagicCommand(
            "%origami cancel",
            "End a run and stop its cells. If the run has ended while cells still fill, these are stopped. Everything "
            "built so far is kept. Credits already used aren't refunded. Without RUN, it cancels the run of this "
            "notebook that is active or whose cells are filling.",
            RUN,
            example="%origami cancel run",
        ),
        MagicCommand(
            "%origami login",
            "Find your API key, or ask for it without showing it, and show your account. Never write a key into a "
            "cell: the notebook would keep it.",
            argument("--store", action="store_true", help="store the key in this computer's keyring"),
            example="%origami login",
        ),
        MagicCommand(
            "%origami help",
            "Explain all commands, or one of them.",
            argument("command", metavar="COMMAND", nargs="?", help=f"the command; {CELL_TOPIC} is the cell"),
            example="%origami help attach",
        ),
    )
}


def command_of(name: str) -> MagicCommand:
    """Return the command of the line magic with a name.

    Raises:
        InvalidInput: there is none. Nothing was sent.
    """
    if name in COMMANDS:
        return COMMANDS[name]
    if name.startswith("-"):
        raise InvalidInput(
            f"%origami has no option {hide_all(name)[:80]}",
            cause="A line with one percent sign is a command. To start a run, use two, and write the brief below.",
            remedy=f"{suggestion(name.partition('=')[0], CELL.option_names)}To see how it works: %origami help {CELL_TOPIC}",
        )
    meant = f"Did you mean {ALIASES[name]}? " if name in ALIASES else suggestion(name, COMMANDS)
    raise InvalidInput(
        f"No command %origami {hide_all(name)[:80]}",
        cause=f"The commands are {', '.join(COMMANDS)}. To start a run, begin a cell with %%origami.",
        remedy=f"{meant}To see how they work: %origami help",
    )


def overview() -> str:
    """Return all commands with one line each.

    >>> print(overview().splitlines()[0])
    Origami agents find and qualify leads. These magics start them and show their runs.
    """
    lines = [
        "Origami agents find and qualify leads. These magics start them and show their runs.",
        "",
        CELL.example,
        "",
        _entry(CELL, " The only command that spends credits."),
        *map(_entry, COMMANDS.values()),
        "",
        f"For details: %origami help {CELL_TOPIC} for the cell, %origami help COMMAND for a line.",
        "No account yet? Try it for free: import origami_widgets as ow; ow.use_sandbox()",
    ]
    return "\n".join(lines)


def explained(command: MagicCommand) -> str:
    """Return the help of one command, with its options and an example.

    >>> print(explained(COMMANDS["runs"]).splitlines()[0])
    %origami runs [AGENT_ID]
    """
    return str(command.format_help()).removeprefix("usage: ").rstrip()


def _entry(command: MagicCommand, more: str = "") -> str:
    indent_by = 34
    words = [f"[{word.metavar}]" if word.nargs else str(word.metavar) for word in command.words]
    first_sentence = " ".join(command.about.split()).partition(". ")[0].removesuffix(".")
    return fill(
        f"{first_sentence}.{more}",
        HELP_WIDTH + 20,
        initial_indent=f"  {' '.join([command.line, *words])} ".ljust(indent_by),
        subsequent_indent=" " * indent_by,
        break_on_hyphens=False,
    )
