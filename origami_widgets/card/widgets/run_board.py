"""`RunBoard`: many runs in one compact list, an ipywidget that the background poller keeps up to date."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, cast

import traitlets

from origami_widgets.api.background.loop import background
from origami_widgets.card.view import clock_drifted
from origami_widgets.card.view.board_view import board_totals, make_board, make_board_clock
from origami_widgets.card.widgets.board_source import BoardInput, BoardSource, make_source
from origami_widgets.card.widgets.click_commands import BoardCommandHandler
from origami_widgets.card.widgets.lead_grid import LeadGrid
from origami_widgets.card.widgets.live_widget import LiveWidget, front_end_file, synced_trait
from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.card.widgets.snapshot import REMEDY_TIME, snapshot_of
from origami_widgets.host.application import (
    executed_by_program,
    pages,
    request,
    running_cell,
    show,
    without_widgets,
)
from origami_widgets.run.batch import RunBatch, briefs_of, queue_of
from origami_widgets.run.settings import configuration
from origami_widgets.run.waiting import Until, check_timeout, check_wait
from origami_widgets.words import numbers as words

if TYPE_CHECKING:
    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.card.view.contract import BoardRows, BoardView, CheckTimes, ClockView, Form
    from origami_widgets.run.handle import Run


class RunBoard(LiveWidget):
    """Many runs in one compact list: status, steps, leads, credits, and the age of each of these.

    You can filter and sort the list, open a run as its card to steer it, and cancel it in its row. The process's poller
    watches all runs within its rate limit: the more runs there are, the less often each is checked, as its age shows.

    Its traits are read-only: `observe` and `link` them. All frames accept a board like a list of runs:
    `ow.runs_frame(board)`.

    Args:
        source: runs or their tokens; an agent's id; a batch from `start_many`; or None, for the agents of the account
            that were briefed last. Each agent has one row, with all its turns. For the account, the board lists the runs
            first (GETs, free of charge), and then reads one after the other.
        client: the client for reading runs; None for the configured one.
        limit: how many of the newest runs to show if the board lists them itself, 1 to 100.

    Raises:
        InvalidInput: a board cannot show the source.
        MissingKey: the board has to read runs, and there is no key.
        OrigamiError: the runs could not be listed.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False)
        >>> board = ow.RunBoard(batch).wait()
        >>> board.total, board.running, board.done
        (2, 0, True)
        >>> ow.runs_frame(board)["status"].tolist()
        ['completed', 'completed']
    """

    # Strings instead of paths: with a path, the library would watch the file and keep every instance alive.
    _esm = front_end_file("board.js")
    _css = front_end_file("page.css")
    TRAITS = ("seq", "head", "clock", "card", "grid", "rows")
    LISTS = "rows"
    SPACING = 0.5

    total = traitlets.Int(0, read_only=True, help="Runs, and briefs that are to become runs.")
    running = traitlets.Int(0, read_only=True, help="Runs whose agents have not come to an end.")
    done = traitlets.Bool(False, read_only=True, help="All agents have come to an end.")  # noqa: FBT003
    settled = traitlets.Bool(False, read_only=True, help="Done, and no cell is running.")  # noqa: FBT003
    lead_count = traitlets.Int(
        None, allow_none=True, read_only=True, help="Leads that the runs count, each table once."
    )
    credits_used = traitlets.Int(None, allow_none=True, read_only=True, help="Credits over all tables that have any.")

    head = synced_trait(traitlets.Dict)
    clock = synced_trait(traitlets.Dict)
    card = synced_trait(traitlets.Unicode)
    grid = synced_trait(traitlets.Unicode)
    rows = synced_trait(traitlets.Dict)

    def __init__(self, source: BoardInput = None, *, client: AnyClient | None = None, limit: int = 20) -> None:
        self._source: BoardSource = make_source(source, client, limit)
        self._handler = BoardCommandHandler(self._source, self._show_card, self._show_leads)
        self._grid: LeadGrid | None = None
        self._opened: tuple[int, RunCard] | None = None
        self.is_html = False
        super().__init__()

    def __repr__(self) -> str:
        shown = words.plural(len(self.runs), "run") if self.batch is None else repr(self.batch)
        return f"<RunBoard of {shown}>"

    @property
    def runs(self) -> tuple[Run, ...]:
        """Handles on all started runs, in the order of the board, including those that it does not show."""
        return self._source.runs

    @property
    def batch(self) -> RunBatch | None:
        """The batch that the board shows; None if it shows runs."""
        return self._source.batch

    def wait(self, until: Until = "run", timeout: float | None = None) -> Self:
        """Block until all agents have ended, or until no cell is running either.

        Ctrl-C (or Stop) only stops waiting. Sends nothing and costs nothing.

        Args:
            until: `"run"` waits until all agents have ended, `"cells"` until no cell is running either.
            timeout: the maximum number of seconds to wait; None waits as long as the runs are watched.

        Raises:
            InvalidInput: `until` or `timeout` is not valid.
            WaitTimedOut: the runs did not end within `timeout` seconds; they go on.
            OrigamiError: a brief could not be started, or a run can no longer be checked.
        """
        if self._source.batch is not None:
            self._source.batch.wait(until, timeout)
        else:
            check_wait(until)
            check_timeout(timeout)
            began = time.monotonic()
            for run in self.runs:
                left = None if timeout is None else max(0.0, timeout - (time.monotonic() - began))
                run.wait(until, left)
        background().call(self._flush)
        if executed_by_program():
            self.freeze_for_a_program()
        return self

    def close(self) -> None:
        """Close the board and its comm. The runs go on, and stay watched as long as a handle exists."""
        self._fold()
        self._close_grid()
        super().close()

    def snapshot(self) -> dict[str, Any]:
        """Return the board as HTML and text, as a saved notebook has them."""
        return snapshot_of(self._view_now("snapshot"))

    def __str__(self) -> str:
        return str(self.snapshot()["text/plain"])

    def show_here(self) -> None:
        """Show the board as an output of the current cell. A closed or frozen board is shown as its snapshot."""
        if running_cell() is None:
            print(self.snapshot()["text/plain"])  # noqa: T201 - this is the display of a terminal
            return
        pages.note_request(request())
        with self.lock:
            batch, view = self.batch, self.view
            known = None if batch is None else queue_of(batch).presentation
            if batch is not None and self.is_live and not (known and known.is_live):
                # So that a wait for the batch also freezes a board that the user made.
                queue_of(batch).presentation = self
            settled = view["head"]["settled"]
            if not self.is_live or (settled and executed_by_program()):
                show(self.snapshot())
            elif without_widgets(configuration().render):
                self.is_html = True
                self.outputs.add(self._as_html(final=settled), {})
                self.shown()
            else:
                self.outputs.add(*self.bundle())
                self.shown()

    def _ipython_display_(self) -> None:
        """Show the board if its output can be replaced; in a box or layout, it stays as it is."""
        self.show_here()

    def _as_html(self, *, final: bool) -> dict[str, str]:
        """Return the board as HTML and text for hosts without widgets; until it is final, it is replaced as the runs go on."""
        return snapshot_of(self._view_now("snapshot" if final else "current"))

    def _view_now(self, form: Form = "live") -> BoardView:
        batch = self._source.batch
        queue = None if batch is None else queue_of(batch)
        states = {brief.state for brief in briefs_of(batch)} if batch is not None else set()
        left = "waiting" in states or "failed" in states or "stopped" in states
        return make_board(
            self._source.entries(),
            now=time.time(),
            error=batch.error if batch is not None else None,
            can_stop=queue is not None and queue.goes_on,
            can_resume=queue is not None and left and not queue.goes_on and not queue.is_over_limit,
            opened=self._opened[0] if self._opened is not None else None,
            leads_line=self._grid.head["line"] if self._grid is not None else "",
            credit_limit=queue.credit_limit if queue is not None else None,
            form=form,
            reopen=self._source.reopen,
        )

    def _subscribe(self) -> Callable[[], None]:
        return self._source.subscribe(self._changed)

    def _view_changed(self, old: BoardView, new: BoardView) -> bool:
        if old["head"] != new["head"] or old["rows"] != new["rows"]:
            return True
        return bool(self._moments(new) != self.rows.get("moments"))

    def _moments(self, view: BoardView) -> list[CheckTimes]:
        """Return the check times to send for each row: the front end's own, unless they would be wrong."""
        known = cast("BoardRows", self.rows or {"items": [], "moments": [], "buttons": {}})
        moments = view["moments"].copy()
        for at, (row, before, after) in enumerate(zip(view["rows"], known["moments"], view["moments"], strict=False)):
            if known["items"][at] == row and not clock_drifted(before._asdict(), after._asdict()):
                moments[at] = before
        return moments

    def _clock_now(self) -> ClockView:
        return make_board_clock(self._source.entries(), time.time())

    def _freeze_after(self, view: BoardView) -> float | None:
        head = view["head"]
        # A live board can be opened, sorted and filtered, so it stays longer than a card.
        is_used = head["buttons"] or head["open"] or head["leads_line"]
        return None if is_used or not head["settled"] else REMEDY_TIME

    def _show(self, view: BoardView) -> None:
        rows = view["rows"]
        if self.is_html:
            self.outputs.replace(self._as_html(final=view["head"]["settled"]))
        self._set_trait("head", view["head"])
        self._set_trait("clock", view["clock"])
        self._set_lists({"items": rows, "moments": self._moments(view), "buttons": view["row_buttons"]})
        counts = {count["stage"]: count["count"] for count in view["head"]["counts"]}
        self._set_trait("total", sum(counts.values()))
        self._set_trait("running", counts.get("running", 0))
        self._set_trait("done", not counts.keys() & {"running", "waiting"} and all(row["done"] for row in rows))
        self._set_trait("settled", view["head"]["settled"])
        leads, credits_used = board_totals(self._source.entries())
        self._set_trait("lead_count", leads)
        self._set_trait("credits_used", credits_used)

    def _on_content(self, content: Any) -> None:
        self._on_command(content, self._handler)

    def _show_card(self, row: tuple[int, Run] | None) -> None:
        """Show the card of a row's run inside the board; None shows no card. Background loop only."""
        self._fold()
        if row is not None and self.is_open:
            position, run = row
            # Its own card: where else the run is shown, it stays.
            self._opened = position, RunCard(run)
            self._set_trait("card", f"IPY_MODEL_{self._opened[1].model_id}")
        self._flush()

    def _show_leads(self, on: bool) -> None:  # noqa: FBT001 - called with what was clicked
        """Show the leads of all runs below the rows, or hide them. Background loop only."""
        self._close_grid()
        if on and self.is_open:
            self._grid = LeadGrid(self.batch or list(self.runs))
            self._set_trait("grid", f"IPY_MODEL_{self._grid.model_id}")
        self._flush()

    def _close_grid(self) -> None:
        grid, self._grid = getattr(self, "_grid", None), None
        if grid is not None:
            self._set_trait("grid", "")
            grid.close()

    def _fold(self) -> None:
        opened, self._opened = getattr(self, "_opened", None), None
        if opened is not None:
            self._set_trait("card", "")
            opened[1].close()


def board_of(batch: RunBatch) -> RunBoard:
    """Return the live board of a batch, or a new one if there is none or it is closed or frozen."""
    board: RunBoard | None = queue_of(batch).presentation
    if board is None or not board.is_live:
        board = queue_of(batch).presentation = RunBoard(batch)
    return board
