"""`origami-widgets runs`: list the newest runs with their tokens, once or live."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.cli.exit_codes import DONE, exit_on_sigterm
from origami_widgets.cli.options import add_api_options, add_command, client_for
from origami_widgets.cli.output import open_output, terminal_width

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from origami_widgets.api.operations import Operations
    from origami_widgets.cli.options import Commands
    from origami_widgets.cli.run_text import RunListUpdate, RunRow

INTERVAL = 15.0
"""Seconds between two reads of the list, as each takes one request per 100 agents from the rate limit."""
EXAMPLE = """\
origami-widgets runs --limit 5

Without AGENT, the list shows the newest run of each agent; with AGENT, all
runs of that agent. The newest run comes first. To see a run live:
`origami-widgets watch TOKEN`. With --watch, a terminal shows the list live
(with rich), and a pipe or a file gets a line for each new or changed run.

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
    parser.add_argument("--watch", action="store_true", help="refresh every 15 seconds, until Ctrl-C")
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """List runs; return the exit code."""
    from origami_widgets.api.loop import background
    from origami_widgets.cli.run_text import table_lines
    from origami_widgets.run.agent_runs import parse_token

    if options.limit < 1:
        raise InvalidInput(
            "The limit must be at least 1",
            cause=f"--limit was {options.limit}.",
            remedy="Give the number of runs to list, for example --limit 20.",
        )
    if options.agent is not None:
        # Checked first, so that a wrong id is refused before the search for a key.
        parse_token(options.agent)
    operations = client_for(options).operations

    def read() -> list[RunRow]:
        return background().run(read_rows(operations, options.agent, options.limit))

    def clock_offset() -> float:
        return operations.clock_offset or 0.0

    if options.watch:
        watch_list(read, clock_offset, as_json=options.json)
        return DONE
    rows = read()
    if options.json:
        sys.stdout.writelines(f"{json.dumps(row.record())}\n" for row in rows)
    elif rows:
        lines = table_lines(rows, now=time.time() + clock_offset(), width=terminal_width())
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        sys.stderr.write("There are no runs yet. Start one in a notebook: ow.start('…')\n")
    return DONE


async def read_rows(operations: Operations, agent: str | None, limit: int) -> list[RunRow]:
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


def watch_list(read: Callable[[], list[RunRow]], clock_offset: Callable[[], float], *, as_json: bool) -> None:
    """Show the list live, until an interrupt.

    Args:
        read: reads the list once.
        clock_offset: returns the server's clock minus ours, in seconds.
        as_json: write JSON.

    Raises:
        OrigamiError: the list cannot be read, and retrying will not help.
    """
    output = open_output(as_json=as_json)
    with exit_on_sigterm(), output:
        for update in read_repeatedly(read, clock_offset, output.interval):
            output.show(update)


def read_repeatedly(
    read: Callable[[], list[RunRow]], clock_offset: Callable[[], float], interval: float
) -> Iterator[RunListUpdate]:
    """Read the list every 15 seconds, or later if the server asks for that, for ever.

    Args:
        read: reads the list once.
        clock_offset: returns the server's clock minus ours, in seconds.
        interval: seconds after which to yield the list again even if it was not read.

    Yields:
        The list as last read.

    Raises:
        OrigamiError: the list cannot be read; retrying will not help.
    """
    from origami_widgets.cli.run_text import RunListUpdate

    rows: list[RunRow] = []
    read_at: float | None = None
    while True:
        wait, problem = INTERVAL, ""
        try:
            rows = read()
            read_at = time.time()
        except OrigamiError as error:
            if not error.transient:
                raise
            wait, problem = max(INTERVAL, error.retry_after or 0.0), error.title
        ends = time.monotonic() + wait
        while (left := ends - time.monotonic()) > 0:
            yield RunListUpdate(rows, read_at, time.time() + left, problem, clock_offset())
            time.sleep(min(interval, left))
