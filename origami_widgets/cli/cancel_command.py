"""`origami-widgets cancel TOKEN`: cancel a run and stop its cells, and wait until nothing of it is active."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from origami_widgets.cli.exit_codes import DONE, ENDED_BADLY, INTERRUPTED, exit_on_sigterm
from origami_widgets.cli.options import (
    TOKEN_HELP,
    add_api_options,
    add_command,
    check_timeout,
    client_for,
    repeated_api_options,
)
from origami_widgets.cli.output import write_line

if TYPE_CHECKING:
    from argparse import Namespace

    from origami_widgets.cli.options import Commands
    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import StoppedCells

LOOK = 0.5
"""Longest single wait in seconds, so that an interrupt is noticed on every platform."""
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
    parser.add_argument("token", metavar="TOKEN", help=TOKEN_HELP)
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="stop waiting after this time")
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Cancel a run; return the exit code."""
    from origami_widgets.run.agent_runs import parse_token
    from origami_widgets.run.start import attach
    from origami_widgets.run.state import StoppedCells

    # Checked first, so that a wrong token is refused before the search for a key.
    parse_token(options.token)
    check_timeout(options.timeout)
    ends = None if options.timeout is None else time.monotonic() + options.timeout
    attached = attach(options.token, client=client_for(options), show=False)
    if attached.state.run is None:
        # The first read failed. A refresh gives the run, or raises the reason.
        attached.refresh()
    again = f"origami-widgets cancel {attached.token}{repeated_api_options(options)}"
    was_settled = attached.settled
    if not was_settled:
        try:
            with exit_on_sigterm():
                _cancel(attached, ends, again)
        except KeyboardInterrupt:
            sys.stderr.write(
                f"Stopped waiting. The run or its cells may go on and use credits. Cancel again: {again}\n"
            )
            return INTERRUPTED
    stopped = attached.state.stopped or StoppedCells()
    if options.json:
        write_line(json.dumps(_record(attached, stopped)))
    else:
        _write(attached, stopped, was_settled=was_settled)
    return ENDED_BADLY if stopped.left_running else DONE


def _cancel(attached: Run, ends: float | None, again: str) -> None:
    """Ask for the end of a run and its cells, and return when nothing of them is active.

    Args:
        attached: the run.
        ends: the monotonic time until which to wait; None for as long as it takes.
        again: the command that goes on with it.

    Raises:
        WaitTimedOut: it took longer; the run or its cells may go on.
        OrigamiError: the server refused, or cannot be reached any more; the run or its cells go on.
    """
    import asyncio

    from origami_widgets.run.starts.cancel import CancelPending
    from origami_widgets.run.waiting import WaitTimedOut, describe_last_answer, reached

    changed = threading.Event()
    unsubscribe = attached.on_change(lambda _run: changed.set())
    try:
        try:
            asyncio.run(_ask(attached, ends))
        except CancelPending as pending:
            sys.stderr.write(f"{pending.title}. {pending.cause} Retrying.\n")
        while True:
            changed.clear()
            state = attached.state
            if state.stopping == "none":
                if (error := state.stop_error or state.command_error) is not None:
                    raise error
                if reached(state, "run"):
                    return
            left = LOOK if ends is None else min(LOOK, ends - time.monotonic())
            if left <= 0:
                raise WaitTimedOut(
                    "The run or its cells are still active",
                    cause=describe_last_answer(state),
                    remedy=f"They may use credits. Cancel again: {again}",
                )
            changed.wait(left)
    finally:
        unsubscribe()


async def _ask(attached: Run, ends: float | None) -> None:
    """Ask for the end of a run and its cells; return when that was accepted, or at the end of the time."""
    import asyncio

    # Awaited, because `Run.cancel` tells a user who interrupts it what holds for a notebook only.
    asking = asyncio.ensure_future(attached.cancel_async())
    await asyncio.wait((asking,), timeout=None if ends is None else ends - time.monotonic())
    if asking.done():
        asking.result()


def _write(attached: Run, stopped: StoppedCells, *, was_settled: bool) -> None:
    """Write what became of a run and what was stopped."""
    from origami_widgets.run.state import StoppedCells
    from origami_widgets.words.foreign_text import clean

    if was_settled:
        write_line(f"Nothing to cancel: {attached.token} has ended ({attached.status}), and no cell is running.")
        return
    write_line(f"{attached.token} has ended: {attached.status}.")
    # Names of tables come from the server.
    write_line(clean(str(stopped), LONGEST_LINE) if stopped != StoppedCells() else "No cell was running.")


def _record(attached: Run, stopped: StoppedCells) -> dict[str, object]:
    """Return what became of a run and what was stopped, for JSON."""
    left = [
        {"table_id": each.table_id, "table_name": each.table_name, "cells": each.cells, "reason": each.reason}
        for each in stopped.left_running
    ]
    return {
        "token": attached.token,
        "status": attached.status,
        "cells": stopped.cells,
        "lead_source_jobs": stopped.lead_source_jobs,
        "left_running": left,
    }
