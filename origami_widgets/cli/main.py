"""The entry point of `origami-widgets`: parse arguments, run a command, report errors on stderr."""

from __future__ import annotations

import argparse
import contextvars
import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Final

from origami_widgets._version import __version__
from origami_widgets.api.errors import OrigamiError
from origami_widgets.cli import (
    demo_command,
    leads_command,
    login_command,
    watch_command,
)
from origami_widgets.cli.command import (
    API_OPTIONS,
    EXIT_CODES,
    INTERRUPTED,
    NO_READER,
    USAGE,
    Command,
    Parser,
    code_of_error,
)

COMMANDS: Final[tuple[Command, ...]] = (
    demo_command.DEMO,
    watch_command.WATCH,
    watch_command.CANCEL,
    leads_command.EXPORT,
    leads_command.ENRICH,
    leads_command.NEW,
    watch_command.RUNS,
    login_command.LOGIN,
    demo_command.SANDBOX,
    login_command.DOCTOR,
)

DESCRIPTION = """\
Watch Origami runs, cancel them, export what they built, and find them again.
Have an agent add columns to a list of your own, or find what is new each week.
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
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"origami-widgets {__version__}")
    for option in API_OPTIONS:
        option.add_to(parser)
    parser.set_defaults(base_url=None, project=None)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
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
        # A line of this package's code tells a person in a terminal nothing.
        warnings.showwarning = lambda message, *_args, **_options: print(message, file=sys.stderr)  # noqa: T201
        try:
            # What a command sets for its calls ends with it.
            code = contextvars.copy_context().run(run, options)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would report at exit that the rest cannot be written.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return NO_READER
        except KeyboardInterrupt:
            return INTERRUPTED
        except OrigamiError as error:
            report_error(error, as_json=getattr(options, "json", False))
            return code_of_error(error)
    return code


ERROR_FIELDS = ("title", "cause", "remedy", "code", "status_code", "request_id", "link")


def report_error(error: OrigamiError, *, as_json: bool = False) -> None:
    """Write an error to stderr: title, cause and remedy on a line each, or one JSON object on one line."""
    sys.stdout.flush()
    if as_json:
        record = {"type": type(error).__name__} | {name: getattr(error, name) for name in ERROR_FIELDS}
        sys.stderr.write(json.dumps({"error": record}) + "\n")
    else:
        sys.stderr.write("\n".join([str(error), *getattr(error, "__notes__", [])]) + "\n")
