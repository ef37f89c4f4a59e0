"""The command `origami-widgets`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from origami_widgets.sandbox import command as sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS: tuple[Callable[[argparse._SubParsersAction[argparse.ArgumentParser]], None], ...] = (sandbox.register,)
"""Each adds one subcommand and sets `run`, a function of the options that returns the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments without the program's name; those of the process when None.

    Returns:
        The exit code: 0 for success and for an interrupt that was asked for, 1 for a failure; wrong arguments exit
        with 2.
    """
    parser = argparse.ArgumentParser(prog="origami-widgets", description="Origami runs from the command line.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for register in COMMANDS:
        register(commands)
    options = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        return 0
