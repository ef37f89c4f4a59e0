"""`origami-widgets sandbox`: serve the embedded API on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from origami_widgets.cli.exit_codes import DONE, FAILED, USAGE
from origami_widgets.cli.options import add_command

if TYPE_CHECKING:
    from argparse import Namespace

    from origami_widgets.cli.options import Commands


def register(commands: Commands[Any]) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "sandbox",
        short="serve a simulated Origami API on this machine",
        description=(
            "Serve a simulated Origami API on 127.0.0.1: no account, no credits, no network. A word in a brief picks "
            "what happens, for example scenario:needs_input; an unknown name is refused, with a list of all. Ctrl-C "
            "stops it, with exit code 0."
        ),
        example="origami-widgets sandbox --port 8765 --speed 20",
    )
    parser.add_argument("--port", type=int, default=0, help="port; 0, the default, takes any free port")
    parser.add_argument("--seed", type=int, default=0, help="decides ids and leads (default 0)")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second (default 1)")
    parser.add_argument("--plan", default="pro", help="starter, pro, scale, ultra or enterprise (default pro)")
    parser.add_argument("--credits", type=int, default=5_000, help="the balance at the start (default 5,000)")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Serve until interrupted; return the exit code."""
    try:
        return _serve(options)
    except KeyboardInterrupt:
        # The usual end of a server: uvicorn shuts down cleanly and then passes the interrupt on.
        return DONE


def _serve(options: Namespace) -> int:
    from origami_widgets.sandbox.embedded import Sandbox, listen, make_server, served_at

    try:
        sandbox = Sandbox(options.seed, options.speed, plan=options.plan, credits=options.credits)
        server = make_server(sandbox)
        bound = listen(options.port)
    except (ValueError, ImportError, OSError) as problem:
        sys.stderr.write(f"origami-widgets sandbox: {problem}\n")
        return USAGE if isinstance(problem, ValueError) else FAILED
    with bound:
        served = served_at(bound, sandbox.api_key)
        sys.stdout.write(
            f"Origami sandbox at {served.base_url} with the key {served.api_key}\n"
            f"export ORIGAMI_BASE_URL={served.base_url}\n"
            f"export ORIGAMI_API_KEY={served.api_key}\n"
            "Ctrl-C stops it.\n"
        )
        sys.stdout.flush()
        server.run(sockets=[bound])
    return DONE
