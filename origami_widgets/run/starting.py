"""One run per intent, whatever happens to the request that starts it.

An intent has one idempotency key, which the server remembers for every answer but a 5xx. After one of those, and
wherever it stays open whether a run was started, nothing is sent before it was looked for.

A run is taken for ours only when it has our whole brief, was started after we sent by the server's own clock, and was
given to nobody else in this process; a new agent must also have the name that was asked for, if one was. No mark is
put into the agent's name: people read it as long as the agent lives, and a brief within seconds tells as much. Where
two runs fit, none is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import TYPE_CHECKING, Any, TypeVar, cast

from origami_widgets.api.errors import (
    AgentBusy,
    ConnectionFailed,
    IdempotencyConflict,
    InvalidInput,
    OrigamiError,
    RateLimited,
    RunPoolFull,
    ServerError,
    UnexpectedAnswer,
)
from origami_widgets.api.loop import background
from origami_widgets.run.hub import hub
from origami_widgets.run.state import Queue
from origami_widgets.run.token import make_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
    from datetime import datetime

    from origami_widgets.api.models import Agent, Page, RunObject, RunSummary
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.handle import Run
    from origami_widgets.run.watch import Watch

T = TypeVar("T")

LOOKS = (2.0, 10.0)
"""Seconds before each look for a run that may have been started: a server that failed may be late with its list."""
SLACK = 3.0
"""Seconds by which the server's clock is known at best: its `Date` has whole ones."""
SLACK_WITHOUT_DATE = 60.0
MOST_PAGES = 20
SHORTEST_CUT = 90
"""A brief is cut to 200 characters in lists; fewer where the server counts an emoji as two."""
USUAL_WAIT = 60.0
"""Seconds to wait for a free slot when the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which nobody is thought to wait for it any more."""
LAST_WORDS = 0.3
"""Seconds that an interrupted attempt gets to end."""

UNCLEAR = (ConnectionFailed, ServerError, UnexpectedAnswer, IdempotencyConflict)
LOOK_AGAIN = "import sys; run = sys.last_value.reconcile()"

_taken: set[tuple[object, str]] = set()
"""The runs that an intent of this process was given, by client: none of them is another intent's."""


class AmbiguousStart(OrigamiError):
    """Whether a run was started is not known: the server failed while it was asked, and no run was found since.

    Attributes:
        idempotency_key: the key that every attempt carried.
    """

    intent: Intent | None = None
    """What was asked for; the error of another process has none."""

    def reconcile(self) -> Run | None:
        """Look again for the run. Sends GETs only and costs nothing.

        Returns:
            The run, or None when there is still none.

        Raises:
            AmbiguousStart: nobody could look, or several runs fit.
        """
        if self.intent is None:
            raise InvalidInput(
                "This error came from another process",
                cause="It carries its words only, and no connection.",
                remedy="Look at the newest agents with client.list_agents().",
            )
        return self.intent.reconcile()

    def __reduce__(self) -> tuple[Any, ...]:
        restore, (kind, title, state) = super().__reduce__()
        return restore, (kind, title, {name: value for name, value in state.items() if name != "intent"})


class Intent:
    """The wish for one run, from its first attempt to the run that came of it. Coroutines are for the background loop.

    Args:
        operations: the API.
        prompt: the brief.
        agent_id: the agent to continue; empty for a new one.
        name: what to call a new agent.
        model: the model.
        focus_tables: ids of tables to work on.
        known: ids of the agent's runs that were there before.
        key: the idempotency key of attempts that were made before; None makes one.

    Attributes:
        key: the idempotency key, the same for every attempt.
        doubtful: an attempt may have started a run that is not known.
        queue: what is waited for while all run slots are in use, None while nothing is.
        run: the run, once it is known.
        adopt: makes the run that was started one that is watched.
    """

    def __init__(
        self,
        operations: Operations,
        prompt: str,
        *,
        agent_id: str = "",
        name: str | None = None,
        model: str | None = None,
        focus_tables: Sequence[str] = (),
        known: Collection[str] = (),
        key: str | None = None,
    ) -> None:
        self.key = str(uuid.uuid4()) if key is None else key
        self.doubtful = False
        self.queue: Queue | None = None
        self.run: RunObject | None = None
        self.agent_id = agent_id
        self.adopt: Callable[[RunObject], Awaitable[Watch]] = self._watch
        self._operations = operations
        self._prompt = prompt
        self._name = name
        self._model = model
        self._focus_tables = focus_tables
        self._known = frozenset(known)
        self._is_new = not agent_id
        self._sent_at: float | None = None
        self._over = asyncio.Event()

    async def carry_out(
        self,
        *,
        queue: bool,
        tell: Callable[[Queue | None], object] = lambda _queue: None,
        stop: asyncio.Event | None = None,
    ) -> Watch:
        """Start the run, once, and watch it.

        Args:
            queue: when all run slots are in use, wait for a free one instead of failing.
            tell: told what is waited for, and None when it is sent again.
            stop: set to wait no longer.

        Raises:
            RunPoolFull: all run slots are in use, and it is not or no longer waited for one.
            AmbiguousStart: a run may have been started, and was not found.
            OrigamiError: the run was not started.
        """
        try:
            return await self._carry_out(tell, asyncio.Event() if stop is None else stop, queue=queue)
        finally:
            self._over.set()

    async def _carry_out(self, tell: Callable[[Queue | None], object], stop: asyncio.Event, *, queue: bool) -> Watch:
        clock = hub().clock
        until = clock.monotonic() + LONGEST_QUEUE
        while True:
            try:
                return await self.adopt(await self.begin())
            except RunPoolFull as full:
                wait = max(1.0, full.retry_after or USUAL_WAIT)
                if not queue or clock.monotonic() + wait > until:
                    raise
                self.queue = Queue(wait, full.limit)
                tell(self.queue)
                await clock.sleep(wait, stop)
                if stop.is_set():
                    raise
                self.queue = None
                tell(None)

    async def begin(self) -> RunObject:
        """The run: the one that the server's answer names, or that an attempt without an answer has started.

        Raises:
            AmbiguousStart: a run may have been started, and was not found.
            OrigamiError: the run was not started.
        """
        for is_last in (False, True):
            error = await self._attempt()
            if error is not None and await self._is_to_be_sent_again(error) and is_last:
                raise self._ambiguous(error) from error
            if self.run is not None:
                break
        return cast("RunObject", self.run)

    def reconcile(self) -> Run | None:
        """Look again for the run, and watch it if it is there. Sends GETs only.

        Raises:
            AmbiguousStart: nobody could look; it can be tried again from there.
        """
        from origami_widgets.run.handle import Run

        try:
            watch = background().run(self._found_again())
        except AmbiguousStart:
            raise
        except OrigamiError as unseen:
            raise self._ambiguous(unseen, unseen=True) from unseen
        return None if watch is None else Run(watch)

    async def given_up(self) -> None:
        """Return when an interrupted attempt has ended, so that the next call meets nothing that is half done."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._over.wait()

    async def _found_again(self) -> Watch | None:
        if self.run is None and self._sent_at is not None:
            await self._look()
        return None if self.run is None else await self.adopt(self.run)

    async def _attempt(self) -> OrigamiError | None:
        """Send, with those repetitions that the key makes safe; the error when no run is known afterwards."""
        if self._sent_at is None:
            self._sent_at = time.time()
        try:
            if self._is_new:
                created = await self._operations.create_agent(
                    self._prompt,
                    name=self._name,
                    model=self._model,
                    focus_table_ids=self._focus_tables,
                    idempotency_key=self.key,
                )
                self._take(created.agent.id or created.run.agent_id, created.run)
            else:
                run = await self._operations.create_run(
                    self.agent_id,
                    self._prompt,
                    model=self._model,
                    focus_table_ids=self._focus_tables,
                    idempotency_key=self.key,
                )
                self._take(self.agent_id, run)
        except OrigamiError as error:
            self.doubtful = self.doubtful or error.may_have_started or isinstance(error, IdempotencyConflict)
            error.idempotency_key, error.may_have_started = self.key, self.doubtful
            return error
        return None

    async def _is_to_be_sent_again(self, error: OrigamiError) -> bool:
        """Look for the run wherever it may have been started; False when it was found.

        Raises:
            OrigamiError: `error`, when the server has refused, or nothing has arrived there.
            AmbiguousStart: nobody could look.
        """
        if not self.doubtful:
            raise error
        if not _is_unclear(error):
            if not await self._is_there_after(error):
                raise error
            return False
        unseen: OrigamiError | None = None
        for wait in LOOKS:
            await hub().clock.sleep(wait, asyncio.Event())
            try:
                unseen = None
                if await self._look():
                    return False
            except AmbiguousStart:
                raise
            except OrigamiError as problem:
                unseen = problem
        if unseen is not None:
            raise self._ambiguous(error, unseen=True) from unseen
        return True

    async def _is_there_after(self, refusal: OrigamiError) -> bool:
        """Whether the server refuses because an earlier attempt, whose answer was lost, has started the run."""
        try:
            if isinstance(refusal, AgentBusy) and refusal.current_run_id:
                return await self._take_if_ours(self.agent_id, [refusal.current_run_id])
            return await self._look()
        except OrigamiError as unseen:
            refusal.add_note(f"An earlier attempt may have started the run, and it could not be looked for: {unseen}")
            return False

    async def _look(self) -> bool:
        """Whether there is a run that is ours.

        Raises:
            AmbiguousStart: there are several.
            OrigamiError: the lists could not be read to their end.
        """
        if not self._is_new:
            fitting = [run.id async for run in self._runs(self.agent_id) if self._may_be_ours(run)]
            return await self._take_if_ours(self.agent_id, fitting)
        found: list[tuple[str, str]] = []
        async for agent in self._agents():
            if self._name is not None and agent.name != self._name:
                continue
            runs = [agent.last_run] if agent.last_run is not None else [run async for run in self._runs(agent.id)]
            found += [(agent.id, run.id) for run in runs if self._may_be_ours(run)]
        if len(found) > 1:
            raise self._ambiguous(None, found)
        return bool(found) and await self._take_if_ours(found[0][0], [found[0][1]])

    async def _take_if_ours(self, agent_id: str, run_ids: Sequence[str]) -> bool:
        runs = [await self._operations.get_run(agent_id, run_id) for run_id in run_ids]
        ours = [run for run in runs if self._may_be_ours(run) and self._has_our_brief(run)]
        if len(ours) > 1:
            raise self._ambiguous(None, [(agent_id, run.id) for run in ours])
        if ours:
            self._take(agent_id, ours[0])
        return bool(ours)

    def _take(self, agent_id: str, run: RunObject) -> None:
        self.agent_id, self.run, self.doubtful = agent_id, run, False
        _taken.add((self._operations.identity, run.id))

    def _may_be_ours(self, run: RunSummary) -> bool:
        free = run.id not in self._known and (self._operations.identity, run.id) not in _taken
        return free and self._came_after(run.started_at) and _begins(run.prompt.strip(), self._prompt.strip())

    def _has_our_brief(self, run: RunObject) -> bool:
        return not run.request.prompt or run.request.prompt.strip() == self._prompt.strip()

    def _came_after(self, at: datetime | None) -> bool:
        """Whether the server says of something that it is younger than our first attempt."""
        offset = self._operations.clock_offset
        slack = SLACK_WITHOUT_DATE if offset is None else SLACK
        return at is not None and at.timestamp() >= (self._sent_at or 0.0) + (offset or 0.0) - slack

    async def _agents(self) -> AsyncIterator[Agent]:
        """The agents that are younger than our first attempt."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._operations.list_agents(cursor=cursor, limit=100)
            for agent in page.items:
                if agent.id and self._came_after(agent.created_at):
                    yield agent
            cursor = page.next_cursor
            if cursor is None or self._goes_back_further(page):
                return
        raise _too_many("agents")

    def _goes_back_further(self, page: Page[Agent]) -> bool:
        """Whether the pages after this one are older than our attempt: the API does not state their order."""
        times = [agent.created_at for agent in page.items if agent.created_at is not None]
        return bool(times) and times == sorted(times, reverse=True) and not self._came_after(times[-1])

    async def _runs(self, agent_id: str) -> AsyncIterator[RunSummary]:
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._operations.list_runs(agent_id, cursor=cursor, limit=100)
            for run in page.items:
                yield run
            cursor = page.next_cursor
            if cursor is None:
                return
        raise _too_many("runs")

    async def _watch(self, started: RunObject) -> Watch:
        return await hub().watch(self._operations, self.agent_id, started.id, started=started)

    def _ambiguous(
        self, last: OrigamiError | None, found: Sequence[tuple[str, str]] = (), *, unseen: bool = False
    ) -> AmbiguousStart:
        if found:
            tokens = ", ".join(f'ow.attach("{make_token(agent_id, run_id)}")' for agent_id, run_id in found)
            cause = f"The answer was lost, and {len(found)} runs with this brief were started since."
            remedy = f"One of them is yours: {tokens}."
        else:
            where = f'ow.attach("{self.agent_id}") shows' if self.agent_id else "client.list_agents() lists"
            looked = "The run could not be looked for." if unseen else "No run with this brief was found since."
            cause = f"The answer was lost{_words(last)}. {looked}"
            remedy = (
                f"Look before you start it again, or it may run and cost twice: error.reconcile() finds it, and {where} "
                f"the newest {'run' if self.agent_id else 'agents'}."
            )
        error = AmbiguousStart(
            "A run may have been started",
            cause=cause,
            remedy=remedy,
            code="AMBIGUOUS_START",
            status_code=last.status_code if last is not None else None,
            request_id=last.request_id if last is not None else None,
        )
        error.idempotency_key, error.may_have_started, error.intent = self.key, True, self
        return error

    def interrupted(self) -> str:
        """What an interrupt of the caller leaves behind, and which call completes or undoes it."""
        if self.run is not None:
            token = make_token(self.agent_id, self.run.id)
            return f'Interrupted; the run was started and goes on. ow.attach("{token}") shows it, and its cancel() ends it.'
        if self._sent_at is None or (self.queue is not None and not self.doubtful):
            return "Interrupted; no run was started, and nothing is charged."
        return (
            "Interrupted while a run was being started: it may go on and cost credits. "
            f"{LOOK_AGAIN} finds it (None: there is none), run.cancel() ends it."
        )


class Caller:
    """Code that blocks until a run is started, in a place where it may print.

    Args:
        intent: what it waits for, when that is known already.
    """

    def __init__(self, intent: Intent | None = None) -> None:
        self.intent = intent
        self._has_told = False

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the background loop and block until it is done.

        An interrupt ends it within a moment. The exception then carries `idempotency_key` and `reconcile()`, and one
        line says what became of the run.
        """
        try:
            return background().run(coroutine, self._tell)
        except (KeyboardInterrupt, SystemExit) as stopped:
            if self.intent is not None:
                line = self.intent.interrupted()
                print(line)  # noqa: T201 - said where the caller stands, not from the background
                stopped.add_note(f"{line} (idempotency key {self.intent.key})")
                vars(stopped).update(idempotency_key=self.intent.key, reconcile=self.intent.reconcile)
                # Pressed again, it is the same wish.
                with contextlib.suppress(KeyboardInterrupt, SystemExit):
                    background().run(self.intent.given_up())
            raise

    def _tell(self) -> None:
        queue = self.intent.queue if self.intent is not None else None
        if queue is not None and not self._has_told:
            self._has_told = True
            slots = "All run slots" if queue.limit is None else f"All {queue.limit} run slots"
            print(  # noqa: T201 - a silent wait looks like a hang
                f"{slots} of the plan are in use. Waiting for a free one, asking again in {queue.wait:.0f} s; this costs "
                "nothing. Interrupt to leave the queue."
            )


def _begins(shown: str, prompt: str) -> bool:
    """Whether a brief may be the one that a list shows, where it is cut."""
    if shown == prompt:
        return True
    cut = shown.removesuffix("…").removesuffix("...").rstrip("\ufffd")
    return cut != shown and len(cut) >= SHORTEST_CUT and prompt.startswith(cut)


def _is_unclear(error: OrigamiError) -> bool:
    return isinstance(error, UNCLEAR) or (isinstance(error, RateLimited) and not isinstance(error, RunPoolFull))


def _words(error: OrigamiError | None) -> str:
    return f" ({error.title})" if error is not None else ""


def _too_many(things: str) -> OrigamiError:
    return OrigamiError(
        f"There are too many {things} to look through",
        cause=f"The list goes on after {MOST_PAGES} pages.",
        remedy="Look for it in the app.",
    )
