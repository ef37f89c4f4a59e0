"""`origami-widgets watch TOKEN`: see a run live, until it ends."""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from origami_widgets.cli.ending import ended_by_sigterm
from origami_widgets.cli.exits import INTERRUPTED, code_of_run
from origami_widgets.cli.options import add_api_options, add_command, client_of, same_place
from origami_widgets.cli.page import can_draw, width_of_page

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from origami_widgets.card.view.contract import View
    from origami_widgets.cli.options import Commands
    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import RunState
    from origami_widgets.run.waiting import Until

LONGEST_REQUEST = 30.0
EXAMPLE = """\
origami-widgets watch AGENT_ID/RUN_ID --until cells

The token stands in the foot of each card, and in `origami-widgets runs`.
With rich (pip install "origami-widgets[terminal]") a terminal shows the card
live; without it, and in a pipe or a file, there is one line per change, and
the card at the end.

--json writes one object per change, in one line each, and nothing else:
  at          when, in UTC          steps       {"completed", "max"}
  token       of the run            leads       in all its tables
  status      Origami's own word    credits     used by its tables so far
  done        the agent has ended   cells       {"running", "errored"}
  settled     and no cell is        questions   how many are open
              running any more      connection  live, reconnecting, stopped,
                                                ended
What Origami did not say is null. An error is one object on stderr:
  {"error": {"type", "title", "cause", "remedy", "code", "status_code",
             "request_id", "link"}}"""


def register(commands: Commands[Any]) -> None:
    """Add the command and its options."""
    parser = add_command(
        commands,
        "watch",
        short="see a run live, until it ends",
        description="See a run live, until it ends. Sends reads only and costs nothing; Ctrl-C stops watching, never the run.",
        example=EXAMPLE,
    )
    parser.add_argument("token", metavar="TOKEN", help="AGENT_ID/RUN_ID, or an agent's id for its newest run")
    parser.add_argument(
        "--until",
        choices=("run", "cells"),
        default="run",
        help="run: until the agent is done (default); cells: until no cell of its tables is being filled, either",
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="watch no longer than this")
    parser.add_argument("--json", action="store_true", help="one JSON object per change")
    add_api_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Watch a run; return the exit code."""
    from origami_widgets.api.errors import InvalidInput
    from origami_widgets.run.agent_runs import parse_token
    from origami_widgets.run.start import attach

    # First: what names no run is refused before a key is looked for.
    parse_token(options.token)
    patience = options.timeout
    if patience is not None and not patience > 0:
        raise InvalidInput(
            "There is no time to watch",
            cause=f"--timeout was {patience:g}.",
            remedy="Give the seconds after which to stop watching, for example --timeout 600.",
        )
    began = time.monotonic()
    client = client_of(options, timeout=min(LONGEST_REQUEST, patience or LONGEST_REQUEST))
    found = attach(options.token, client=client, show=False)

    def stopped() -> str:
        now = "is over" if found.done else "goes on"
        return f"Stopped watching; the run {now}. To see it: origami-widgets watch {found.token}{same_place(options)}"

    return watched(found, options.until, timeout=patience, since=began, as_json=options.json, stopped=stopped)


class Teller(Protocol):
    """Whoever tells of a run; `every`: seconds after which it wants to hear of it although nothing has changed."""

    every: float

    def tell(self, view: View, state: RunState) -> None:
        """Tell how the run stands, when that is news."""
        ...


def watched(
    run: Run,
    until: Until,
    *,
    stopped: Callable[[], str],
    timeout: float | None = None,
    since: float | None = None,
    as_json: bool = False,
) -> int:
    """Tell of a run until it has come so far, and at the end show its card.

    Args:
        run: the run.
        until: `"run"` or `"cells"`, as in `Run.wait`.
        stopped: what to say to whoever interrupts this, in one line.
        timeout: seconds to watch at most.
        since: the moment from which they count, on the monotonic clock; now when absent.
        as_json: for a program.

    Returns:
        The exit code.

    Raises:
        OrigamiError: the run is not watched any more, or `timeout` passed.
    """
    from origami_widgets.card.view import make_view
    from origami_widgets.cli.following import follow

    teller, place = _teller(as_json=as_json)
    earlier = run.conversation.before
    try:
        with ended_by_sigterm():
            try:
                with place:
                    for state in follow(run, until, timeout=timeout, since=since, every=teller.every):
                        teller.tell(make_view(state, earlier=earlier, now=time.time(), form="current"), state)
            finally:
                interrupted = isinstance(sys.exception(), KeyboardInterrupt | SystemExit | BrokenPipeError)
                if not as_json and not interrupted:
                    _show(run)
    except KeyboardInterrupt:
        sys.stderr.write(f"{stopped()}\n")
        return INTERRUPTED
    return code_of_run(run.status)


def _teller(*, as_json: bool) -> tuple[Teller, AbstractContextManager[object]]:
    if as_json:
        return Records(), nullcontext()
    if not can_draw():
        return Lines(), nullcontext()
    try:
        from origami_widgets.cli.screen import CardScreen
    except ModuleNotFoundError:
        return Lines(), nullcontext()
    screen = CardScreen()
    return screen, screen


class Lines:
    """One line per change, without a control character."""

    every = 0.5

    def __init__(self) -> None:
        self._last = ""

    def tell(self, view: View, _state: RunState) -> None:
        """Write a line, when there is news."""
        from origami_widgets.cli.lines import change_line, stamped

        line = change_line(view)
        if line != self._last:
            told = line if self._last else change_line(view, brief=True)
            _write(stamped(told, now=time.time()))
            self._last = line


class Records:
    """One JSON object per change, in a line each."""

    every = 0.5

    def __init__(self) -> None:
        self._last: dict[str, object] = {}

    def tell(self, _view: View, state: RunState) -> None:
        """Write an object, when there is news."""
        from origami_widgets.cli.lines import record

        told = record(state, now=time.time())
        news = {name: value for name, value in told.items() if name != "at"}
        if news != self._last:
            _write(json.dumps(told))
            self._last = news


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _show(run: Run) -> None:
    """Leave the card behind, for as wide as the terminal is."""
    from origami_widgets.card.render.card_text import WIDTH, render_text
    from origami_widgets.card.view import make_view

    now = time.time()
    view = make_view(run.state, earlier=run.conversation.before, now=now, form="snapshot")
    _write(render_text(view, now=now, width=min(width_of_page() or WIDTH, WIDTH)))
