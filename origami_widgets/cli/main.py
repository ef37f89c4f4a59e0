"""The command `origami-widgets`: reads its arguments and hands over to `terminal`, one module per command."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from origami_widgets._version import __version__
from origami_widgets.cli import demo, export, login, runs, sandbox, watch
from origami_widgets.cli.ending import carried_out
from origami_widgets.cli.exits import TABLE, USAGE
from origami_widgets.cli.options import Parser, add_api_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS: tuple[Callable[[argparse._SubParsersAction[Any]], None], ...] = (
    demo.register,
    watch.register,
    export.register,
    runs.register,
    login.register,
    sandbox.register,
)
"""Each adds one subcommand and sets `run`, a function of the options that returns the exit code."""

DESCRIPTION = """\
Origami runs from the command line: watch them, export what they built, find
them again. To see it work without an account:

  origami-widgets demo --terminal

The key is taken from ORIGAMI_API_KEY, or from the system's keyring, where
`origami-widgets login --store` puts it.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments without the program's name; those of the process when None.

    Returns:
        The exit code, as `--help` lists them; wrong arguments exit with 2, and so does a call without any, which prints
        the help.
    """
    parser = Parser(
        prog="origami-widgets",
        description=DESCRIPTION,
        epilog=TABLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"origami-widgets {__version__}")
    add_api_options(parser, default=None)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for register in COMMANDS:
        register(commands)
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help()
        return USAGE
    return carried_out(parser.parse_args(argv))
