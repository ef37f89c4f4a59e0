"""Options that several commands share."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

from origami_widgets.api.secret import hide_all

if TYPE_CHECKING:
    from origami_widgets.api.client import Client

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for what `add_subparsers` returns

HELP_WIDTH = 78


class Parser(argparse.ArgumentParser):
    """A parser that does not repeat a key which was given as an argument."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and exit with 2."""
        super().error(hide_all(message))


def add_command(
    commands: Commands[Any], name: str, *, short: str, description: str, example: str
) -> argparse.ArgumentParser:
    """Add one command with its help.

    Args:
        commands: what `add_subparsers` returned.
        name: the command's name.
        short: its line in the list of commands.
        description: what it does, in some sentences.
        example: one call, and what else there is to say.
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
    """Add where the API is and in which project to act; a command leaves what was said before it as it is."""
    parser.add_argument(
        "--base-url",
        metavar="URL",
        default=default,
        help="the whole prefix of the API, for example that of a sandbox (default: ORIGAMI_BASE_URL, or Origami itself)",
    )
    parser.add_argument(
        "--project",
        metavar="ID",
        default=default,
        help="the project to act in (default: ORIGAMI_PROJECT, or the parent organization)",
    )


def client_of(options: argparse.Namespace, *, timeout: float = 30.0) -> Client:
    """The client for a command.

    Args:
        options: what was asked.
        timeout: seconds that one request may take.

    Raises:
        MissingKey: there is no key.
        InvalidInput: an option cannot be right.
    """
    from origami_widgets.api.client import Client

    return Client(base_url=options.base_url, project=options.project, timeout=timeout)


def same_place(options: argparse.Namespace) -> str:
    """The options that lead a further command to the same API; empty when none were given."""
    from shlex import quote

    given = (("--base-url", options.base_url), ("--project", options.project))
    return "".join(f" {name} {quote(value)}" for name, value in given if value)
