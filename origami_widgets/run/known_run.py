"""`KnownRun`: what is known of a run. Base of `Run`, which steers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.models import Steps
from origami_widgets.run.agent_runs import make_token
from origami_widgets.run.conversation import Conversation, conversation_of
from origami_widgets.run.credits import credits_of_run
from origami_widgets.run.polling.run_watch import RunWatch, watch_of_saved
from origami_widgets.run.settings import top
from origami_widgets.run.state import RunState, run_error
from origami_widgets.words.foreign_text import described, one_line

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.models import Action, Question, Suggestion, Table, TranscriptMessage
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.credits import RunCredits
    from origami_widgets.run.settings import DtypeBackend
    from origami_widgets.run.state import Connection, HistoryPoint


class KnownRun:
    """What is known of a run. Reading it sends nothing and never blocks.

    Args:
        watch: the watched run.
        conversation: its conversation; None for the one that the run has.
    """

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
        self._watch = watch
        self._conversation = conversation or conversation_of(watch)

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
        """The run's id."""
        return self._watch.state.run_id

    @property
    def agent_id(self) -> str:
        """The agent's id."""
        return self._watch.state.agent_id

    @property
    def name(self) -> str:
        """The agent's name, such as the brief's name in `start_many({…})`.

        Empty for a run that was attached by its ids, unless `list_agents()` of the same client has read the name
        before.
        """
        states = (self._watch.state, *self._conversation.states)
        return next((state.agent_name for state in states if state.agent_name), "")

    @property
    def token(self) -> str:
        """`agent_id/run_id`: `attach(token)` finds this run on any machine."""
        return make_token(self.agent_id, self.id)

    @property
    def state(self) -> RunState:
        """Everything known about the run at this moment, as one frozen object."""
        return self._watch.state

    @property
    def status(self) -> str:
        """The server's status: `running`, `completed`, `needs_input`, …; unknown statuses are kept as they are."""
        return self._watch.state.status

    @property
    def done(self) -> bool:
        """Whether the agent has ended, successfully or not; see `status`. Cells of its tables may still be running."""
        return self._watch.state.done

    @property
    def settled(self) -> bool:
        """Whether the agent has ended and no cell of its tables is running."""
        return self._watch.state.settled

    @property
    def steps(self) -> Steps:
        """The number of `completed` steps, and `max`: the plan's limit, not the expected length of the run."""
        run = self._watch.state.run
        return run.steps if run is not None else Steps()

    @property
    def prompt(self) -> str:
        """The full brief."""
        run = self._watch.state.run
        return "" if run is None else run.request.prompt or run.prompt

    @property
    def model(self) -> str:
        """The model that the run uses."""
        run = self._watch.state.run
        return "" if run is None else run.model

    @property
    def text(self) -> str | None:
        """The agent's answer, usually Markdown; None while it runs and if it failed. Treat it as untrusted text."""
        run = self._watch.state.run
        return None if run is None or run.response is None else run.response.text

    @property
    def actions(self) -> tuple[Action, ...]:
        """The changes that the run made, in order."""
        return self._watch.state.actions

    @property
    def tables(self) -> tuple[Table, ...]:
        """The run's tables, with their newest statistics (`stats`).

        While the run is active, the server may not say which tables it works on. Until it does, these are the agent's
        tables that were created during the run, are named by its actions, or are in `focus_tables`. An older table that
        a follow-up extends appears when the run ends.
        """
        return self._watch.state.tables

    @property
    def questions(self) -> tuple[Question, ...]:
        """The agent's open questions; `answer` answers all of them at once."""
        run = self._watch.state.run
        return () if run is None else run.todo.pending_questions

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """The next steps that the agent suggests."""
        run = self._watch.state.run
        return () if run is None else run.todo.next_actions

    @property
    def transcript(self) -> tuple[TranscriptMessage, ...] | None:
        """The messages of the run; None until `refresh(include=("stats", "transcript"))` has read them."""
        return self._watch.state.transcript

    @property
    def error(self) -> OrigamiError | None:
        """Why the run failed or is no longer checked, or that it used more than its `credit_limit=`; None otherwise."""
        return run_error(self._watch.state)

    @property
    def raw(self) -> dict[str, Any]:
        """The newest run object of the API as a dictionary, with the newest state of its tables.

        While the API says `"response": null` because the run is active, this has a `response` with the tables of
        `tables`. All frames are made from `raw`.
        """
        return self._watch.state.payload()

    @property
    def credits(self) -> RunCredits:
        """The credits this run has used so far, with how and when they were measured. Sends nothing.

        The API reports credits for tables, not for runs. `used` is what the run's tables have used since it began,
        whatever used them. It is None if that is not known, for example if a table is older than the run and this
        process had not read it before. `used` grows while cells are running; `is_final` says when it no longer does.
        `balance_before` and `balance_after` are set if this process read the balance before the run began and after it
        settled.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait("cells")
            >>> run.credits.used == sum(table.credits.lifetime_used for table in run.tables)
            True
            >>> run.credits.is_final, run.credits.how
            (True, 'Used by its 2 tables since it began.')
        """
        operations = self._watch.operations
        readings = () if operations is None else operations.balance_history.readings
        return credits_of_run(self._watch.state, self._conversation.before_run(self._watch), readings)

    @property
    def history(self) -> tuple[HistoryPoint, ...]:
        """One record for each change: time (Unix seconds), status, steps, leads, cells and credits."""
        return self._watch.state.history

    def history_frame(self, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
        """Return the history as a DataFrame, one row for each change; see `origami_widgets.history_frame`. Sends nothing.

        Args:
            dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False).wait("cells")
            >>> run.history_frame().columns[:4].to_list()
            ['run_id', 'time', 'status', 'steps_completed']
        """
        frame: pd.DataFrame = top().history_frame(self, dtype_backend=dtype_backend)
        return frame

    @property
    def connection(self) -> Connection:
        """When the server last answered, when the next check is due, and the last error."""
        return self._watch.state.connection

    @property
    def continued_by(self) -> Self | None:
        """The run of the answer or follow-up that came after this one; None if this is the newest run."""
        watches = self._conversation.watches
        after = watches[watches.index(self._watch) + 1 :] if self._watch in watches else ()
        return type(self)(after[0], self._conversation) if after else None

    def __repr__(self) -> str:
        return one_line(f"<{type(self).__name__} {self.token} {self.status}>")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KnownRun) and other._watch is self._watch

    def __hash__(self) -> int:
        return hash(self._watch)

    @property
    def operations(self) -> Operations | None:
        """The API that the run is read through; None for a run made from a saved answer."""
        return self._watch.operations

    @property
    def conversation(self) -> Conversation:
        """This run with the runs before and after it in the same card."""
        return self._conversation
