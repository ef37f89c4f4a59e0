"""`Run`: the handle on one run of an agent."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput, OrigamiError, printable
from origami_widgets.api.loop import background
from origami_widgets.api.models import Steps
from origami_widgets.api.starts.interrupt import StartCall
from origami_widgets.run import waiting
from origami_widgets.run.agent_runs import make_token
from origami_widgets.run.conversation import Conversation, conversation_of
from origami_widgets.run.display_backend import attach_hint, display_backend
from origami_widgets.run.follow_up import FollowUp, answering
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import RunWatch, watch_of_saved
from origami_widgets.run.settings import waits_for_a_slot
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.starts.job import WatchedJob
from origami_widgets.run.state import RunState, run_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import pandas as pd

    from origami_widgets.api.models import Action, Question, Suggestion, Table, TranscriptMessage
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.display_backend import DtypeBackend
    from origami_widgets.run.state import Connection, HistoryPoint
    from origami_widgets.run.waiting import Until


class Run:
    """A run of an Origami agent: what is known of it now, and what can be done with it.

    A run is watched in the background as long as a handle or a card of it exists: reading a property sends nothing and
    never blocks. Calls that block have twins to await: `answer` and `answer_async`. Costs, errors and results of those are
    the same; a task that is cancelled leaves what it has asked for alone, and where that may have started a run, its
    `CancelledError` carries `idempotency_key` and `reconcile_async()`, which finds the run.
    """

    def __init__(self, watch: RunWatch, conversation: Conversation | None = None) -> None:
        given: object = watch
        if not isinstance(given, RunWatch):
            raise InvalidInput(
                "A Run is not made by hand",
                cause=f"Run() was given {validate.described(given)}.",
                remedy='Start one with ow.start("…"), find one with ow.attach("AGENT_ID/RUN_ID"), or read a saved answer with '
                "ow.Run.from_payload(payload).",
            )
        self._watch = watch
        self._conversation = conversation or conversation_of(watch)

    @classmethod
    def from_payload(cls, payload: object) -> Self:
        """A handle on a saved answer of the API; nothing is ever sent.

        Args:
            payload: the run object as `GET /agents/{id}/runs/{runId}` gave it, or an answer that holds one under
                `run`.

        Raises:
            InvalidInput: it is not a run object.

        >>> run = Run.from_payload({"id": "v2_run-1", "agentId": "a", "status": "completed"})
        >>> run.status, run.done
        ('completed', True)
        """
        return cls(watch_of_saved(payload))

    @property
    def id(self) -> str:
        """The run's id."""
        return self._watch.state.run_id

    @property
    def agent_id(self) -> str:
        """The agent's id."""
        return self._watch.state.agent_id

    @property
    def token(self) -> str:
        """`agent/run`: what `attach` needs to find this run from any machine."""
        return make_token(self.agent_id, self.id)

    @property
    def state(self) -> RunState:
        """Everything known at this moment, as one frozen object."""
        return self._watch.state

    @property
    def status(self) -> str:
        """The server's own word: `running`, `completed`, `needs_input`, …; unknown words are kept as they are."""
        return self._watch.state.status

    @property
    def done(self) -> bool:
        """Whether the agent has come to an end, whatever end."""
        return self._watch.state.done

    @property
    def settled(self) -> bool:
        """Whether the agent is done and no cell of its tables is running any more."""
        return self._watch.state.settled

    @property
    def steps(self) -> Steps:
        """`completed` and `max` steps; `max` is the plan's cap, not the run's length."""
        run = self._watch.state.run
        return run.steps if run is not None else Steps()

    @property
    def prompt(self) -> str:
        """The full brief."""
        run = self._watch.state.run
        return "" if run is None else run.request.prompt or run.prompt

    @property
    def model(self) -> str:
        """The model that really runs."""
        run = self._watch.state.run
        return "" if run is None else run.model

    @property
    def text(self) -> str | None:
        """The agent's prose, usually Markdown; None while it runs and when it failed. It is not to be trusted."""
        run = self._watch.state.run
        return None if run is None or run.response is None else run.response.text

    @property
    def actions(self) -> tuple[Action, ...]:
        """What the run changed, in order."""
        return self._watch.state.actions

    @property
    def tables(self) -> tuple[Table, ...]:
        """The newest object of every table the run touched, with `stats`.

        While the run goes on, the server may name its tables in the agent's table list only: then they are those of the
        list that were created during the run, that its actions name, or that it was asked to focus on. An older table
        that a follow-up extends is among them at the end.
        """
        return self._watch.state.tables

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the agent wants to know; answered together by `answer`."""
        run = self._watch.state.run
        return () if run is None else run.todo.pending_questions

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What the agent proposes to do next."""
        run = self._watch.state.run
        return () if run is None else run.todo.next_actions

    @property
    def transcript(self) -> tuple[TranscriptMessage, ...] | None:
        """The message history; None until `refresh(include=("stats", "transcript"))` has read it."""
        return self._watch.state.transcript

    @property
    def error(self) -> OrigamiError | None:
        """Why the run failed, or why it is not watched any more; None when neither is so."""
        return run_error(self._watch.state)

    @property
    def raw(self) -> dict[str, Any]:
        """The newest run object as the API gave it, its tables brought up to date while the run goes on and cells fill.

        Where the API says `"response": null` while the run goes on, this holds a `response` with the tables that belong
        to the run by the agent's table list (see `tables`), as all frames are made from it.
        """
        return self._watch.state.payload()

    @property
    def history(self) -> tuple[HistoryPoint, ...]:
        """One record per change: time (Unix seconds), status, steps, leads, cells, credits."""
        return self._watch.state.history

    def history_frame(self, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
        """The history as a DataFrame, one row per change; see `origami_widgets.history_frame`. Sends nothing.

        Args:
            dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait("cells")
            >>> run.history_frame().columns[:4].to_list()
            ['run_id', 'time', 'status', 'steps_completed']
        """
        return display_backend().history_frame(self, dtype_backend)

    @property
    def connection(self) -> Connection:
        """When the server was last heard, when it is asked next, and what went wrong."""
        return self._watch.state.connection

    @property
    def continued_by(self) -> Run | None:
        """The next run of the same conversation, None when this is the newest."""
        watches = self._conversation.watches
        after = watches[watches.index(self._watch) + 1 :] if self._watch in watches else ()
        return Run(after[0], self._conversation) if after else None

    def wait(self, until: Until = "run", timeout: float | None = None) -> Self:
        """Block until the agent is done, or until the cells of its tables have settled.

        Interrupting it (Ctrl-C, Stop) only stops waiting. It sends nothing of its own and costs nothing.

        Args:
            until: `"run"` for the agent's end, `"cells"` for the moment when no cell is running any more.
            timeout: seconds to wait at most; None waits as long as the run is watched.

        Returns:
            The run itself. Look at `status`: a run that failed is not an exception.

        Raises:
            InvalidInput: `until` or `timeout` is something else.
            WaitTimedOut: `timeout` seconds passed first; the run goes on.
            OrigamiError: the run cannot be watched any more (a revoked key, for example).

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> ow.start("Find bakeries in Porto", client=client, show=False).wait().status
            'completed'
        """
        try:
            waiting.block(waiting.end_of_run(self._watch, until), timeout)
        except KeyboardInterrupt:
            print("Stopped waiting; the run goes on. run.wait() waits again, run.cancel() ends it.")  # noqa: T201
            raise
        display_backend().waited(self)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait for the agent's end without blocking the event loop; like `wait()`."""
        return self._wait("run").__await__()

    async def settle(self) -> Self:
        """Wait for the tables to settle without blocking the event loop; like `wait("cells")`."""
        return await self._wait("cells")

    async def _wait(self, until: Until) -> Self:
        await waiting.wait(waiting.end_of_run(self._watch, until))
        display_backend().waited(self)
        return self

    def refresh(self, include: Sequence[str] = ("stats",)) -> Self:
        """Read the run now, outside its plan; a watch that had stopped starts again. Free of charge.

        One GET, and a second one for the agent's tables while the answer about the run names none.

        Args:
            include: `"stats"` for the economics of tables and columns, `"transcript"` for the message history.

        Raises:
            OrigamiError: the read failed.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> run.refresh(include=("stats", "transcript")).transcript[0].role
            'user'
        """
        background().run(poller().refresh(self._watch, validate.include(include)))
        return self

    def cancel(self) -> Self:
        """Ask the server to cancel the run. One GET and one POST; what was built is kept, what was spent is spent.

        `status` becomes `cancelled` when the server says so, which may take until the next check. A run that is
        already over is left alone. While the server cannot be reached it is asked again and again, also when this was
        interrupted.

        Raises:
            CancelPending: it has not got through for 20 seconds; it is tried further, and the card tells.
            OrigamiError: the server refused; the run goes on.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=60).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False)
            >>> run.cancel().wait().status
            'cancelled'
        """
        try:
            background().run(cancel(self._watch))
        except KeyboardInterrupt:
            print("Stopped waiting; Origami is still asked to cancel. run.wait() waits for the end.")  # noqa: T201
            raise
        return self

    def answer(self, *answers: str, fresh: bool = False) -> Run:
        """Answer all pending questions with one follow-up run, in the same card.

        Sends one POST, which starts one run and spends credits. It waits for a free run slot as `start` does, and an
        interrupt does the same. After `start(once=…)` the same answers to the same run are sent once, too.

        Args:
            *answers: one answer per question, in the order of `questions`; free text is always possible.
            fresh: send them although they were sent before under the name of `once=`.

        Returns:
            The follow-up run.

        Raises:
            InvalidInput: the answers do not fit the questions, or they were answered before; nothing was sent.
            AmbiguousStart: whether the server has started the run is not known; look with `reconcile()`.
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
        return self._continue(answering(self._conversation, self._watch, answers), fresh=fresh)

    def follow_up(
        self, prompt: str, *, model: str | None = None, focus_tables: Sequence[str] = (), fresh: bool = False
    ) -> Run:
        """Start a further run of the same agent, which remembers the conversation, in the same card.

        Sends one POST, which starts one run and spends credits. It waits for a free run slot as `start` does, and an
        interrupt does the same. After `start(once=…)` the same follow-up of the same run is sent once, too.

        Args:
            prompt: the brief, 1 to 10,000 characters.
            model: `origami-lite` or `origami-max`; None for the plan's default.
            focus_tables: ids of tables to work on.
            fresh: send it although it was sent before under the name of `once=`.

        Returns:
            The follow-up run.

        Raises:
            InvalidInput: the brief is empty or too long, or a follow-up is being sent already; nothing was sent.
            AgentBusy: another run of the agent is active.
            AmbiguousStart: whether the server has started the run is not known; look with `reconcile()`.
            OrigamiError: the run was not started.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait()
            >>> run.follow_up("Add opening hours").wait().agent_id == run.agent_id
            True
        """
        follow_up = FollowUp(self._conversation, self._watch, prompt, "follow_up", model, focus_tables)
        return self._continue(follow_up, fresh=fresh)

    async def refresh_async(self, include: Sequence[str] = ("stats",)) -> Self:
        """Read the run now; see `refresh`. One GET, free of charge.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=600).client()
            ...     run = await (await ow.start_async("Find bakeries in Porto", client=client))
            ...     return (await run.refresh_async(("stats", "transcript"))).transcript[0].role
            >>> asyncio.run(main())
            'user'
        """
        await background().bridge(poller().refresh(self._watch, validate.include(include)))
        return self

    async def cancel_async(self) -> Self:
        """Ask the server to cancel the run; see `cancel`. One GET and one POST; what was spent is spent.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=60).client()
            ...     run = await ow.start_async("Find bakeries in Porto", client=client)
            ...     return (await (await run.cancel_async())).status
            >>> asyncio.run(main())
            'cancelled'
        """
        await background().bridge(cancel(self._watch))
        return self

    async def answer_async(self, *answers: str, fresh: bool = False) -> Run:
        """Answer all pending questions with one follow-up run; see `answer`. One POST, which spends credits.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=600).client()
            ...     run = await (await ow.start_async("Find partners. scenario:needs_input", client=client))
            ...     return (await (await run.answer_async("Iberia", "yes"))).status
            >>> asyncio.run(main())
            'completed'
        """
        return await self._continue_async(answering(self._conversation, self._watch, answers), fresh=fresh)

    async def follow_up_async(
        self, prompt: str, *, model: str | None = None, focus_tables: Sequence[str] = (), fresh: bool = False
    ) -> Run:
        """Start a further run of the same agent; see `follow_up`. One POST, which spends credits.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=600).client()
            ...     run = await (await ow.start_async("Find bakeries in Porto", client=client))
            ...     return (await run.follow_up_async("Add opening hours")).agent_id == run.agent_id
            >>> asyncio.run(main())
            True
        """
        follow_up = FollowUp(self._conversation, self._watch, prompt, "follow_up", model, focus_tables)
        return await self._continue_async(follow_up, fresh=fresh)

    def _continue(self, follow_up: FollowUp, *, fresh: bool) -> Run:
        with StartCall() as call:
            run: Run = call.block(call.fulfil(self._job(follow_up, fresh=fresh)))
            return self._continued(run)

    async def _continue_async(self, follow_up: FollowUp, *, fresh: bool) -> Run:
        call = StartCall()
        run: Run = await call.wait(call.fulfil(self._job(follow_up, fresh=fresh)))
        return self._continued(run)

    def _job(self, follow_up: FollowUp, *, fresh: bool) -> WatchedJob:
        once = self._conversation.once
        return WatchedJob(
            self._watch.connected(),
            follow_up.spec(),
            Run,
            once=once,
            name=once and follow_up.name_in_store(once),
            fresh=fresh,
            follow_up=follow_up,
            queues=waits_for_a_slot(),
        )

    def _continued(self, run: Run) -> Run:
        with attach_hint(run.token):
            display_backend().continued(run)
        return run

    def on_change(self, callback: Callable[[Run], object]) -> Callable[[], None]:
        """Call back with this run after each change, as long as a handle or card of it exists. Sends nothing.

        Args:
            callback: called on a background thread, one callback after the other. It may call `cancel`, `wait` and anything
                else that blocks. A slow callback delays other callbacks, but no check, cancel or start. Changes that happen
                before it is called again are collected into one call with the newest state. `wait()` and `await run`
                give callbacks up to half a second to return. One that raises is not called again.

        Returns:
            A function that ends the subscription.

        Raises:
            InvalidInput: the callback cannot be called.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False)
            >>> told = []
            >>> stop = run.on_change(lambda run: told.append(run.status))
            >>> _ = run.wait("cells")
            >>> stop()
        """
        if not callable(callback):
            raise InvalidInput(
                "This cannot be called back",
                cause=f"on_change was given {validate.described(callback)}.",
                remedy="Give it a function of one argument, the run: run.on_change(lambda run: print(run.status)).",
            )

        @functools.wraps(callback)
        def notify() -> None:
            callback(self)

        return self._watch.subscribers.add(notify, of_user=True)

    def to_html(self) -> str:
        """The static card: what a saved notebook shows. No script, no request to anywhere."""
        return display_backend().html(self)

    def __str__(self) -> str:
        """The card as text for a terminal."""
        return display_backend().text(self)

    def __repr__(self) -> str:
        return printable(f"<Run {self.token} {self.status}>")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._watch is self._watch

    def __hash__(self) -> int:
        return hash(self._watch)

    def _ipython_display_(self) -> None:
        display_backend().display(self)

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return display_backend().mimebundle(self)

    @property
    def operations(self) -> Operations | None:
        """The API through which it is read; None for a saved answer."""
        return self._watch.operations

    @property
    def conversation(self) -> Conversation:
        """The runs that this one continues and is continued by."""
        return self._conversation
