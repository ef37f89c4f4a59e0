"""`origami-widgets watch TOKEN` and `runs`: watch a run live until it ends, and list the newest runs."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from origami_widgets.cli.exit_codes import DONE, INTERRUPTED, code_of_run, exit_on_sigterm
from origami_widgets.cli.options import (
    add_api_options,
    add_command,
    add_token,
    attached,
    check_number,
    client_for,
    repeated_api_options,
)
from origami_widgets.cli.output import open_output, terminal_width, write_line

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from origami_widgets.api.operations import Operations
    from origami_widgets.cli.options import Commands
    from origami_widgets.cli.run_text import RunRow
    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import RunState
    from origami_widgets.run.waiting import Until


LONGEST_REQUEST = 30.0
EXAMPLE = """\
origami-widgets watch AGENT_ID/RUN_ID --until cells

The token is in the menu of each card, and in `origami-widgets runs`. A terminal
shows the card live. In a pipe, in a file and on Windows, each change is written
as one line, and the card at the end.

--json writes one object per change, on one line each, and nothing else:
  at          time, in UTC          steps       {"completed", "max"}
  token       of the run            leads       as the card counts
  status      as sent by Origami    credits     used by the tables so far
  done        the agent has ended   cells       {"running", "errored"}
  settled     and all cells are     questions   number of open questions
              filled                connection  live, reconnecting, stopped,
                                                ended
Values that Origami did not send are null. An error is one object on stderr:
  {"error": {"type", "title", "cause", "remedy", "code", "status_code",
             "request_id", "link"}}"""


def register(commands: Commands[Any]) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "watch",
        short="watch a run live until it ends",
        description=(
            "Watch a run live until it ends. Sends only reads and costs nothing. Ctrl-C stops watching, never the run."
        ),
        example=EXAMPLE,
    )
    add_token(parser)
    parser.add_argument(
        "--until",
        choices=("run", "cells"),
        default="run",
        help="run: until the agent has ended (default); cells: until all cells of its tables are filled, too",
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="stop watching after this time")
    parser.add_argument("--json", action="store_true", help="write one JSON object per change")
    add_api_options(parser)
    parser.set_defaults(run=watch_run)


def watch_run(options: Namespace) -> int:
    """Watch a run; return the exit code."""
    timeout = options.timeout
    check_number("--timeout", timeout, 600)
    began = time.monotonic()
    run, _ = attached(options, timeout=min(LONGEST_REQUEST, timeout or LONGEST_REQUEST))

    def stopped() -> str:
        state = "has ended" if run.done else "continues"
        command = f"origami-widgets watch {run.token}{repeated_api_options(options)}"
        return f"Stopped watching; the run {state}. To see it: {command}"

    return watch(run, options.until, timeout=timeout, since=began, as_json=options.json, stopped=stopped)


def watch(
    run: Run,
    until: Until,
    *,
    stopped: Callable[[], str],
    timeout: float | None = None,
    since: float | None = None,
    as_json: bool = False,
) -> int:
    """Write a run's changes until it ends, then its card.

    Args:
        run: the run.
        until: `"run"` or `"cells"`, as in `Run.wait`.
        stopped: returns the line to print on Ctrl-C.
        timeout: the maximum number of seconds to watch.
        since: the monotonic time from which the timeout counts; None for now.
        as_json: write JSON and no card.

    Returns:
        The exit code.

    Raises:
        OrigamiError: polling stopped, or `timeout` passed.
    """
    from origami_widgets.cli.run_text import RunUpdate

    output = open_output(as_json=as_json)
    earlier = run.conversation.states[:-1]
    try:
        with exit_on_sigterm():
            try:
                with output:
                    for state in follow(run, until, timeout=timeout, since=since, interval=output.interval):
                        output.show(RunUpdate(state, earlier))
            finally:
                interrupted = isinstance(sys.exception(), KeyboardInterrupt | SystemExit | BrokenPipeError)
                if not as_json and not interrupted:
                    _write_card(run)
    except KeyboardInterrupt:
        sys.stderr.write(f"{stopped()}\n")
        return INTERRUPTED
    return code_of_run(run.status)


def follow(
    run: Run, until: Until, *, timeout: float | None = None, since: float | None = None, interval: float = 0.5
) -> Iterator[RunState]:
    """Yield the state of a run after each change, and at least once per interval, until it ends. Sends nothing.

    Args:
        run: the run.
        until: `"run"` until the agent has ended, `"cells"` until no cell is running either.
        timeout: the maximum number of seconds to follow the run.
        since: the monotonic time from which the timeout counts; None for now.
        interval: seconds after which to yield the state even if it has not changed.

    Raises:
        WaitTimedOut: `timeout` seconds passed first; the run continues.
        OrigamiError: polling stopped.
    """
    from origami_widgets.run.waiting import WaitTimedOut, describe_last_answer, reached

    ends = None if timeout is None else (time.monotonic() if since is None else since) + timeout
    for state in states(run, ends, interval):
        yield state
        if reached(state, until):
            return
    raise WaitTimedOut(
        f"The run didn't end within {timeout:g} s",
        cause=describe_last_answer(run.state),
        remedy=f"Watch it again: origami-widgets watch {run.token}",
    )


def states(run: Run, ends: float | None, interval: float = 0.5) -> Iterator[RunState]:
    """Yield the state of a run after each change, and at least once per interval. Sends nothing.

    Args:
        run: the run.
        ends: the monotonic time at which to end; None for never.
        interval: the longest single wait in seconds, so that an interrupt is noticed on every platform.
    """
    changed = threading.Event()
    unsubscribe = run.on_change(lambda _run: changed.set())
    left = interval
    try:
        while left > 0:
            changed.clear()
            yield run.state
            left = interval if ends is None else min(interval, ends - time.monotonic())
            changed.wait(max(left, 0))
    finally:
        unsubscribe()


def _write_card(run: Run) -> None:
    """Write the card, as wide as the terminal."""
    from origami_widgets.card.render.card_text import WIDTH, render_text
    from origami_widgets.card.view import make_view

    now = time.time()
    view = make_view(run.state, earlier=run.conversation.states[:-1], now=now, form="snapshot")
    write_line(render_text(view, now=now, width=min(terminal_width() or WIDTH, WIDTH)))


RUNS_EXAMPLE = """\
origami-widgets runs --limit 5

Without AGENT, the list shows the newest run of each agent; with AGENT, all
runs of that agent. The newest run comes first. To see a run live:
`origami-widgets watch TOKEN`. To see many live: `ow.RunBoard()` in a notebook.

--json writes one object per run, on one line each: token, agent_name, status,
brief, model, steps {"completed", "max"}, started_at, completed_at."""


def register_runs(commands: Commands[Any]) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "runs",
        short="list the newest runs and their tokens",
        description="List the newest run of each agent, or all runs of one agent. Sends only reads and costs nothing.",
        example=RUNS_EXAMPLE,
    )
    parser.add_argument("agent", metavar="AGENT", nargs="?", help="id of an agent, to list only its runs")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="number of runs (default 20)")
    parser.add_argument("--json", action="store_true", help="write one JSON object per run")
    add_api_options(parser)
    parser.set_defaults(run=list_runs)


def list_runs(options: Namespace) -> int:
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
