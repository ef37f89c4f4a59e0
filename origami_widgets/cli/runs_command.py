"""`origami-widgets runs`: list the newest runs with their tokens."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from origami_widgets.cli.exit_codes import DONE
from origami_widgets.cli.options import add_api_options, add_command, check_number, client_for
from origami_widgets.cli.output import terminal_width

if TYPE_CHECKING:
    from argparse import Namespace

    from origami_widgets.api.operations import Operations
    from origami_widgets.cli.options import Commands
    from origami_widgets.cli.run_text import RunRow

EXAMPLE = """\
origami-widgets runs --limit 5

Without AGENT, the list shows the newest run of each agent; with AGENT, all
runs of that agent. The newest run comes first. To see a run live:
`origami-widgets watch TOKEN`. To see many live: `ow.RunBoard()` in a notebook.

--json writes one object per run, on one line each: token, agent_name, status,
brief, model, steps {"completed", "max"}, started_at, completed_at."""


def register(commands: Commands[Any]) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "runs",
        short="list the newest runs and their tokens",
        description="List the newest run of each agent, or all runs of one agent. Sends only reads and costs nothing.",
        example=EXAMPLE,
    )
    parser.add_argument("agent", metavar="AGENT", nargs="?", help="id of an agent, to list only its runs")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="number of runs (default 20)")
    parser.add_argument("--json", action="store_true", help="write one JSON object per run")
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """List runs; return the exit code."""
    from origami_widgets.api.background.loop import background
    from origami_widgets.cli.run_text import table_lines
    from origami_widgets.run.agent_runs import parse_token

    check_number("--limit", options.limit, 20)
    if options.agent is not None:
        # Checked first, so that a wrong id is refused before the search for a key.
        parse_token(options.agent)
    operations = client_for(options).operations
    rows = background().run(_read_rows(operations, options.agent, options.limit))
    if options.json:
        sys.stdout.writelines(f"{json.dumps(row.record())}\n" for row in rows)
    elif rows:
        lines = table_lines(rows, now=time.time() + (operations.clock_offset or 0.0), width=terminal_width())
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        sys.stderr.write("There are no runs yet. Start one in a notebook: ow.start('…')\n")
    return DONE


async def _read_rows(operations: Operations, agent: str | None, limit: int) -> list[RunRow]:
    """Read the newest run of each agent, or all runs of one agent, newest first. Sends only GETs.

    Args:
        operations: the API.
        agent: id of the agent, or the token of one of its runs; None for all agents.
        limit: number of runs.

    Raises:
        OrigamiError: the runs could not be read.
    """
    from origami_widgets.cli.run_text import RunRow
    from origami_widgets.run.agent_runs import parse_token, recent_runs, runs_of

    if agent is None:
        recent = await recent_runs(operations, limit=limit)
        return [RunRow(each.agent_id, each.agent_name, each.run) for each in recent]
    agent_id, _ = parse_token(agent)
    runs = await runs_of(operations, agent_id)
    return [RunRow(agent_id, "", each) for each in reversed(runs[-limit:])]
