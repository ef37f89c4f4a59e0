"""`origami-widgets cancel TOKEN`: cancel a run and stop its cells, and wait until nothing of it is active."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from origami_widgets.cli.exit_codes import DONE, ENDED_BADLY, INTERRUPTED, exit_on_sigterm
from origami_widgets.cli.options import (
    add_api_options,
    add_command,
    add_token,
    attached,
    check_number,
    repeated_api_options,
)
from origami_widgets.cli.output import write_line
from origami_widgets.cli.watch_command import states

if TYPE_CHECKING:
    from argparse import Namespace

    from origami_widgets.cli.options import Commands
    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import StoppedCells

LONGEST_LINE = 400
EXAMPLE = """\
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


def register(commands: Commands[Any]) -> None:
    """Add the parser of the command."""
    parser = add_command(
        commands,
        "cancel",
        short="cancel a run and stop its cells",
        description=(
            "Cancel a run and stop the cells that it is filling, and wait until nothing of it is active. Costs nothing. "
            "If you interrupt it, run it again: what was not stopped yet goes on and uses credits."
        ),
        example=EXAMPLE,
    )
    add_token(parser)
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="stop waiting after this time")
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    add_api_options(parser)
    parser.set_defaults(run=cancel_run)


def cancel_run(options: Namespace) -> int:
    """Cancel a run; return the exit code."""
    from origami_widgets.api.background.loop import release_all
    from origami_widgets.run.state import StoppedCells

    check_number("--timeout", options.timeout, 600)
    ends = None if options.timeout is None else time.monotonic() + options.timeout
    run, _ = attached(options, read=True)
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
    else:
        _write(run, stopped, was_settled=was_settled)
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


def _write(run: Run, stopped: StoppedCells, *, was_settled: bool) -> None:
    """Write what became of a run and what was stopped."""
    from origami_widgets.run.state import StoppedCells
    from origami_widgets.words.foreign_text import clean

    if was_settled:
        write_line(f"Nothing to cancel: {run.token} has ended ({run.status}), and no cell is running.")
        return
    write_line(f"{run.token} has ended: {run.status}.")
    # Names of tables come from the server.
    write_line(clean(str(stopped), LONGEST_LINE) if stopped != StoppedCells() else "No cell was running.")
