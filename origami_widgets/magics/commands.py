"""The commands and options of `%origami` and `%%origami`: one table for help, parsing and completion."""

from __future__ import annotations

from textwrap import fill

from IPython.core.magic_arguments import argument

from origami_widgets.magics.line_parser import CELL_TOPIC, HELP_WIDTH, MagicCommand

MODELS = ("origami-lite", "origami-max")
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
    """\
Start an Origami agent with the text of the cell as its brief, and show the card of the
run. This spends credits. The run is the value of the cell. While the run is active,
running the cell again shows it instead of starting another one.

Python expressions in braces are evaluated: {city} is the value of the variable city.
Write {{ and }} for literal braces; $ is an ordinary character.""",
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
    argument("--quiet", action="store_true", help="show nothing; needs --into"),
    example="%%origami --once founders --into run\nFind 20 SaaS founders in {city} who raised seed in the last 6 months",
)
COMMANDS = {
    command.topic: command
    for command in (
        MagicCommand(
            "%origami attach",
            """\
Show the live card of a run that was started earlier, in this notebook or anywhere else.
Read-only and free.""",
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
            """\
Show the newest run of each agent of your account on one board, or all runs of one
agent. Read-only and free.""",
            argument("agent", metavar="AGENT_ID", nargs="?", help="the agent (default: all)"),
            example="%origami runs",
        ),
        MagicCommand(
            "%origami tables",
            """\
Show the tables of a run as a DataFrame: leads, funnel, credits. Without RUN, it takes
the newest run of this notebook. Read-only and free.""",
            RUN,
            example="%origami tables run",
        ),
        MagicCommand(
            "%origami credits",
            """\
Show the organization, plan, credits and free run slots of your API key. Read-only and
free.""",
            argument(
                "--frame",
                action="store_true",
                help="show the balance over time and the credits used by the runs of this notebook as a DataFrame",
            ),
            example="%origami credits",
        ),
        MagicCommand(
            "%origami cancel",
            """\
End a run and stop its cells. If the run has ended while cells still fill, these are
stopped. Everything built so far is kept. Credits already used aren't refunded. Without
RUN, it cancels the run of this notebook that is active or whose cells are filling.""",
            RUN,
            example="%origami cancel run",
        ),
        MagicCommand(
            "%origami login",
            """\
Find your API key, or ask for it without showing it, and show your account. Never write
a key into a cell: the notebook would keep it.""",
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
