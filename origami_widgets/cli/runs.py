"""`origami-widgets runs`: the newest runs, and the tokens that find them again."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from origami_widgets.cli.exits import DONE
from origami_widgets.cli.options import add_api_options, add_command, client_of
from origami_widgets.cli.page import width_of_page

if TYPE_CHECKING:
    from argparse import Namespace

    from origami_widgets.api.operations import Operations
    from origami_widgets.cli.options import Commands
    from origami_widgets.cli.run_table import Listed

EXAMPLE = """\
origami-widgets runs --limit 5

Without an agent it is the newest run of each agent, with one all runs of that
agent; the newest stands first. `origami-widgets watch TOKEN` shows one live.
With --watch a terminal shows the list live (with rich), and a pipe or a file
gets a line for each run that is new or has changed.

--json writes one object per run, in one line each: token, agent_name, status,
brief, model, steps {"completed", "max"}, started_at, completed_at."""


def register(commands: Commands[Any]) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "runs",
        short="list the newest runs and their tokens",
        description="List the newest run of each agent, or all runs of one agent. Sends reads only and costs nothing.",
        example=EXAMPLE,
    )
    parser.add_argument("agent", metavar="AGENT", nargs="?", help="only the runs of the agent with this id")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="so many at most (default 20)")
    parser.add_argument("--json", action="store_true", help="one JSON object per run")
    parser.add_argument("--watch", action="store_true", help="read them again every 15 seconds, until Ctrl-C")
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """List runs; return the exit code."""
    from origami_widgets.api.errors import InvalidInput
    from origami_widgets.api.loop import background
    from origami_widgets.cli.run_table import record, table
    from origami_widgets.run.agent_runs import parse_token

    if options.limit < 1:
        raise InvalidInput(
            "There is nothing to list",
            cause=f"--limit was {options.limit}.",
            remedy="Give the number of runs to list, for example --limit 20.",
        )
    if options.agent is not None:
        # First: what names no agent is refused before a key is looked for.
        parse_token(options.agent)
    operations = client_of(options).operations

    def read() -> list[Listed]:
        return background().run(listed(operations, options.agent, options.limit))

    def offset() -> float:
        return operations.clock_offset or 0.0

    if options.watch:
        from origami_widgets.cli.run_list import watch_list

        watch_list(read, offset, as_json=options.json)
        return DONE
    found = read()
    now = time.time() + offset()
    lines = map(json.dumps, map(record, found)) if options.json else table(found, now=now, width=width_of_page())
    if found or options.json:
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        sys.stderr.write("There are no runs yet. Start one in a notebook: ow.start('…')\n")
    return DONE


async def listed(operations: Operations, agent: str | None, limit: int) -> list[Listed]:
    """The newest run of each agent, or all runs of one, the newest first. Sends GETs only.

    Args:
        operations: the API.
        agent: the agent's id; None for all agents.
        limit: runs in all.

    Raises:
        OrigamiError: they could not be read.
    """
    from origami_widgets.cli.run_table import Listed
    from origami_widgets.run.agent_runs import parse_token, recent_runs, runs_of

    if agent is None:
        recent = await recent_runs(operations, limit=limit)
        return [Listed(each.agent_id, each.agent_name, each.run) for each in recent]
    # A token names the agent as well.
    agent_id, _ = parse_token(agent)
    runs = await runs_of(operations, agent_id)
    return [Listed(agent_id, "", each) for each in reversed(runs[-limit:])]
