"""`origami-widgets login` and `doctor`: check an API key and store it, and check the whole set-up."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput, MissingKey, OrigamiError
from origami_widgets.cli.command import DONE, FAILED, Argument, Command, client_for

if TYPE_CHECKING:
    from origami_widgets.api.keys.secret import Secret


PIPE = "Pipe it in: pass show origami | origami-widgets login --stdin. Without --stdin, the command asks for it."


def check_key(options: Namespace) -> int:
    """Check a key; return the exit code.

    Raises:
        OrigamiError: there is no key, or it is not accepted.
    """
    from origami_widgets.api.keys.key_sources import has_keyring
    from origami_widgets.run.settings import login

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


def run_doctor(options: Namespace) -> int:
    """Check the set-up; return the exit code."""
    from origami_widgets.run.doctor import examine

    report = examine(lambda: client_for(options))
    sys.stdout.write(f"{json.dumps(report.to_dict()) if options.json else report}\n")
    return FAILED if report.findings else DONE


LOGIN_EXAMPLE = """\
origami-widgets login --store

It reads ORIGAMI_API_KEY and the system's keyring, and asks if there is no key;
what you type is not shown. --store needs
pip install "origami-widgets[keyring]". A key is never an argument: it would
be visible in the shell's history and the list of processes. From a program:

  pass show origami | origami-widgets login --stdin --store"""
LOGIN = Command(
    "login",
    check_key,
    "check your API key, and store it",
    "Check an API key and show its account: organization, plan, free run slots, credits. Sends only reads and costs "
    "nothing.",
    LOGIN_EXAMPLE,
    (
        Argument("--store", action="store_true", help="store the key in the system's keyring"),
        Argument("--stdin", action="store_true", help="read the key from a pipe instead of asking for it"),
    ),
)

DOCTOR_EXAMPLE = """\
origami-widgets doctor

It checks versions, the widget manager, the API key and the network, and says
how to repair what is wrong. It exits with 1 if it finds a problem. What it
writes has no key in it: you can paste it into an issue. In a notebook, call
ow.doctor(): only there it sees which environment the server has.

--json writes one object: version, python, host, versions, kernel, server,
server_is_running, server_versions, api, key, reachable, findings [{"code",
"title", "cause", "remedy"}]."""
DOCTOR = Command(
    "doctor",
    run_doctor,
    "check this set-up",
    "Check this set-up, and say how to repair it. Sends one read and costs nothing.",
    DOCTOR_EXAMPLE,
    (Argument("--json", action="store_true", help="write one JSON object"),),
)
