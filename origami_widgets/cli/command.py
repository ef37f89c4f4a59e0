"""What commands share: their table, their exit codes, and how they reach the API."""

from __future__ import annotations

import argparse
import math
import shlex
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from origami_widgets.api.errors import InvalidInput, MissingKey, OrigamiError
from origami_widgets.api.keys.secret import hide_all

if TYPE_CHECKING:
    from origami_widgets.api.client import Client
    from origami_widgets.run.handle import Run

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
ENDED_BADLY: Final = 3
NEEDS_ANSWER: Final = 4
NOTHING_NEW: Final = 5
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130
NO_READER: Final = 141
TERMINATED: Final = 143

EXIT_CODES: Final = """\
exit codes:
  0    success; for watch and enrich: the run completed; new: there are new
       leads
  1    failure of the network, the server or the disk
  2    wrong usage: no command, a wrong argument, a file that already exists,
       no API key, or you did not say yes
  3    watch, enrich, new: the run failed, was cancelled or stopped early;
       enrich: or it added no column;
       cancel: cells that the run didn't start were left running
  4    watch, enrich, new: the run is waiting for your answer
  5    new: there are no new leads
  124  --timeout passed; a watched run continues
  130  interrupted (Ctrl-C); a watched run continues, those of enrich
       and new are cancelled
  141  the output is no longer read, as in `| head -1`
  143  terminated; a watched run continues
"""
"""The exit codes, for `--help`."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors never repeat an API key."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the arguments, and exit with 2."""
        super().error(hide_all(message))


class Argument:
    """An argument of a command.

    Args:
        names: its name, or the names of an option.
        options: as for `ArgumentParser.add_argument`.
    """

    def __init__(self, *names: str, **options: Any) -> None:
        self._names = names
        self._options = options

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Add it to a parser."""
        parser.add_argument(*self._names, **self._options)


TOKEN = Argument("token", metavar="TOKEN", help="AGENT_ID/RUN_ID, or the id of an agent for its newest run")
# Without a default, a command keeps a value that was given before its name.
API_OPTIONS = (
    Argument(
        "--base-url",
        metavar="URL",
        default=argparse.SUPPRESS,
        help="URL of the API with its prefix, for example of a sandbox (default: ORIGAMI_BASE_URL, or Origami itself)",
    ),
    Argument(
        "--project",
        metavar="ID",
        default=argparse.SUPPRESS,
        help="project to act in (default: ORIGAMI_PROJECT, or the parent organization)",
    ),
)


@dataclass(frozen=True)
class Command:
    """A command with its help.

    Args:
        name: its name.
        run: carries it out, and returns the exit code.
        short: its line in the list of commands.
        description: what it does, in a few sentences.
        example: an example, followed by any further explanation.
        arguments: its arguments, without those of the API.
        asks_api: whether it asks the API, and so takes `--base-url` and `--project`.
    """

    name: str
    run: Callable[[argparse.Namespace], int]
    short: str
    description: str
    example: str
    arguments: tuple[Argument, ...]
    asks_api: bool = True

    def add_to(self, commands: argparse._SubParsersAction[Any]) -> None:
        """Add its parser to those of the other commands."""
        parser = commands.add_parser(
            self.name,
            help=self.short,
            description=textwrap.fill(self.description, width=78),
            epilog=f"example:\n  {self.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for argument in (*self.arguments, *(API_OPTIONS if self.asks_api else ())):
            argument.add_to(parser)
        parser.set_defaults(run=self.run)


def client_for(options: argparse.Namespace, *, timeout: float = 30.0) -> Client:
    """Return the client for a command.

    Args:
        options: the parsed arguments.
        timeout: seconds that one request may take.

    Raises:
        MissingKey: there is no key.
        InvalidInput: the base URL or the project is not valid.
    """
    from origami_widgets.api.client import Client

    return Client(base_url=options.base_url, project=options.project, timeout=timeout)


def attached(options: argparse.Namespace, *, read: bool = False, timeout: float = 30.0) -> Run:
    """Return the run that the command names.

    Args:
        options: the parsed arguments.
        read: whether the run must be known: after a failed first read, it is read again, or the reason is raised.
        timeout: seconds that one request may take.

    Raises:
        InvalidInput: the token isn't valid. It is checked first, before the search for a key.
        OrigamiError: there is no key, or the run can't be read.
    """
    from origami_widgets.run.conversation import parse_token
    from origami_widgets.run.start import attach

    parse_token(options.token)
    run = attach(options.token, client=client_for(options, timeout=timeout), show=False)
    if read and run.state.run is None:
        run.refresh()
    return run


def check_number(option: str, value: float | None, example: int, most: float = math.inf) -> None:
    """Raise `InvalidInput` for a number that is not more than 0, or more than `most`."""
    if value is not None and not 0 < value <= most:
        raise InvalidInput(
            f"{option} is out of range",
            cause=f"{option} was {value:g}.",
            remedy=f"Use a number above 0, for example {option} {example}.",
        )


def repeated_api_options(options: argparse.Namespace) -> str:
    """Return the given API options, quoted for a shell, so that suggested commands use the same API."""
    given = (("--base-url", options.base_url), ("--project", options.project))
    return "".join(f" {name} {shlex.quote(value)}" for name, value in given if value)


def code_of_run(status: str) -> int:
    """Return the exit code for a run that has ended. An unknown status is not a success."""
    return {"completed": DONE, "needs_input": NEEDS_ANSWER}.get(status, ENDED_BADLY)


def code_of_error(error: OrigamiError) -> int:
    """Return the exit code for an error: wrong usage or no consent, a timeout, or a failure."""
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    return USAGE if isinstance(error, InvalidInput | MissingKey) or error.code == "DECLINED" else FAILED


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Exit on SIGTERM by an exception, as on Ctrl-C, so that the terminal gets its screen back."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
