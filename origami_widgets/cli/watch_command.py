"""`origami-widgets watch`, `cancel` and `runs`: watch a run until it ends, end it with its cells, and list runs."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from origami_widgets.cli.command import (
    DONE,
    ENDED_BADLY,
    INTERRUPTED,
    TOKEN,
    Argument,
    Command,
    attached,
    check_number,
    client_for,
    code_of_run,
    exit_on_sigterm,
    repeated_api_options,
)

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import RecentRun
    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import RunState
    from origami_widgets.run.waiting import Until

LONGEST_REQUEST = 30.0
LONGEST_LINE = 400


def watch_run(options: Namespace) -> int:
    """Watch a run; return the exit code."""
    timeout = options.timeout
    check_number("--timeout", timeout, 600)
    began = time.monotonic()
    run = attached(options, timeout=min(LONGEST_REQUEST, timeout or LONGEST_REQUEST))

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
    from origami_widgets.run.waiting import WaitTimedOut, describe_last_answer, reached

    earlier = run.conversation.states[:-1]
    ends = None if timeout is None else (time.monotonic() if since is None else since) + timeout
    try:
        with exit_on_sigterm():
            try:
                with open_output(as_json=as_json) as output:
                    for state in states(run, ends, output.interval):
                        output.show(state, earlier)
                        if reached(state, until):
                            break
                    else:
                        raise WaitTimedOut(
                            f"The run didn't end within {timeout:g} s",
                            cause=describe_last_answer(run.state),
                            remedy=f"Watch it again: origami-widgets watch {run.token}",
                        )
            finally:
                interrupted = isinstance(sys.exception(), KeyboardInterrupt | SystemExit | BrokenPipeError)
                if not as_json and not interrupted:
                    _write_card(run)
    except KeyboardInterrupt:
        sys.stderr.write(f"{stopped()}\n")
        return INTERRUPTED
    return code_of_run(run.status)


def watched(run: Run) -> None:
    """Watch a run that a command waits for. Ctrl-C cancels it and stops its cells."""
    said = "Interrupted. Asking Origami to cancel the run and stop its cells."
    if watch(run, "cells", stopped=lambda: said) == INTERRUPTED:
        run.cancel(cells=True)
        raise KeyboardInterrupt


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
    from origami_widgets.card.render.text_writer import WIDTH, render_text
    from origami_widgets.card.view import make_view

    now = time.time()
    view = make_view(run.state, earlier=run.conversation.states[:-1], now=now, form="snapshot")
    write_line(render_text(view, now=now, width=min(terminal_width() or WIDTH, WIDTH)))


def cancel_run(options: Namespace) -> int:
    """Cancel a run; return the exit code."""
    from origami_widgets.api.background.loop import release_all
    from origami_widgets.card.view.stopping import stop_outcome
    from origami_widgets.run.state import StoppedCells
    from origami_widgets.words.foreign_text import clean

    check_number("--timeout", options.timeout, 600)
    ends = None if options.timeout is None else time.monotonic() + options.timeout
    run = attached(options, read=True)
    again = f"origami-widgets cancel {run.token}{repeated_api_options(options)}"
    was_settled = run.settled
    if not was_settled:
        try:
            with exit_on_sigterm():
                _cancel(run, ends, again)
        except KeyboardInterrupt:
            release_all()
            sys.stderr.write(
                f"Stopped waiting. The run or its cells may go on and use credits. Cancel again: {again}\n"
            )
            return INTERRUPTED
    stopped = run.state.stopped or StoppedCells()
    if options.json:
        write_line(json.dumps({"token": run.token, "status": run.status, **asdict(stopped)}))
    elif was_settled:
        write_line(f"Nothing to cancel: {run.token} has ended ({run.status}), and no cell is running.")
    else:
        write_line(f"{run.token} has ended: {run.status}.")
        # Names of tables come from the server.
        write_line(clean(stop_outcome(run.state), LONGEST_LINE) or "No cell was running.")
    return ENDED_BADLY if stopped.left_running else DONE


def _cancel(run: Run, ends: float | None, again: str) -> None:
    """Ask for the end of a run and its cells, and return when nothing of them is active.

    Args:
        run: the run.
        ends: the monotonic time until which to wait; None for as long as it takes.
        again: the command that goes on with it.

    Raises:
        WaitTimedOut: it took longer; the run or its cells may go on.
        OrigamiError: the server refused, or cannot be reached any more; the run or its cells go on.
    """
    import asyncio

    from origami_widgets.api.background.loop import release_all
    from origami_widgets.run.starts.cancel import CancelPending
    from origami_widgets.run.waiting import WaitTimedOut, describe_last_answer, reached

    try:
        asyncio.run(_ask(run, ends))
    except CancelPending as pending:
        sys.stderr.write(f"{pending.title}. {pending.cause} Retrying.\n")
    for state in states(run, ends):
        if state.stopping == "none":
            if (error := state.stop_error or state.command_error) is not None:
                raise error
            if reached(state, "run"):
                return
    release_all()
    raise WaitTimedOut(
        "The run or its cells are still active",
        cause=describe_last_answer(run.state),
        remedy=f"They may use credits. Cancel again: {again}",
    )


async def _ask(run: Run, ends: float | None) -> None:
    """Ask for the end of a run and its cells; return when that was accepted, or at the end of the time."""
    import asyncio

    # Awaited, because `Run.cancel` tells a user who interrupts it what holds for a notebook only.
    asking = asyncio.ensure_future(run.cancel_async())
    await asyncio.wait((asking,), timeout=None if ends is None else ends - time.monotonic())
    if asking.done():
        asking.result()


CANCEL_EXAMPLE = """\
origami-widgets cancel AGENT_ID/RUN_ID

Everything built so far is kept; used credits are not returned. If the run has
ended while cells are still filling, only these are stopped. If nothing is
active, nothing is sent. Cells that the run didn't start, such as those of a
colleague in the same table, are left running and named (exit code 3).

--json writes one object, on one line:
  token         of the run              lead_source_jobs  stopped jobs
  status        as sent by Origami      left_running      a list of {"table_id",
  cells         stopped cells                             "table_name", "cells",
                                                          "reason"}"""
CANCEL = Command(
    "cancel",
    cancel_run,
    "cancel a run and stop its cells",
    "Cancel a run and stop the cells that it is filling, and wait until nothing of it is active. Costs nothing. "
    "If you interrupt it, run it again: what was not stopped yet goes on and uses credits.",
    CANCEL_EXAMPLE,
    (
        TOKEN,
        Argument("--timeout", type=float, metavar="SECONDS", help="stop waiting after this time"),
        Argument("--json", action="store_true", help="write one JSON object"),
    ),
)


def list_runs(options: Namespace) -> int:
    """List runs; return the exit code."""
    from origami_widgets.api.background.loop import background
    from origami_widgets.cli.run_text import listed_record, table_lines
    from origami_widgets.run.conversation import parse_token

    check_number("--limit", options.limit, 20)
    if options.agent is not None:
        # Checked first, so that a wrong id is refused before the search for a key.
        parse_token(options.agent)
    operations = client_for(options).operations
    rows = background().run(_read_rows(operations, options.agent, options.limit))
    if options.json:
        sys.stdout.writelines(f"{json.dumps(listed_record(row))}\n" for row in rows)
    elif rows:
        lines = table_lines(rows, now=time.time() + (operations.clock_offset or 0.0), width=terminal_width())
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        sys.stderr.write("There are no runs yet. Start one in a notebook: ow.start('…')\n")
    return DONE


async def _read_rows(operations: Operations, agent: str | None, limit: int) -> list[RecentRun]:
    """Read the newest run of each agent, or all runs of one agent, newest first. Sends only GETs.

    Args:
        operations: the API.
        agent: id of the agent, or the token of one of its runs; None for all agents.
        limit: number of runs.

    Raises:
        OrigamiError: the runs could not be read.
    """
    from origami_widgets.run.conversation import RecentRun, parse_token, recent_runs, runs_of

    if agent is None:
        return await recent_runs(operations, limit=limit)
    agent_id, _ = parse_token(agent)
    return [RecentRun(agent_id, "", each) for each in reversed((await runs_of(operations, agent_id))[-limit:])]


WATCH_EXAMPLE = """\
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
WATCH = Command(
    "watch",
    watch_run,
    "watch a run live until it ends",
    "Watch a run live until it ends. Sends only reads and costs nothing. Ctrl-C stops watching, never the run.",
    WATCH_EXAMPLE,
    (
        TOKEN,
        Argument(
            "--until",
            choices=("run", "cells"),
            default="run",
            help="run: until the agent has ended (default); cells: until all cells of its tables are filled, too",
        ),
        Argument("--timeout", type=float, metavar="SECONDS", help="stop watching after this time"),
        Argument("--json", action="store_true", help="write one JSON object per change"),
    ),
)

RUNS_EXAMPLE = """\
origami-widgets runs --limit 5

Without AGENT, the list shows the newest run of each agent; with AGENT, all
runs of that agent. The newest run comes first. To see a run live:
`origami-widgets watch TOKEN`. To see many live: `ow.RunBoard()` in a notebook.

--json writes one object per run, on one line each: token, agent_name, status,
brief, model, steps {"completed", "max"}, started_at, completed_at."""
RUNS = Command(
    "runs",
    list_runs,
    "list the newest runs and their tokens",
    "List the newest run of each agent, or all runs of one agent. Sends only reads and costs nothing.",
    RUNS_EXAMPLE,
    (
        Argument("agent", metavar="AGENT", nargs="?", help="id of an agent, to list only its runs"),
        Argument("--limit", type=int, default=20, metavar="N", help="number of runs (default 20)"),
        Argument("--json", action="store_true", help="write one JSON object per run"),
    ),
)


WIDTH, HEIGHT = 80, 24
"""Columns and lines of a terminal that does not say its size."""


class LiveOutput:
    """Writes a run whenever it has changed.

    Attributes:
        interval: seconds after which the output needs an update even if nothing has changed.
        before: what takes the terminal.
        after: what gives it back.
    """

    interval = 0.5
    before = after = ""

    def __init__(self) -> None:
        self._shown: object = None

    def show(self, state: RunState, earlier: Sequence[RunState]) -> None:
        """Write a run, if anything that the output shows of it has changed.

        Args:
            state: the state of the run.
            earlier: the earlier turns of its conversation.
        """
        content, text = self._drawn(state, earlier)
        if content != self._shown:
            self._shown = content
            sys.stdout.write(text)
            sys.stdout.flush()

    def _drawn(self, state: RunState, earlier: Sequence[RunState]) -> tuple[object, str]:
        """Return what to compare with the last update, and what to write."""
        raise NotImplementedError


class JsonLines(LiveOutput):
    """A JSON object per change, on one line each."""

    def _drawn(self, state: RunState, _earlier: Sequence[RunState]) -> tuple[object, str]:
        from origami_widgets.cli.run_text import run_record

        record = run_record(state, now=time.time())
        return record | {"at": None}, f"{json.dumps(record)}\n"


class TextLines(LiveOutput):
    """A line per change, after the time and without control characters; the first one with the brief."""

    def _drawn(self, state: RunState, earlier: Sequence[RunState]) -> tuple[object, str]:
        from origami_widgets.card.view import make_view
        from origami_widgets.cli.run_text import change_line
        from origami_widgets.words.numbers import instant

        now = time.time()
        view = make_view(state, earlier=earlier, now=now, form="current")
        text = change_line(view, with_brief=self._shown is None)
        return change_line(view), f"{instant(now * 1000)}  {text}\n"


class Screen(LiveOutput):
    """Redraws the terminal's alternate screen, plainly. The old screen comes back at the end."""

    # Redrawn every second: ages grow, and the terminal may have a new size.
    interval = 0.25
    before, after = "\x1b[?1049h", "\x1b[?1049l"

    def _drawn(self, state: RunState, earlier: Sequence[RunState]) -> tuple[object, str]:
        from origami_widgets.cli.run_text import page

        size = os.get_terminal_size(sys.stdout.fileno())
        drawing = page(state, earlier, size.columns or WIDTH, size.lines or HEIGHT)
        return (size, drawing), f"\x1b[H\x1b[J{drawing}"


@contextmanager
def open_output(*, as_json: bool) -> Iterator[LiveOutput]:
    """Open the output for stdout: JSON if asked for, a screen on a terminal that can be redrawn, else lines."""
    # Windows sets no TERM. Its older consoles would print the control sequences.
    can_redraw = sys.stdout.isatty() and os.environ.get("TERM", "unknown") not in ("", "dumb", "unknown")
    output = JsonLines() if as_json else Screen() if can_redraw else TextLines()
    sys.stdout.write(output.before)
    try:
        yield output
    finally:
        sys.stdout.write(output.after)
        sys.stdout.flush()


def write_line(line: str) -> None:
    """Write a line to stdout at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def terminal_width() -> int | None:
    """Return the columns of the terminal; None if stdout is not a terminal or its width is unknown."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None
