"""`Run`: the handle with which users read (`KnownRun`), steer and await a run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api import validate
from origami_widgets.api.background.sync_bridge import Either, OnLoop, bridged
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run import waiting
from origami_widgets.run.follow_up import FollowUp, answering
from origami_widgets.run.known_run import KnownRun
from origami_widgets.run.own_list.uploaded_table import check_operations
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.settings import attach_hint, display_backend, top, waits_for_a_slot
from origami_widgets.run.starts import registry
from origami_widgets.run.starts.cancel import cancel, stop_cells
from origami_widgets.run.starts.interrupt import StartCall
from origami_widgets.run.starts.job import StartJob
from origami_widgets.words.foreign_text import described

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from origami_widgets.api.models import Table
    from origami_widgets.run.own_list.uploaded_table import UploadedTable
    from origami_widgets.run.state import StoppedCells
    from origami_widgets.run.waiting import Until


class Run(KnownRun):
    """A run of an Origami agent: read its state and results, wait, cancel, answer its questions, or send a follow-up.

    `start`, `attach`, `answer` and `follow_up` return one. As long as a handle or card of the run exists, the run is
    checked in the background. Its properties are therefore up to date, send nothing and never block.

    Each call that blocks has an awaitable counterpart with the same arguments, costs, errors and result:
    `refresh_async`, `cancel_async`, `stop_cells_async`, `answer_async` and `follow_up_async`. `await run` is `wait()`,
    `await run.settle()` is `wait("cells")`. Cancelling the awaiting task does not undo its request. If that request may
    have started a run, the `CancelledError` carries `idempotency_key` and `reconcile_async()`, which finds the run.

    Example:
        >>> import asyncio
        >>> import origami_widgets as ow
        >>> async def main():
        ...     client = ow.Sandbox(speed=600).client()
        ...     run = await ow.aio.start("Find partners. scenario:needs_input", client=client, show=False)
        ...     answered = await (await (await run).answer_async("Iberia", "yes")).settle()
        ...     return answered.status, (await answered.stop_cells_async()).left_running
        >>> asyncio.run(main())
        ('completed', ())
    """

    def wait(self, until: Until = "run", timeout: float | None = None) -> Self:
        """Block until the agent has ended, or until no cell of its tables is running.

        Ctrl-C (or Stop) only stops waiting; the run goes on. Sends nothing and costs nothing.

        Args:
            until: `"run"` waits until the agent has ended, `"cells"` until no cell is running either.
            timeout: the maximum number of seconds to wait; None for no limit.

        Returns:
            The run itself. A failed run raises nothing: see `status`.

        Raises:
            InvalidInput: `until` or `timeout` is not valid.
            WaitTimedOut: the run did not end within `timeout` seconds; it goes on.
            OrigamiError: the run can no longer be checked, for example because the key was revoked.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> ow.start("Find bakeries in Porto", client=client, show=False).wait().status
            'completed'
        """
        try:
            waiting.block(waiting.end_of_run(self._watch, until), timeout)
        except KeyboardInterrupt:
            print("Stopped waiting; the run keeps running. run.wait() waits again, run.cancel() ends it.")  # noqa: T201
            raise
        display_backend().waited(self)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait until the agent has ended, without blocking the event loop; like `wait()`."""
        return self._wait("run").__await__()

    async def settle(self) -> Self:
        """Wait until no cell is running, without blocking the event loop; like `wait("cells")`."""
        return await self._wait("cells")

    async def _wait(self, until: Until) -> Self:
        await waiting.wait(waiting.end_of_run(self._watch, until))
        display_backend().waited(self)
        return self

    @bridged
    async def refresh(self, include: Sequence[str] = ("stats",)) -> Run:
        """Read the run now instead of at its next check. If checks had stopped, they start again. Free of charge.

        Sends one GET, and a second one for the agent's tables if the answer about the run names none.

        Args:
            include: `"stats"` for the statistics of tables and columns, `"transcript"` for the messages.

        Raises:
            OrigamiError: the run could not be read.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> run.refresh(include=("stats", "transcript")).transcript[0].role
            'user'
        """
        await OnLoop(poller().refresh(self._watch, validate.include(include)))
        return self

    refresh_async = refresh.aio

    @bridged
    async def cancel(self, *, cells: bool = True) -> Run:
        """Cancel the run and stop its cells. Its tables and leads are kept; used credits are not returned.

        A run spends credits in two stages: its agent works, and cells of its tables fill, also after the agent has
        ended. This ends both. If only cells are left, it stops them; if nothing is left, it sends nothing. It returns
        once Origami has accepted the first requests. Cells are then stopped again in the background until the run has
        ended and none of them is active. Cells that are being filled at that moment may still use credits.

        Cells that this conversation started are stopped: those of tables that it made, and in other tables, such as
        focus tables, those of columns that it added, whoever else works there. The card and
        `run.state.stopped` say what was left running; `stop_cells(tables=…)` stops a table whole.

        Sends one GET and one POST for the agent, GETs of its tables, and two or more POSTs for
        each table, all free. `status` becomes `cancelled` when the server says so, which may take until the next check.
        Requests that fail are repeated, even after an interrupt.

        Args:
            cells: stop cells, too; False cancels the agent only.

        Raises:
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
            await OnLoop(cancel(self._watch, cells=cells))
        except KeyboardInterrupt:
            print("Stopped waiting; we're still asking Origami to cancel. run.wait() waits for the end.")  # noqa: T201
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
        return await OnLoop(stop_cells(self._watch, ids))

    stop_cells_async = stop_cells.aio

    @bridged
    async def answer(self, *answers: str, fresh: bool = False, credit_limit: float | None = None) -> Run:
        """Answer all open questions of the agent. This starts one follow-up run, which takes over the card.

        Sends one POST, which spends credits, after one GET of the agent, which shows whether the conversation was
        continued elsewhere. Run slots and interrupts are handled as in `start`. After `start(once=…)`,
        the same answers to the same run are sent only once, too.

        Args:
            *answers: one answer for each question, in the order of `questions`; free text is always allowed.
            fresh: send the answers again even if they were sent before under the name in `once=`.
            credit_limit: another credit limit for the conversation, which then no longer shares that of its batch; None
                keeps the one it has.

        Returns:
            The follow-up run.

        Raises:
            InvalidInput: the answers do not match the questions, or the questions were answered before; nothing was
                sent.
            ContinuedElsewhere: the conversation has a newer run, from another kernel or the app; nothing was sent.
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
            >>> run.answer("Iberia", "yes").wait().status
            'completed'
        """
        follow_up = answering(self._conversation, self._watch, answers)
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
        """Start another run of the same agent, which remembers the conversation. The new run takes over the card.

        Sends one POST, which spends credits, after one GET of the agent, which shows whether the conversation was
        continued elsewhere. Run slots and interrupts are handled as in `start`. After `start(once=…)`,
        the same follow-up to the same run is sent only once, too.

        Args:
            prompt: the brief, 1 to 10,000 characters.
            model: `origami-lite` or `origami-max`; None for the plan's default.
            focus_tables: tables to work on, or their ids. Each is read first: one free GET.
            fresh: send the follow-up again even if it was sent before under the name in `once=`.
            credit_limit: another credit limit for the conversation, which then no longer shares that of its batch; None
                keeps the one it has.

        Returns:
            The follow-up run.

        Raises:
            InvalidInput: the brief is empty or too long, or another follow-up is being sent; nothing was sent.
            AgentBusy: another run of the agent is active.
            ContinuedElsewhere: the conversation has a newer run, from another kernel or the app; nothing was sent.
            CreditLimitReached: the conversation has used more than its credit limit; nothing was sent.
            StartDeclined: you were asked, and did not answer yes; nothing was sent.
            AmbiguousStart: it is not known whether the server has started the run; `reconcile()` looks for it.
            OrigamiError: the run was not started.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> run.follow_up("Add opening hours").wait().agent_id == run.agent_id
            True
        """
        check_operations(self._watch.operations, focus_tables)
        follow_up = FollowUp(self._conversation, self._watch, prompt, "follow_up", model, focus_tables)
        return await self._continued_with(follow_up, fresh=fresh, credit_limit=credit_limit)

    follow_up_async = follow_up.aio

    async def _continued_with(self, follow_up: FollowUp, *, fresh: bool, credit_limit: float | None) -> Run:
        """Start the run of a follow-up, for the sync bridge."""
        job = self._job_of(follow_up, fresh=fresh, credit_limit=credit_limit)

        def block() -> Run:
            with StartCall() as call:
                shared = self._conversation.credit_limit
                limit = shared.limit if credit_limit is None and shared is not None else credit_limit
                return self._continued(call.start(job, credit_limit=limit))

        async def wait() -> Run:
            return self._continued(await StartCall().start_async(job))

        return await Either(block, wait)

    def _job_of(self, follow_up: FollowUp, *, fresh: bool, credit_limit: float | None) -> Callable[[], StartJob]:
        """Return a function that returns the job of a follow-up, for the background loop."""
        operations, spec, once = self._watch.connected(), follow_up.spec(), self._conversation.once
        name = once and follow_up.name_in_store(once)
        key = registry.key_of(operations.identity, spec, name=name)
        new = functools.partial(
            StartJob,
            operations,
            spec,
            Run,
            once=once,
            name=name,
            fresh=validate.flag("fresh", fresh),
            follow_up=follow_up,
            queues=waits_for_a_slot(),
            new_limit=validate.credit_limit(credit_limit),
        )
        return lambda: registry.jobs([(key, new)], fresh=fresh)[0]

    def _continued(self, run: Run) -> Run:
        with attach_hint(run.token):
            display_backend().continued(run)
        return run

    def on_change(self, callback: Callable[[Run], object]) -> Callable[[], None]:
        """Call a function with this run after each change, as long as a handle or card of the run exists. Sends nothing.

        Args:
            callback: called on a background thread, one callback at a time. It may block, and may call `cancel` or
                `wait`. A slow callback delays other callbacks, but no check, cancel or start; it is called once, with
                the newest state, for all changes that it missed. `wait()` and `await run` give callbacks up to half a
                second to return. A callback that raises is not called again.

        Returns:
            A function that ends the subscription.

        Raises:
            InvalidInput: the callback is not callable.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False)
            >>> statuses = []
            >>> stop = run.on_change(lambda run: statuses.append(run.status))
            >>> _ = run.wait("cells")
            >>> stop()
        """
        if not callable(callback):
            raise InvalidInput(
                "Invalid callback",
                cause=f"Got {described(callback)}.",
                remedy="Pass a function that takes the run: run.on_change(lambda run: print(run.status)).",
            )

        @functools.wraps(callback)
        def notify() -> None:
            callback(self)

        return self._watch.subscribers.add(notify, of_user=True)

    def export(self, path: str | os.PathLike[str], **options: Any) -> list[Path]:
        """Write the run's leads to an Excel workbook, or to CSV or Parquet files, as `ow.export(run, path)` does.

        Args:
            path: a file that ends in `.xlsx`, `.csv` or `.parquet`, or a folder.
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

    def leads(
        self,
        *,
        filters: Sequence[Mapping[str, object]] | None = None,
        sort: Mapping[str, str] | None = None,
        include_hidden: bool = False,
        save: bool = False,
    ) -> Any:
        """Show the leads of the run's tables in a live grid, as `ow.leads(run)` does.

        Args:
            filters: `[{"column": slug, "operator": …, "value": …}]`, in addition to the table's saved filters,
                which come from the brief and apply once the run's cells are final; None for no others.
            sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved order.
            include_hidden: begin with the hidden leads shown, marked; a button of the grid shows and hides them.
            save: keep the first 20 leads of each table in the saved notebook; False saves none.

        Returns:
            A `LeadGrid`.

        Raises:
            InvalidInput: an argument is invalid.

        Example:
            >>> import origami_widgets as ow
            >>> run = ow.start("Find bakeries", client=ow.Sandbox(speed=600).client(), show=False).wait()
            >>> grid = run.leads()
        """
        return top().leads(self, filters=filters, sort=sort, include_hidden=include_hidden, save=save)

    def to_html(self) -> str:
        """Return the snapshot of the card as HTML, as a saved notebook shows it. It has no script and sends no request."""
        return display_backend().html(self)

    def __str__(self) -> str:
        """Return the card as text for a terminal."""
        return display_backend().text(self)

    def _ipython_display_(self) -> None:
        display_backend().display(self)

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return display_backend().mimebundle(self)
