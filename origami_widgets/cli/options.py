"""Options that several commands share."""

from __future__ import annotations

import argparse
import math
import shlex
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import hide_all

if TYPE_CHECKING:
    from origami_widgets.api.client import Client
    from origami_widgets.run.handle import Run

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for what `add_subparsers` returns

HELP_WIDTH = 78


class Parser(argparse.ArgumentParser):
    """A parser whose errors never repeat an API key."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the arguments, and exit with 2."""
        super().error(hide_all(message))


def add_command(
    commands: Commands[Any], name: str, *, short: str, description: str, example: str
) -> argparse.ArgumentParser:
    """Add a command with its help.

    Args:
        commands: the result of `add_subparsers`.
        name: name of the command.
        short: its line in the list of commands.
        description: what the command does, in a few sentences.
        example: an example, followed by any further explanation.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=short,
        description=textwrap.fill(description, HELP_WIDTH),
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_api_options(parser: argparse.ArgumentParser, *, default: object = argparse.SUPPRESS) -> None:
    """Add `--base-url` and `--project`. With the default, a command keeps a value given before its name."""
    parser.add_argument(
        "--base-url",
        metavar="URL",
        default=default,
        help="URL of the API with its prefix, for example of a sandbox (default: ORIGAMI_BASE_URL, or Origami itself)",
    )
    parser.add_argument(
        "--project",
        metavar="ID",
        default=default,
        help="project to act in (default: ORIGAMI_PROJECT, or the parent organization)",
    )


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


def add_token(parser: argparse.ArgumentParser) -> None:
    """Add the token of a run, for `attached`."""
    parser.add_argument("token", metavar="TOKEN", help="AGENT_ID/RUN_ID, or the id of an agent for its newest run")


def attached(options: argparse.Namespace, *, read: bool = False, timeout: float = 30.0) -> tuple[Run, Client]:
    """Return the run that the command names, and its client.

    Args:
        options: the parsed arguments.
        read: whether the run must be known: after a failed first read, it is read again, or the reason is raised.
        timeout: seconds that one request may take.

    Raises:
        InvalidInput: the token isn't valid. It is checked first, before the search for a key.
        OrigamiError: there is no key, or the run can't be read.
    """
    from origami_widgets.run.agent_runs import parse_token
    from origami_widgets.run.start import attach

    parse_token(options.token)
    client = client_for(options, timeout=timeout)
    run = attach(options.token, client=client, show=False)
    if read and run.state.run is None:
        run.refresh()
    return run, client


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
