"""`Run`: the handle with which users read, steer and await what they have briefed."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api import validate
from origami_widgets.api.background.sync_bridge import Either, OnLoop, bridged
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.models.run import Action, Question, Steps, Suggestion, TranscriptMessage
from origami_widgets.host.application import CellRef, cell_ref, running_cell
from origami_widgets.run.conversation import Conversation, Turn, conversation_of, make_token, read_turns
from origami_widgets.run.credits import RunCredits, credits_of_run
from origami_widgets.run.fill import plan_fill
from origami_widgets.run.follow_up import ContinuedElsewhere, FollowUp, answering
from origami_widgets.run.own_cells import fill_question
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import RunWatch, watch_of_saved
from origami_widgets.run.settings import (
    DtypeBackend,
    check_operations,
    configuration,
    display_backend,
    top,
)
from origami_widgets.run.starts.call import StartCall, ask, asks_nobody, can_ask, find_jobs, key_of, next_ordinal
from origami_widgets.run.starts.cancel import cancel, stop_cells
from origami_widgets.run.starts.job import StartJob
from origami_widgets.run.state import Connection, HistoryPoint, RunState, StoppedCells, full_prompt, run_error
from origami_widgets.run.waiting import Handle, end_of_run
from origami_widgets.words.foreign_text import described, one_line

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.own_list.uploaded_table import UploadedTable
    from origami_widgets.run.starts.record import StartSpec
    from origami_widgets.run.waiting import Awaited, Until


class Run(Handle):
    """What you briefed: the conversation with one agent. Read its state and results, wait, cancel, answer, follow up.

    `start` and `attach` return one; `answer` and `follow_up` continue it and return it. The API's runs are its `turns`:
    an answer that is given anywhere, in code, on a card or a board, is known wherever you look at the run. As long as a
    handle or card of the run exists, it is checked in the background. Its properties are therefore up to date, send
    nothing and never block.

    Each call that blocks has an awaitable counterpart with the same arguments, costs, errors and result:
    `refresh_async`, `cancel_async`, `stop_cells_async`, `answer_async`, `follow_up_async` and `fill_async`. `await run` is `wait()`,
    `await run.settle()` is `wait("cells")`. Cancelling the awaiting task does not undo its request. If that request may
    have started a run, the `CancelledError` carries `idempotency_key` and `reconcile_async()`, which finds the run.

    Example:
        >>> import asyncio
        >>> import origami_widgets as ow
        >>> async def main():
        ...     client = ow.Sandbox(speed=600).client()
        ...     run = await ow.aio.start("Find partners. scenario:needs_input", client=client, show=False)
        ...     await (await (await run).answer_async("Iberia", "yes")).settle()
        ...     return run.status, (await run.stop_cells_async()).left_running
        >>> asyncio.run(main())
        ('completed', ())

    Args:
        watch: a turn that is watched.
        conversation: its conversation; None for the one that it has.
    """

    _core: Conversation
    _INTERRUPTED = "Stopped waiting; the run goes on: run.wait() waits again, run.cancel() ends it."
    _PICKLED = "A Run can't be pickled: it is read through a client. Keep run.token and use ow.attach()."

    def __init__(self, watch: RunWatch, conversation: Conversation | None = None) -> None:
        given: object = watch
        if not isinstance(given, RunWatch):
            raise InvalidInput(
                "Run() can't be called directly",
                cause=f"Got {described(given)}.",
                remedy='Start one with ow.start("…"), find one with ow.attach("AGENT_ID/RUN_ID"), or read a saved '
                "response with "
                "ow.Run.from_payload(payload).",
            )
        self._core = conversation or conversation_of(watch)

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """Make a run from a saved answer of the API. Such a run never sends anything.

        Args:
            payload: the run object as in `run.raw` or as `GET /agents/{id}/runs/{runId}` returns it, or an object that
                has it under `run`.

        Raises:
            InvalidInput: `payload` is not a run object.

        >>> import origami_widgets as ow
        >>> run = ow.Run.from_payload({"id": "v2_run-1", "agentId": "a", "status": "completed"})
        >>> run.status, run.done
        ('completed', True)
        """
        return cls(watch_of_saved(payload))

    @property
    def id(self) -> str:
        """The id of its newest turn."""
        return self.state.run_id

    @property
    def agent_id(self) -> str:
        """The agent's id."""
        return self.state.agent_id

    @property
    def name(self) -> str:
        """The agent's name, such as the brief's name in `start_many({…})`.

        Empty for a run that was attached by its ids, unless the same client has started it or read the name with
        `list_agents()`.
        """
        return self.state.agent_name

    @property
    def token(self) -> str:
        """`agent_id/run_id`, with the id of its newest turn: `attach(token)` finds this run on any machine."""
        return make_token(self.agent_id, self.id)

    @property
    def state(self) -> RunState:
        """Everything known about the run at this moment, as one frozen object: its newest turn, and the tables of all."""
        return self._core.state

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The API's runs in this conversation, oldest first: the brief, then each answer and follow-up. Read only.

        The newest 20 are whole; of older ones, there is what the agent's list says.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find partners. scenario:needs_input", client=client, show=False).wait()
            >>> [turn.status for turn in run.answer("Iberia", "yes").wait().turns]
            ['needs_input', 'completed']
        """
        return self._core.turns

    @property
    def status(self) -> str:
        """The server's status of its newest turn: `running`, `completed`, `needs_input`, …; unknown ones stay as they are.

        An answer or follow-up that is being sent counts as `running`.
        """
        state = self.state
        return "running" if state.sending else state.status

    @property
    def done(self) -> bool:
        """Whether the agent has ended, successfully or not; see `status`. Cells of its tables may still be running."""
        state = self.state
        return state.done and not state.sending

    @property
    def settled(self) -> bool:
        """Whether the agent has ended and no cell of its tables is running."""
        state = self.state
        return state.settled and not state.sending

    @property
    def steps(self) -> Steps:
        """The number of `completed` steps, and `max`: the plan's limit, not the expected length of the run."""
        run = self.state.run
        return run.steps if run is not None else Steps()

    @property
    def prompt(self) -> str:
        """The full brief, with which the conversation began; `turns` has those of answers and follow-ups."""
        return full_prompt(self._core.states[0]) or ""

    @property
    def model(self) -> str:
        """The model that the run uses."""
        run = self.state.run
        return "" if run is None else run.model

    @property
    def text(self) -> str | None:
        """The agent's answer, usually Markdown; None while it runs and if it failed. Treat it as untrusted text."""
        run = self.state.run
        return None if run is None or run.response is None else run.response.text

    @property
    def actions(self) -> tuple[Action, ...]:
        """The changes that its turns made, in order."""
        return tuple(action for state in self._core.states for action in state.actions)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of all its turns, each once, with their newest statistics (`stats`).

        While a turn is active, the server may not say which tables it works on. Until it does, these are the agent's
        tables that were created during it, are named by its actions, or are in `focus_tables`.
        """
        return self.state.tables

    @property
    def questions(self) -> tuple[Question, ...]:
        """The agent's open questions; `answer` answers all of them at once. None while an answer is being sent."""
        state = self.state
        return () if state.run is None or state.sending else state.run.todo.pending_questions

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """The next steps that the agent suggests."""
        state = self.state
        return () if state.run is None or state.sending else state.run.todo.next_actions

    @property
    def transcript(self) -> tuple[TranscriptMessage, ...] | None:
        """The messages of the run; None until `refresh(include=("stats", "transcript"))` has read them."""
        return self.state.transcript

    @property
    def error(self) -> OrigamiError | None:
        """Why the run failed or is no longer checked, or that it used more than its `credit_limit=`; None otherwise."""
        return run_error(self.state)

    @property
    def raw(self) -> dict[str, Any]:
        """The API's object of its newest turn as a dictionary, with the tables of all turns in their newest state.

        While the API says `"response": null` because the turn is active, this has a `response` with the tables of
        `tables`.
        """
        return self.state.payload()

    @property
    def credits(self) -> RunCredits:
        """The credits this run has used so far, with all its turns, and how and when they were measured. Sends nothing.

        The API reports credits for tables, not for runs. `used` is what the run's tables have used since it began,
        whatever used them. It is None if that is not known, for example if a table is older than the run and this
        process had not read it before. `used` grows while cells are running; `is_final` says when it no longer does.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait("cells")
            >>> run.credits.used == sum(table.credits.lifetime_used for table in run.tables)
            True
            >>> run.credits.is_final, run.credits.how
            (True, 'Used by its 2 tables since it began.')
        """
        return credits_of_run(self.state, turns=self._core.states)

    @property
    def history(self) -> tuple[HistoryPoint, ...]:
        """One record for each change: time (Unix seconds), status, steps, leads, cells and credits."""
        return self._core.history

    def history_frame(self, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
        """Return one row per change of the run while this kernel watched it. Sends nothing.

        Each check of the run with a changed answer adds a row, whose values hold until the next row. The API keeps no
        history, so nothing is known from before the run was watched. After 2,000 changes, every second one in the older
        half is dropped. [The frames, column by column](../frames.md) lists the columns.

        Args:
            dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait("cells")
            >>> run.history_frame().columns[:4].to_list()
            ['time', 'status', 'steps_completed', 'lead_count']
        """
        frame: pd.DataFrame = top().history_frame(self, dtype_backend=dtype_backend)
        return frame

    @property
    def connection(self) -> Connection:
        """When the server last answered, when the next check is due, and the last error."""
        return self.state.connection

    def __repr__(self) -> str:
        return one_line(f"<{type(self).__name__} {self.token} {self.status}>")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._core is self._core

    def __hash__(self) -> int:
        return hash(self._core)

    @bridged
    async def refresh(self, include: Sequence[str] = ("stats",)) -> Run:
        """Read the run now instead of at its next check. If checks had stopped, they start again. Free of charge.

        Sends one GET, and a second one for the agent's tables if the answer about the run names none.

        Args:
            include: `"stats"` for the statistics of tables and columns, `"transcript"` for the messages.

        Raises:
            InvalidInput: another word is among them; nothing was sent.
            OrigamiError: the run could not be read.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> run.refresh(include=("stats", "transcript")).transcript[0].role
            'user'
        """
        await OnLoop(poller().refresh(self._core.current, validate.include(include, known=("stats", "transcript"))))
        return self

    refresh_async = refresh.aio

    @bridged
    async def cancel(self, *, cells: bool = True) -> Run:
        """Cancel the run and stop its cells. Its tables and leads are kept; used credits are not returned.

        A run spends credits in two stages: its agent works, and cells of its tables fill, also after the agent has
        ended. This ends both. If only cells are left, it stops them; if all has been over for a minute, it sends nothing. It returns
        once Origami has accepted the first requests. Cells are then stopped again in the background until the run has
        ended and none of them is active, and looked for once more about a minute later, as they may begin late. Cells that are being filled at that moment may still use credits.

        Cells that this conversation started are stopped: those of tables that it made, and in other tables, such as
        focus tables, those of columns that it added, whoever else works there. The card and
        `run.state.stopped` say what was left running; `stop_cells(tables=…)` stops a table whole.

        Sends one GET and one POST for the agent, GETs of its tables, and two or more POSTs for
        each table, all free. `status` becomes `cancelled` when the server says so, which may take until the next check.
        Requests that fail are repeated, even after an interrupt.

        Args:
            cells: stop cells, too; False cancels the agent only.

        Raises:
            InvalidInput: `cells` is neither True nor False; nothing was sent.
            CancelPending: the server could not be reached for 20 seconds. The requests are still being repeated, as the
                card shows.
            OrigamiError: the server refused; the run or its cells go on.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=10).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False)
            >>> run.cancel().wait().status
            'cancelled'
        """
        try:
            await OnLoop(cancel(self._core.current, cells=validate.flag("cells", cells)))
        except KeyboardInterrupt:
            print("Stopped waiting; we're still asking Origami to cancel: run.wait() waits for the end.")  # noqa: T201
            raise
        return self

    cancel_async = cancel.aio

    @bridged
    async def stop_cells(self, tables: Sequence[str | Table] | None = None) -> StoppedCells:
        """Stop cells that are filling; the agent goes on. Values that are there stay, and used credits are not returned.

        Returns once Origami has accepted the requests. If the run has ended, cells are stopped again in the background
        until none is active; tables that you name are stopped once. Safe to repeat. Sends one or more POSTs for each table,
        and GETs of the tables, all free.

        Args:
            tables: only these tables, or their ids, are stopped: whole, with what others have started there. None for
                the cells that this conversation started, as in `cancel`.

        Returns:
            `cells` and `lead_source_jobs` that were stopped, and `left_running`: tables with cells that were left, with
            the reason.

        Raises:
            InvalidInput: `tables` is not a list of tables or ids; nothing was sent.
            TableNotFound: there is no such table for this key and project; nothing was stopped.
            CancelPending: without `tables`: the server could not be reached for 20 seconds; the requests are still being
                repeated.
            OrigamiError: the server refused, or did not answer for a table that you named; the cells go on.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=60).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> run.stop_cells().left_running
            ()
            >>> run.wait("cells").state.cells_running
            0
        """
        ids = None if tables is None else validate.table_ids(tables)
        return await OnLoop(stop_cells(self._core.current, ids))

    stop_cells_async = stop_cells.aio

    @bridged
    async def answer(self, *answers: str, fresh: bool = False, credit_limit: float | None = None) -> Run:
        """Answer all open questions of the agent. This starts the next turn; the card goes on.

        Sends one POST, which spends credits, after one GET of the agent, which shows whether the conversation was
        continued elsewhere. Run slots and interrupts are handled as in `start`. After `start(once=…)`,
        the same answers are sent only once, too, even if the cell runs again in another kernel.

        Args:
            *answers: one answer for each question, in the order of `questions`; free text is always allowed.
            fresh: send the answers again even if they were sent before under the name in `once=`.
            credit_limit: another credit limit for the conversation, which then no longer shares that of its batch; None
                keeps the one it has.

        Returns:
            The run itself.

        Raises:
            InvalidInput: the answers do not match the questions, or the questions were answered before; nothing was
                sent.
            ContinuedElsewhere: the conversation has a newer turn, from another kernel or the app; nothing was sent.
            CreditLimitReached: the conversation has used more than its credit limit; nothing was sent.
            StartDeclined: you were asked, and did not answer yes; nothing was sent.
            AmbiguousStart: it is not known whether the server has started the run; `reconcile()` looks for it.
            OrigamiError: the run was not started.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find partners. scenario:needs_input", client=client, show=False).wait()
            >>> len(run.questions)
            2
            >>> run.answer("Iberia", "yes").wait("cells").status
            'completed'
            >>> run.tables[0].lead_count > 0
            True
        """
        follow_up = answering(self._core, answers)
        return await self._continued_with(follow_up, fresh=fresh, credit_limit=credit_limit)

    answer_async = answer.aio

    @bridged
    async def follow_up(
        self,
        prompt: str,
        *,
        model: str | None = None,
        focus_tables: Sequence[str | Table | UploadedTable] = (),
        fresh: bool = False,
        credit_limit: float | None = None,
    ) -> Run:
        """Send the agent another brief; it remembers the conversation. This starts the next turn; the card goes on.

        Sends one POST, which spends credits, after one GET of the agent, which shows whether the conversation was
        continued elsewhere. Run slots and interrupts are handled as in `start`. After `start(once=…)`,
        the same follow-up is sent only once, too; of two equal ones in a cell, each one.

        Args:
            prompt: the brief, 1 to 10,000 characters.
            model: `origami-lite` or `origami-max`; None for the plan's default.
            focus_tables: tables to work on, or their ids. Each is read first: one free GET.
            fresh: send the follow-up again even if it was sent before under the name in `once=`.
            credit_limit: another credit limit for the conversation, which then no longer shares that of its batch; None
                keeps the one it has.

        Returns:
            The run itself.

        Raises:
            InvalidInput: the brief is empty or too long, or another follow-up is being sent; nothing was sent.
            AgentBusy: another run of the agent is active.
            ContinuedElsewhere: the conversation has a newer turn, from another kernel or the app; nothing was sent.
            CreditLimitReached: the conversation has used more than its credit limit; nothing was sent.
            StartDeclined: you were asked, and did not answer yes; nothing was sent.
            AmbiguousStart: it is not known whether the server has started the run; `reconcile()` looks for it.
            OrigamiError: the run was not started.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> [turn.prompt for turn in run.follow_up("Add opening hours").wait().turns]
            ['Find bakeries in Porto', 'Add opening hours']
        """
        check_operations(self.operations, focus_tables)
        follow_up = FollowUp(self._core, self._core.current, prompt, "follow_up", model, focus_tables)
        return await self._continued_with(follow_up, fresh=fresh, credit_limit=credit_limit)

    follow_up_async = follow_up.aio

    @bridged
    async def fill(self, *, credit_limit: float | None = None) -> Run:
        """Have the agent fill the cells that were stopped, have failed or lacked credits. This starts the next turn.

        Never counted are cells for which the agent has looked and found nothing, and columns that run for some rows only.
        No endpoint of the API runs a single cell, so this is a follow-up whose brief names columns and rows; the agent
        decides what it runs. The fill therefore has a credit limit of its own, counted from its start. Columns that it was
        not asked for are stopped, and so is a column once more cells ran than were missing. What you send while its cells
        still run counts towards its limit; what you send afterwards does not. An interactive notebook asks you first;
        `configure(confirm=False)` turns that off. If no cell is missing, nothing is sent.

        Sends one GET for each 200 rows of the tables that may lack cells, and one POST, which spends credits. Afterwards
        the rows are read again: `run.state.filled` and the card say how many were filled. After `start(once=…)`, a script
        that runs again finds the fill that it has sent.

        Args:
            credit_limit: the credits at which the fill is stopped; None for the upper estimate, which the question names:
                each missing cell at what a found value has cost in its column. If the conversation has a credit limit that
                leaves less, it is raised by as much: you are asked, or pass the number.

        Returns:
            The run itself.

        Raises:
            InvalidInput: the run has not settled, or there is no estimate and no `credit_limit`; nothing was sent.
            CreditLimitReached: the conversation's credit limit leaves too little, and nobody was asked; nothing was sent.
            StartDeclined: you were asked, and did not answer yes; nothing was sent.
            ContinuedElsewhere: the conversation has a newer turn, from another kernel or the app; nothing was sent.
            OrigamiError: as in `follow_up`.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=60).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> stopped = run.stop_cells().cells
            >>> run.wait("cells").fill().wait("cells").status
            'completed'
        """
        limit = validate.credit_limit(credit_limit)
        asks = await Either(lambda: can_ask(is_enriching=True), asks_nobody)
        plan = await OnLoop(plan_fill(self._core, limit, asks=asks))
        if plan is None:
            return self
        follow_up, name = plan.follow_up(self._core), None
        if asks:
            await Either(lambda: ask(fill_question(plan.offer, plan.limit)), asks_nobody)
            if self._core.once:
                # Who has just agreed wants another one, whatever the record says.
                operations = self._core.current.connected()
                name = await OnLoop(follow_up.free_name(operations, self._core.once))
        return await self._continued_with(follow_up, fresh=False, credit_limit=plan.offer.raised, name=name)

    fill_async = fill.aio

    async def _continued_with(
        self, follow_up: FollowUp, *, fresh: bool, credit_limit: float | None, name: str | None = None
    ) -> Run:
        """Start the next turn, for the sync bridge; `name` is its name in the start store if it is not the usual one."""
        operations, spec, once = self._core.current.connected(), follow_up.spec(), self._core.once
        # A kernel without cell ids still knows when a cell is executed again.
        cell, queues = cell_ref() or CellRef("", running_cell() or ""), configuration().queue
        validate.flag("fresh", fresh)
        limit, shared = validate.credit_limit(credit_limit), self._core.credit_limit

        def make() -> StartJob:
            same = f"{once}, {follow_up.kind} {self.agent_id} {spec.fingerprint('')}"
            ordinal = next_ordinal(operations.identity, same, cell)
            known_as = once and (name or follow_up.name_in_store(once, ordinal))
            start = functools.partial(jobs_of, operations, [(known_as, spec)], once, None, fresh=fresh, queues=queues)
            return start(follow_up=follow_up, new_limit=limit)[0]

        known = shared.limit if limit is None and shared is not None else limit
        try:
            await started(StartCall(), make, credit_limit=known, show=True, is_continued=True)
        except ContinuedElsewhere:
            # The card goes on with what was sent there.
            await OnLoop(read_turns(operations, self.agent_id, self._core.current))
            raise
        return self

    def export(self, path: str | os.PathLike[str], **options: Any) -> list[Path]:
        """Write the run's leads to a workbook, a web page, CSV or Parquet files, as `ow.export(run, path)` does.

        Args:
            path: a file that ends in `.xlsx`, `.html`, `.csv` or `.parquet`, or a folder.
            options: further arguments of `origami_widgets.export`.

        Raises:
            OrigamiError: as in `origami_widgets.export`.
            OSError: the disk refuses to write; nothing has changed.

        Example:
            >>> import tempfile, origami_widgets as ow
            >>> run = ow.start("Find bakeries", client=ow.Sandbox(speed=600).client(), show=False).wait("cells")
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     [file.name for file in run.export(f"{folder}/leads.xlsx")]
            ['leads.xlsx']
        """
        files: list[Path] = top().export(self, path, **options)
        return files

    def __str__(self) -> str:
        """Return the card as text for a terminal."""
        return str(display_backend().text(self))

    @classmethod
    def _of(cls, core: Conversation) -> Self:
        return cls(core.current, core)

    def _end(self, until: Until) -> Awaited:
        return end_of_run(self._core, until)

    @property
    def operations(self) -> Operations | None:
        """The API that the run is read through; None for a run made from a saved answer."""
        return self._core.current.operations

    @property
    def conversation(self) -> Conversation:
        """This run with the runs before and after it in the same card."""
        return self._core


def jobs_of(
    operations: Operations,
    starts: Iterable[tuple[str, StartSpec]],
    once: str,
    cell: CellRef | None,
    *,
    fresh: bool,
    queues: bool,
    follow_up: FollowUp | None = None,
    new_limit: float | None = None,
) -> list[StartJob]:
    """Return the jobs of starts, each with its name in the start store: those of earlier calls, or new ones.

    Background loop only. Arguments as in `StartJob`.
    """

    def make(name: str, spec: StartSpec) -> Callable[..., StartJob]:
        start = functools.partial(StartJob, operations, spec, make_run=Run, once=once, name=name, fresh=fresh)
        return functools.partial(start, queues=queues, follow_up=follow_up, new_limit=new_limit)

    # With a name, the start store finds the run wherever it was started, so the cell does not matter.
    keyed = [(key_of(operations.identity, spec, name=name, cell=cell), make(name, spec)) for name, spec in starts]
    return find_jobs(keyed, fresh=fresh)


async def started(
    call: StartCall,
    make: Callable[[], StartJob],
    *,
    credit_limit: float | None,
    show: bool,
    is_continued: bool = False,
    asks: bool = True,
) -> Run:
    """Start the run of a job, or find it, and show it, for the sync bridge. An interrupt withdraws it.

    Args:
        call: the call that starts it.
        make: returns the job; called on the background loop.
        credit_limit: the credits that the run may use, for a question; None for no limit.
        show: whether to show the card.
        is_continued: whether the run has a card, which goes on.
        asks: whether to ask the user, as configured.
    """

    def shown(run: Run) -> Run:
        try:
            if show:
                (display_backend().continued if is_continued else display_backend().show)(run)
        except BaseException as error:
            # The run costs credits, and its caller has no handle on it yet.
            error.add_note(f'The run was started and is running. To see it: ow.attach("{run.token}")')
            raise
        return run

    def block() -> Run:
        with call:
            return shown(call.start(make, credit_limit=credit_limit, asks=asks and can_ask()))

    async def wait() -> Run:
        return shown(await call.start_async(make))

    return await Either(block, wait)
