"""What can be written after `%origami` and `%%origami`: one table, of which help, parsing and completion are made. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill, indent
from typing import Literal

Kind = Literal["", "agent", "command", "model", "once", "run", "table", "token", "until"]
"""What a word is, for whoever completes it."""

MODELS = ("origami-lite", "origami-max")
UNTIL = ("run", "cells")
WIDTH = 88


@dataclass(frozen=True)
class Option:
    """An option.

    Args:
        name: with its dashes.
        says: what it does.
        takes: what its value is; empty for one that has none.
        kind: what its value is, for completion.
        choices: all values that there are; empty where any will do.
        default: its value where it is written without one; empty where it needs one.
        repeats: whether it may be given more than once.
    """

    name: str
    says: str
    takes: str = ""
    kind: Kind = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    repeats: bool = False

    @property
    def usage(self) -> str:
        """How it is written."""
        if not self.takes:
            return self.name
        return f"{self.name} [{self.takes}]" if self.default else f"{self.name} {self.takes}"


@dataclass(frozen=True)
class Command:
    """What one line asks for.

    Args:
        line: how it begins.
        says: what it does, in a sentence or two.
        takes: the words that it takes, as they stand in its usage.
        kinds: what each of them is, for completion; so many may be given.
        needs: so many must be given.
        options: its options.
        example: a line or a cell that works.
    """

    line: str
    says: str
    takes: str = ""
    kinds: tuple[Kind, ...] = ()
    needs: int = 0
    options: tuple[Option, ...] = ()
    example: str = ""

    @property
    def usage(self) -> str:
        """How it is written."""
        return " ".join(filter(None, [self.line, self.takes, *(f"[{option.usage}]" for option in self.options)]))

    def option(self, name: str) -> Option | None:
        """The option of that name."""
        return next((option for option in self.options if option.name == name), None)


INTO = Option("--into", "keep the run in this variable", "VARIABLE")
A_RUN = "RUN is a variable that holds a run, or AGENT_ID/RUN_ID as the card's foot shows it"

CELL = Command(
    "%%origami",
    "Brief an Origami agent: the text of the cell is the brief, and the card of its run is shown. This spends credits. "
    "The run is the value of the cell. A cell that is run again while its run goes on shows that run and starts none. "
    "Any Python expression in braces is evaluated, as in an f-string: {city} stands for the variable city. {{ and }} are "
    "braces, and $ is a dollar sign.",
    options=(
        INTO,
        Option("--once", "start it the first time only; later, and after a restart, show that run", "NAME", "once"),
        Option("--name", "what to call the agent; made from the brief when absent", "NAME"),
        Option("--model", "origami-lite or origami-max; the plan's default when absent", "MODEL", "model"),
        Option("--focus", "a table to work on; may be given again", "TABLE_ID", "table", repeats=True),
        Option(
            "--wait",
            "wait for the run's end, or with cells until its tables are full",
            "run|cells",
            "until",
            UNTIL,
            "run",
        ),
        Option("--fresh", "start another run although this one goes on or has that name"),
        Option("--quiet", "show nothing; needs --into"),
    ),
    example="%%origami --once founders --into run\nFind 20 SaaS founders in {city} who raised seed in the last 6 months",
)
COMMANDS = {
    "attach": Command(
        "%origami attach",
        "Show the live card of a run that was started before, here or anywhere else. Costs nothing. Of an agent's id "
        "alone, the newest run is shown.",
        takes="AGENT_ID/RUN_ID",
        kinds=("token",),
        needs=1,
        options=(INTO,),
        example="%origami attach 6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90 --into run",
    ),
    "runs": Command(
        "%origami runs",
        "Show the newest run of each agent of your account together, or all runs of one agent. Costs nothing.",
        takes="[AGENT_ID]",
        kinds=("agent",),
        example="%origami runs",
    ),
    "tables": Command(
        "%origami tables",
        f"The tables of a run as a DataFrame: leads, funnel, credits. Without RUN of the newest run here. {A_RUN}. "
        "Costs nothing.",
        takes="[RUN]",
        kinds=("run",),
        example="%origami tables run",
    ),
    "credits": Command(
        "%origami credits",
        "Whose key this is, its plan, its credits and its free run slots. Costs nothing.",
        options=(
            Option(
                "--frame",
                "each reading of the balance so far instead, and what the runs here have used, as a DataFrame",
            ),
        ),
        example="%origami credits",
    ),
    "cancel": Command(
        "%origami cancel",
        "Ask Origami to end a run. What was built is kept, what was spent is spent. Without RUN the one that is going "
        f"on here. {A_RUN}.",
        takes="[RUN]",
        kinds=("run",),
        example="%origami cancel run",
    ),
    "login": Command(
        "%origami login",
        "Find your API key, or ask for it without showing it, and say whose it is. Never write a key into a cell: the "
        "notebook keeps it.",
        options=(Option("--store", "keep the key in this computer's keyring"),),
        example="%origami login",
    ),
    "help": Command(
        "%origami help",
        "Explain all of this, or one command.",
        takes="[COMMAND]",
        kinds=("command",),
        example="%origami help attach",
    ),
}
ALSO_CALLED = {"account": "credits", "whoami": "credits", "stop": "cancel", "watch": "attach", "list": "runs"}
"""Words that somebody may try, and the command that does it."""
ASKING = frozenset({"--help", "-h"})
CELL_HELP = "start"
"""The word under which the cell magic is explained."""


def overview() -> str:
    """All commands with one line each.

    >>> print(overview().splitlines()[0])
    Origami agents find and qualify leads; these lines and cells brief them and show their runs.
    """
    lines = [
        "Origami agents find and qualify leads; these lines and cells brief them and show their runs.",
        "",
        CELL.example,
        "",
        _entry(CELL.line, f"{_sentence(CELL.says)} The only one that spends credits."),
        *(_entry(f"{command.line} {command.takes}".strip(), _sentence(command.says)) for command in COMMANDS.values()),
        "",
        f"%origami help {CELL_HELP} explains the cell, %origami help COMMAND a line.",
        "No account yet? import origami_widgets as ow; ow.use_sandbox() tries all of it for free.",
    ]
    return "\n".join(lines)


def explained(command: Command) -> str:
    """One command with its options and an example.

    >>> print(explained(COMMANDS["runs"]).splitlines()[0])
    %origami runs [AGENT_ID]
    """
    options = [_entry(option.usage, option.says) for option in command.options]
    return "\n".join(
        [
            fill(command.usage, WIDTH, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False),
            "",
            fill(command.says, WIDTH),
            *(["", *options] if options else []),
            "",
            "Example:",
            indent(command.example, "    "),
        ]
    )


def _sentence(text: str) -> str:
    """The first sentence."""
    return f"{text.partition('. ')[0].removesuffix('.')}."


def _entry(term: str, text: str) -> str:
    indent_by = 34
    first = f"  {term} ".ljust(indent_by)
    return fill(text, WIDTH + 20, initial_indent=first, subsequent_indent=" " * indent_by, break_on_hyphens=False)
