"""The commands and options of `%origami` and `%%origami`: one table for help, parsing and completion. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill, indent
from typing import Literal

Kind = Literal["", "agent", "command", "model", "once", "run", "table", "token", "until"]
"""Kind of a word, for completion."""

MODELS = ("origami-lite", "origami-max")
UNTIL = ("run", "cells")
HELP_WIDTH = 88
CELL_TOPIC = "start"
"""`%origami help start` explains the cell magic."""


@dataclass(frozen=True)
class MagicOption:
    """An option of a command.

    Args:
        name: name with its dashes.
        help: what the option does.
        takes: placeholder of the value; empty for an option without a value.
        kind: kind of the value, for completion.
        choices: all accepted values; empty when any value is accepted.
        default: value of the option if it is written without one; empty if a value is required.
        repeats: whether the option may be given more than once.
    """

    name: str
    help: str
    takes: str = ""
    kind: Kind = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    repeats: bool = False

    @property
    def usage(self) -> str:
        """The option with the placeholder of its value."""
        if not self.takes:
            return self.name
        return f"{self.name} [{self.takes}]" if self.default else f"{self.name} {self.takes}"


@dataclass(frozen=True)
class MagicCommand:
    """A command of the line magic, or the cell magic.

    Args:
        line: how the command's line begins.
        help: what the command does, in a few sentences.
        takes: placeholders of its positional words.
        kinds: kind of each positional word, for completion. Their number is the maximum of words.
        needs: how many positional words are required.
        options: its options.
        example: a line or a cell that works.
    """

    line: str
    help: str
    takes: str = ""
    kinds: tuple[Kind, ...] = ()
    needs: int = 0
    options: tuple[MagicOption, ...] = ()
    example: str = ""

    @property
    def topic(self) -> str:
        """The word after `%origami help` that explains it."""
        return self.line.partition(" ")[2] or CELL_TOPIC

    @property
    def usage(self) -> str:
        """The command with the placeholders of its words and options."""
        return " ".join(filter(None, [self.line, self.takes, *(f"[{option.usage}]" for option in self.options)]))

    def option(self, name: str) -> MagicOption | None:
        """Return the option with this name."""
        return next((option for option in self.options if option.name == name), None)


INTO = MagicOption("--into", "keep the run in this variable", "VARIABLE")
A_RUN = "RUN is a variable that holds a run, or AGENT_ID/RUN_ID from the menu of its card"

CELL = MagicCommand(
    "%%origami",
    "Start an Origami agent with the text of the cell as its brief, and show the card of the run. This spends credits. "
    "The run is the value of the cell. While the run is active, running the cell again shows it instead of starting "
    "another one. "
    "Python expressions in braces are evaluated: {city} is the value of the variable city. Write {{ "
    "and }} for literal braces; $ is an ordinary character.",
    options=(
        INTO,
        MagicOption(
            "--once", "start only the first time; after that, and after a restart, show that run", "NAME", "once"
        ),
        MagicOption("--name", "name of the agent (default: made from the brief)", "NAME"),
        MagicOption("--model", "origami-lite or origami-max (default: the model of your plan)", "MODEL", "model"),
        MagicOption("--focus", "a table to work on; repeat it for more tables", "TABLE_ID", "table", repeats=True),
        MagicOption(
            "--wait",
            "wait until the run ends, or with cells until its tables are filled",
            "run|cells",
            "until",
            UNTIL,
            "run",
        ),
        MagicOption("--fresh", "start another run even if this one is active or the name was used before"),
        MagicOption("--quiet", "show nothing; needs --into"),
    ),
    example="%%origami --once founders --into run\nFind 20 SaaS founders in {city} who raised seed in the last 6 months",
)
COMMANDS = {
    "attach": MagicCommand(
        "%origami attach",
        "Show the live card of a run that was started earlier, in this notebook or anywhere else. Read-only and "
        "free. With "
        "only the id of an agent, it shows the agent's newest run.",
        takes="AGENT_ID/RUN_ID",
        kinds=("token",),
        needs=1,
        options=(INTO,),
        example="%origami attach 6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90 --into run",
    ),
    "runs": MagicCommand(
        "%origami runs",
        "Show the newest run of each agent of your account on one board, or all runs of one agent. Read-only and free.",
        takes="[AGENT_ID]",
        kinds=("agent",),
        example="%origami runs",
    ),
    "tables": MagicCommand(
        "%origami tables",
        "Show the tables of a run as a DataFrame: leads, funnel, credits. Without RUN, it takes the newest run of this "
        f"notebook. {A_RUN}. Read-only and free.",
        takes="[RUN]",
        kinds=("run",),
        example="%origami tables run",
    ),
    "credits": MagicCommand(
        "%origami credits",
        "Show the organization, plan, credits and free run slots of your API key. Read-only and free.",
        options=(
            MagicOption(
                "--frame",
                "show the balance over time and the credits used by the runs of this notebook as a DataFrame",
            ),
        ),
        example="%origami credits",
    ),
    "cancel": MagicCommand(
        "%origami cancel",
        "End a run and stop its cells. If the run has ended while cells still fill, these are stopped. Everything built "
        "so far is kept. Credits already used aren't refunded. Without RUN, it cancels the run of this notebook that is "
        f"active or whose cells are filling. {A_RUN}.",
        takes="[RUN]",
        kinds=("run",),
        example="%origami cancel run",
    ),
    "login": MagicCommand(
        "%origami login",
        "Find your API key, or ask for it without showing it, and show your account. Never write a key into a cell: the "
        "notebook would keep it.",
        options=(MagicOption("--store", "store the key in this computer's keyring"),),
        example="%origami login",
    ),
    "help": MagicCommand(
        "%origami help",
        "Explain all commands, or one of them.",
        takes="[COMMAND]",
        kinds=("command",),
        example="%origami help attach",
    ),
}
ALIASES = {"account": "credits", "whoami": "credits", "stop": "cancel", "watch": "attach", "list": "runs"}
"""Words that people may try, and the command to suggest."""
HELP_OPTIONS = frozenset({"--help", "-h"})


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
        _entry(CELL.line, f"{_first_sentence(CELL.help)} The only command that spends credits."),
        *(
            _entry(f"{command.line} {command.takes}".strip(), _first_sentence(command.help))
            for command in COMMANDS.values()
        ),
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
    options = [_entry(option.usage, option.help) for option in command.options]
    return "\n".join(
        [
            fill(command.usage, HELP_WIDTH, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False),
            "",
            fill(command.help, HELP_WIDTH),
            *(["", *options] if options else []),
            "",
            "Example:",
            indent(command.example, "    "),
        ]
    )


def _first_sentence(text: str) -> str:
    return f"{text.partition('. ')[0].removesuffix('.')}."


def _entry(term: str, text: str) -> str:
    indent_by = 34
    first = f"  {term} ".ljust(indent_by)
    return fill(text, HELP_WIDTH + 20, initial_indent=first, subsequent_indent=" " * indent_by, break_on_hyphens=False)
