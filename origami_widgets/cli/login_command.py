"""`origami-widgets login`: check an API key, and store it for later commands and notebooks."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput, MissingKey, OrigamiError
from origami_widgets.cli.exit_codes import DONE
from origami_widgets.cli.options import add_api_options, add_command

if TYPE_CHECKING:
    from argparse import Namespace

    from origami_widgets.api.keys.secret import Secret
    from origami_widgets.cli.options import Commands

PIPE = "Pipe it in: pass show origami | origami-widgets login --stdin. Without --stdin, the command asks for it."
EXAMPLE = """\
origami-widgets login --store

It reads ORIGAMI_API_KEY and the system's keyring, and asks if there is no key;
what you type is not shown. --store needs
pip install "origami-widgets[keyring]". A key is never an argument: it would
be visible in the shell's history and the list of processes. From a program:

  pass show origami | origami-widgets login --stdin --store"""


def register(commands: Commands[Any]) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "login",
        short="check your API key, and store it",
        description=(
            "Check an API key and show its account: organization, plan, free run slots, credits. "
            "Sends only reads and costs nothing."
        ),
        example=EXAMPLE,
    )
    parser.add_argument("--store", action="store_true", help="store the key in the system's keyring")
    parser.add_argument("--stdin", action="store_true", help="read the key from a pipe instead of asking for it")
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Check a key; return the exit code.

    Raises:
        OrigamiError: there is no key, or it is not accepted.
    """
    from origami_widgets.api.keys.key_sources import has_keyring
    from origami_widgets.run.login import login

    key = _from_stdin() if options.stdin else None
    # Never kept in a variable, which a traceback would show.
    login(
        None if key is None else key.reveal(),
        store=options.store,
        base_url=options.base_url,
        project=options.project,
    )
    if options.store:
        sys.stderr.write("The key is in the system's keyring.\n")
    elif options.stdin or not os.environ.get("ORIGAMI_API_KEY"):
        hint = "--store keeps a key in the system's keyring" if has_keyring() else "later commands need ORIGAMI_API_KEY"
        sys.stderr.write(f"Nothing was stored; {hint}.\n")
    return DONE


def _from_stdin() -> Secret:
    """Read the key from a pipe, and hide it at once.

    Raises:
        InvalidInput: stdin is a terminal, which would show the key; or it has no key.
    """
    from origami_widgets.api.keys.secret import read_key

    if sys.stdin is not None and sys.stdin.isatty():
        raise InvalidInput(
            "--stdin needs a pipe", cause="Standard input is a terminal, which would show the key.", remedy=PIPE
        )
    key = read_key(sys.stdin.readline().strip() if sys.stdin is not None else None)
    if isinstance(key, MissingKey):
        raise InvalidInput(
            "Nothing came from standard input", cause="It must contain the key, on one line.", remedy=PIPE
        )
    if isinstance(key, OrigamiError):
        raise key
    return key
