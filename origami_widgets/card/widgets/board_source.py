"""Sources of a board's rows: given runs, the runs of an agent or of the account, or a batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from origami_widgets.api.background.loop import background
from origami_widgets.api.default_client import AnyClient, check_client
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.run import RunObject, RunSummary
from origami_widgets.api.validate import is_iterable, shortened
from origami_widgets.card.view.board_view import BoardEntry
from origami_widgets.card.view.run_head import token_of
from origami_widgets.run.batch import RunBatch, briefs_of, queue_of
from origami_widgets.run.conversation import parse_token, read_turns, recent_runs
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.reduce import Changed, is_terminal
from origami_widgets.run.settings import client_or_default

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState

BoardInput: TypeAlias = "Run | str | RunBatch | Iterable[Run | str] | None"

MAX_LISTED = 100
DEFAULT_LIMIT = 20
_THESE: Final = "To see these runs again"
MAX_TOKENS = 3
"""Most tokens in a line, so that it stays readable."""
EXPECTED = (
    "Give it runs or their tokens, an agent's id, what ow.start_many(…) returned, or nothing for the newest runs."
)


@dataclass(frozen=True)
class ListedRun:
    """Run from a list, for which the server has sent little more than the status.

    Args:
        agent_id: the agent's id.
        run_id: the run's id.
        agent_name: the agent's name; empty if the list does not have it.
        summary: the run's summary in the list; None for a run given by its token.
    """

    agent_id: str
    run_id: str
    agent_name: str = ""
    summary: RunSummary | None = None


class ReopenLine(NamedTuple):
    """What a line of Python does, in words, and the line: it shows a board's runs again, in any kernel."""

    words: str
    line: str


def reopen_line_for(runs: Sequence[Run]) -> ReopenLine:
    """Return the line that shows these runs again: by their tokens, if there are few; else the newest of the account."""
    if 0 < len(runs) <= MAX_TOKENS:
        return ReopenLine(_THESE, f"ow.RunBoard({json.dumps([run.token for run in runs])})")
    return _newest_line(max(DEFAULT_LIMIT, min(len(runs), MAX_LISTED)))


def _newest_line(limit: int) -> ReopenLine:
    line = "ow.RunBoard()" if limit == DEFAULT_LIMIT else f"ow.RunBoard(limit={limit})"
    return ReopenLine("To see the newest runs of the account", line)


@dataclass(frozen=True)
class RunsSource:
    """Source of runs that are known when the board is made.

    Args:
        runs: the runs, in order.
        reopen: the line that shows the runs again.
        listed: the runs' entries from a list, by token.
    """

    runs: tuple[Run, ...]
    reopen: ReopenLine
    listed: dict[str, ListedRun] = field(default_factory=dict)
    batch: None = None

    @property
    def rows(self) -> tuple[tuple[int, Run], ...]:
        """Each run with the position of its row."""
        return tuple(enumerate(self.runs))

    def entries(self) -> list[BoardEntry]:
        """Return the current entry of each run."""
        return [self._entry(at, run) for at, run in enumerate(self.runs)]

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback` after each change, on the loop's thread; returns a function that unsubscribes."""
        ends = [run.conversation.subscribers.add(callback) for run in self.runs]

        def end() -> None:
            for each in ends:
                each()

        return end

    def _entry(self, position: int, run: Run) -> BoardEntry:
        state, earlier = run.conversation.state, run.conversation.states[:-1]
        listed = self.listed.get(run.token)
        unread = False
        if state.run is None and listed is not None and listed.summary is not None:
            state, unread = _state_of_summary(state, listed.summary), True
        name = listed.agent_name if listed else ""
        return BoardEntry(position, name, state=state, earlier=earlier, unread=unread)


@dataclass(frozen=True)
class BatchSource:
    """Source of a batch's briefs and their runs.

    Args:
        batch: the batch.
    """

    batch: RunBatch

    @property
    def reopen(self) -> ReopenLine:
        """The line that shows the runs started so far again."""
        return reopen_line_for(self.runs)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs started so far."""
        return self.batch.runs

    @property
    def rows(self) -> tuple[tuple[int, Run], ...]:
        """Each run started so far, with the position of its brief."""
        return tuple((brief.position, brief.run) for brief in briefs_of(self.batch) if brief.run is not None)

    def entries(self) -> list[BoardEntry]:
        """Return the current entry of each brief."""
        entries = []
        for brief in briefs_of(self.batch):
            states = brief.run.conversation.states if brief.run is not None else ()
            state = brief.run.conversation.state if brief.run is not None else None
            entries.append(
                BoardEntry(
                    brief.position,
                    brief.name or "",
                    brief.prompt,
                    state=state,
                    earlier=states[:-1],
                    brief=brief.state,
                    error=brief.error,
                    queue=brief.queue,
                )
            )
        return entries

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback` after each change, on the loop's thread; returns a function that unsubscribes."""
        return queue_of(self.batch).subscribers.add(callback)


BoardSource = RunsSource | BatchSource


def find_row(source: BoardSource, token: str) -> tuple[int, Run, RunWatch] | None:
    """Return the position and run of the row with a token, and the turn with it; None without one.

    Args:
        source: the board's source.
        token: the token of the newest turn of the row's run, or of an earlier one, as a page may be a moment behind.
    """
    found = ((at, run, each) for at, run in source.rows for each in run.conversation.watches)
    return next((row for row in found if token_of(row[2].state) == token), None)


def make_source(shown: BoardInput, client: AnyClient | None, limit: int) -> BoardSource:
    """Return the source for the argument of a board.

    Args:
        shown: the argument.
        client: the client for reading runs; None for the configured one.
        limit: the maximum number of runs, if the board lists them itself.

    Raises:
        InvalidInput: a board cannot show the argument.
        OrigamiError: the runs could not be listed.
    """
    given: object = limit
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_LISTED:
        raise InvalidInput(
            "limit is not a number of runs",
            cause=f"It was {shortened(limit)}.",
            remedy=f"Give a whole number from 1 to {MAX_LISTED}.",
        )
    if client is not None:
        # Checked even if it is not needed, so that a mistake raises where it is made.
        check_client(client)
    if isinstance(shown, RunBatch):
        return BatchSource(shown)
    if shown is None:
        operations = client_or_default(client).operations
        return background().run(_list_account_runs(operations, limit))
    if isinstance(shown, str) and (named := parse_token(shown, None))[1] is None:
        agent_id, _ = named
        operations = client_or_default(client).operations
        run = Run(background().run(read_turns(operations, agent_id)).current)
        return RunsSource((run,), ReopenLine(_THESE, f'ow.RunBoard("{agent_id}")'))
    return _use_given_runs(_check_given(shown), client)


def _check_given(shown: object) -> list[object]:
    if isinstance(shown, Run | str):
        return [shown]
    # Iterating over these would give parts that are not runs.
    if not is_iterable(shown) or isinstance(shown, bytes | dict):
        raise InvalidInput(
            "A board shows runs",
            cause=f"Got {type(shown).__name__}.",
            remedy=EXPECTED,
        )
    return list(shown)


def _use_given_runs(given: Sequence[object], client: AnyClient | None) -> RunsSource:
    tokens: list[ListedRun] = []
    for at, each in enumerate(given):
        if isinstance(each, Run):
            continue
        agent_id, run_id = parse_token(each, None) if isinstance(each, str) else ("", None)
        if run_id is None:
            what = shortened(each) if isinstance(each, str) else f"a value of type {type(each).__name__}"
            raise InvalidInput(
                "A board shows runs",
                cause=f"Number {at + 1} in the list is {what}, no run and no token.",
                remedy=EXPECTED,
            )
        tokens.append(ListedRun(agent_id, run_id))
    named = background().run(_watch_runs(client_or_default(client).operations, tokens)) if tokens else []
    for each, run in zip(tokens, named, strict=True):
        # Whoever sent it: the user has named it.
        run.conversation.ours.add(each.run_id)
    found = iter(named)
    runs = tuple(each if isinstance(each, Run) else next(found) for each in given)
    # A run given twice would make two equal rows.
    unique = tuple(dict.fromkeys(runs))
    return RunsSource(unique, reopen_line_for(unique))


async def _list_account_runs(operations: Operations, limit: int) -> RunsSource:
    recent = await recent_runs(operations, limit=limit)
    listed = [ListedRun(each.agent_id, each.run.id, each.agent_name, each.run) for each in recent]
    runs = tuple(await _watch_runs(operations, listed))
    return RunsSource(runs, _newest_line(limit), {run.token: each for run, each in zip(runs, listed, strict=True)})


async def _watch_runs(operations: Operations, listed: Sequence[ListedRun]) -> list[Run]:
    """Return handles on runs that the poller reads one after the other, so that a board does not wait for a hundred answers."""
    runs = []
    for each in listed:
        watch = await poller().watch(operations, each.agent_id, each.run_id, started=None)
        watch.update(Changed(agent_name=each.agent_name or watch.state.agent_name))
        if watch.state.run is None:
            poller().soon(watch)
        runs.append(Run(watch))
    return runs


def _state_of_summary(state: RunState, summary: RunSummary) -> RunState:
    """Return the state of an unread run from its list entry. Only for the board, as its tables are unknown."""
    run = RunObject.from_raw(summary.raw)
    return replace(state, run=run, done=is_terminal(run.status, keep_polling=True))
