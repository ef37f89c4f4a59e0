"""`origami-widgets doctor`: check this set-up, and say how to repair it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from origami_widgets.cli.exit_codes import DONE, FAILED, for_command_line
from origami_widgets.cli.options import add_api_options, add_command, client_for

if TYPE_CHECKING:
    from argparse import Namespace

    from origami_widgets.cli.options import Commands

EXAMPLE = """\
origami-widgets doctor

It checks versions, the widget manager, the API key and the network, and says
how to repair what is wrong. It exits with 1 if it finds a problem. What it
writes has no key in it: you can paste it into an issue. In a notebook, call
ow.doctor(): only there it sees which environment the server has.

--json writes one object: version, python, host, versions, kernel, server,
server_is_running, server_versions, api, key, reachable, findings [{"code",
"title", "cause", "remedy"}]."""


def register(commands: Commands[Any]) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "doctor",
        short="check this set-up",
        description="Check this set-up, and say how to repair it. Sends one read and costs nothing.",
        example=EXAMPLE,
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Check the set-up; return the exit code."""
    from origami_widgets.run.doctor import examine

    report = examine(lambda: client_for(options), words=for_command_line)
    sys.stdout.write(f"{json.dumps(report.to_dict()) if options.json else report}\n")
    return FAILED if report.findings else DONE
