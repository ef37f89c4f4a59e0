"""The entry point of `origami-widgets`: parse arguments, run a command, report errors on stderr."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

from origami_widgets._version import __version__
from origami_widgets.api.errors import OrigamiError
from origami_widgets.cli import (
    cancel_command,
    demo_command,
    enrich_command,
    export_command,
    login_command,
    watch_command,
)
from origami_widgets.cli.exit_codes import (
    INTERRUPTED,
    NO_READER,
    TABLE,
    USAGE,
    code_of_error,
    error_record,
)
from origami_widgets.cli.options import Parser, add_api_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS: Final[dict[str, Callable[[argparse._SubParsersAction[Any]], None]]] = {
    "demo": demo_command.register,
    "watch": watch_command.register,
    "cancel": cancel_command.register,
    "export": export_command.register,
    "enrich": enrich_command.register,
    "runs": watch_command.register_runs,
    "login": login_command.register,
    "sandbox": demo_command.register_sandbox,
    "doctor": login_command.register_doctor,
}
"""Adds the parser of each command, which sets `run`: a function of the options that returns the exit code."""

DESCRIPTION = """\
Watch Origami runs, cancel them, export what they built, and find them again.
Have an agent add columns to a list of your own.
To try it without an account:

  origami-widgets demo --terminal

The API key is read from ORIGAMI_API_KEY, or from the system's keyring, where
`origami-widgets login --store` keeps it.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command `origami-widgets`.

    Args:
        argv: arguments without the program's name; None takes those of the process.

    Returns:
        The exit code, as listed by `--help`. Without arguments, it prints the help and returns 2. Wrong arguments exit
        with 2.
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
    for register in COMMANDS.values():
        register(commands)
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help()
        return USAGE
    return run_command(parser.parse_args(argv))


def run_command(options: argparse.Namespace) -> int:
    """Run a command, report its error if it fails, and return the exit code.

    Args:
        options: the parsed arguments, with the command's function as `run`.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # On a terminal without "●", show another character: an encoding error must not end the watch of a run.
            stream.reconfigure(errors="replace")
    run: Callable[[argparse.Namespace], int] = options.run
    with warnings.catch_warnings():
        # An interrupt before a request is sent leaves a coroutine behind. The error says enough.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        try:
            code = run(options)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
            return NO_READER
        except KeyboardInterrupt:
            return INTERRUPTED
        except OrigamiError as error:
            report_error(error, as_json=getattr(options, "json", False))
            return code_of_error(error)
    return code


def report_error(error: OrigamiError, *, as_json: bool = False) -> None:
    """Write an error to stderr: title, cause and remedy on a line each, or one JSON object on one line."""
    sys.stdout.flush()
    notes = getattr(error, "__notes__", [])
    if as_json:
        sys.stderr.write(json.dumps({"error": error_record(error)}) + "\n")
    else:
        sys.stderr.write("\n".join([str(error), *notes]) + "\n")


def _discard_output() -> None:
    """Send buffered output to the null device, as Python would report at exit that it cannot be written."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
