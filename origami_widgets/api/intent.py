"""One run per intent, whatever happens to the request that starts it.

An intent has one idempotency key, which the server remembers for every answer but a 5xx. After one of those, and
wherever it stays open whether a run was started, nothing is sent before it was looked for. Where two runs fit, none is
taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import TYPE_CHECKING, Any, cast

from origami_widgets.api import validate
from origami_widgets.api.ambiguous_start import AmbiguousStart, ambiguous
from origami_widgets.api.elapsed import seconds_passed
from origami_widgets.api.errors import (
    AgentBusy,
    ConnectionFailed,
    IdempotencyConflict,
    OrigamiError,
    RateLimited,
    RunNotFound,
    RunPoolFull,
    ServerError,
    UnexpectedAnswer,
)
from origami_widgets.api.loop import background
from origami_widgets.api.lost_start import Found, LostStart, take
from origami_widgets.api.models import CreatedAgent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations

LOOKS = (2.0, 10.0)
"""Seconds before each look for a run that may have been started: a server that failed may be late with its list."""
LOOKS_FOR_UNWANTED = (30.0,) * 40
"""The same for a run that is to be cancelled, while nobody can look: it lasts 20 minutes at most."""
UNCLEAR = (ConnectionFailed, ServerError, UnexpectedAnswer, IdempotencyConflict)


async def pause(seconds: float) -> None:
    """Wait before a look."""
    await asyncio.sleep(seconds)


class Intent:
    """The wish for one run, from its first attempt to the run that came of it. Coroutines are for the background loop.

    Args:
        operations: the API.
        prompt: the brief.
        agent_id: the agent to continue; None for a new one.
        name: what to call a new agent.
        model: the model.
        focus_tables: ids of tables to work on.
        attachments: tables and documents to hand to the agent.
        known: ids of the agent's runs that were there before.
        key: the idempotency key, when there is one already; None makes one.
        since: when an attempt was made before with this key, in Unix seconds; None when this is the first.
        sleep: how to wait before a look; None for the clock of the loop.

    Raises:
        InvalidInput: an id or the key is not valid.

    Attributes:
        key: the idempotency key, the same for every attempt.
        doubtful: an attempt may have started a run that is not known.
        run: the run, once it is known.
        agent_id: its agent, once it is known.
        withdrawn: set when nobody wants the run any more: nothing is sent again that could start it.
        is_cancelled: the server was asked to cancel it, because it was withdrawn.
    """

    def __init__(
        self,
        operations: Operations,
        prompt: str,
        *,
        agent_id: str | None = None,
        name: str | None = None,
        model: str | None = None,
        focus_tables: Iterable[str] = (),
        attachments: Sequence[Mapping[str, str]] = (),
        known: Collection[str] = (),
        key: str | None = None,
        since: float | None = None,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        self.key = str(uuid.uuid4()) if key is None else validate.idempotency_key(key)
        self.doubtful = since is not None
        self.run: RunObject | None = None
        self.agent_id = "" if agent_id is None else validate.agent_id(agent_id)
        self.withdrawn = asyncio.Event()
        self.is_cancelled = False
        self._operations = operations
        self._prompt = prompt
        self._name = name
        self._model = model
        self._focus_tables = validate.table_ids(focus_tables)
        self._attachments = attachments
        self._known = frozenset(known)
        self._is_new = agent_id is None
        self._since = None if since is None else seconds_passed() - (time.time() - since)
        self._sleep = sleep or pause
        self._created: CreatedAgent | None = None

    @property
    def is_sent(self) -> bool:
        """Whether an attempt was made, now or before."""
        return self._since is not None

    async def begin(self) -> RunObject:
        """The run: the one that the server's answer names, or that an attempt without an answer has started.

        Raises:
            AmbiguousStart: a run may have been started, and was not found.
            OrigamiError: the run was not started.
        """
        if self.doubtful and await self._is_there_already():
            return cast("RunObject", self.run)
        for is_last in (False, True):
            error = await self._attempt()
            if error is not None and await self._is_to_be_sent_again(error) and is_last:
                raise self._ambiguous(error) from error
            if self.run is not None:
                break
            if error is not None and self.withdrawn.is_set():
                raise error
        return cast("RunObject", self.run)

    async def fulfil(self) -> Any:
        """Begin, and return what the caller is given; errors as in `begin`."""
        await self.begin()
        return await self.hand_over()

    async def hand_over(self) -> Any:
        """What the caller is given once the run is known."""
        return self._created if self._is_new else self.run

    async def cancel(self) -> None:
        """Ask the server to cancel the run. An agent has one active run at most, and this one began a moment ago."""
        if self.run is not None and (await self._read_when_known(self.run)).status == "running":
            await self._operations.cancel(self.agent_id)

    async def _read_when_known(self, run: RunObject) -> RunObject:
        """The run as it stands now. A new run may not be readable everywhere at once."""
        for wait in LOOKS:
            with contextlib.suppress(RunNotFound):
                return await self._operations.get_run(self.agent_id, run.id)
            await self._sleep(wait)
        return await self._operations.get_run(self.agent_id, run.id)

    def reconcile(self) -> Any:
        """Look again for the run, and hand it over if it is there; None when it is not. Sends GETs only.

        Raises:
            AmbiguousStart: nobody could look, or several runs fit; it can be tried again from there.
        """
        return background().run(self.looked_for())

    async def reconcile_async(self) -> Any:
        """Look again for the run without blocking the event loop; see `reconcile`."""
        return await background().bridge(self.looked_for())

    async def looked_for(self) -> Any:
        """What `reconcile` gives, for the background loop."""
        if self.run is None and self.is_sent:
            await self._is_there_already()
        return None if self.run is None else await self.hand_over()

    async def _attempt(self) -> OrigamiError | None:
        """Send, with those repetitions that the key makes safe; the error when no run is known afterwards."""
        if self._since is None:
            self._since = seconds_passed()
        try:
            if self._is_new:
                created = await self._operations.create_agent(
                    self._prompt,
                    name=self._name,
                    model=self._model,
                    focus_table_ids=self._focus_tables,
                    attachments=self._attachments,
                    idempotency_key=self.key,
                    stop=self.withdrawn,
                )
                self._created = created
                self._take(created.agent.id or created.run.agent_id, created.run)
            else:
                run = await self._operations.create_run(
                    self.agent_id,
                    self._prompt,
                    model=self._model,
                    focus_table_ids=self._focus_tables,
                    attachments=self._attachments,
                    idempotency_key=self.key,
                    stop=self.withdrawn,
                )
                self._take(self.agent_id, run)
        except OrigamiError as error:
            self.doubtful = self.doubtful or error.may_have_started or isinstance(error, IdempotencyConflict)
            error.idempotency_key, error.may_have_started = self.key, self.doubtful
            # Its frames hold it and the run, in a circle: what nobody holds any more would go on being asked about.
            return error.with_traceback(None)
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
        for at, wait in enumerate((*LOOKS, *LOOKS_FOR_UNWANTED)):
            # Looked for longer than that only where somebody would be charged for what nobody wants.
            if at >= len(LOOKS) and not (self.withdrawn.is_set() and unseen is not None):
                break
            await self._sleep(wait)
            try:
                unseen = None
                if await self._look():
                    return False
            except AmbiguousStart:
                raise
            except OrigamiError as problem:
                unseen = problem.with_traceback(None)
        if unseen is not None:
            raise self._ambiguous(error, unseen=True) from unseen
        return True

    async def _is_there_after(self, refusal: OrigamiError) -> bool:
        """Whether the server refuses because an earlier attempt, whose answer was lost, has started the run."""
        try:
            if isinstance(refusal, AgentBusy) and refusal.current_run_id:
                return self._take_only(await self._search().among([refusal.current_run_id]))
            return await self._look()
        except OrigamiError as unseen:
            refusal.add_note(f"An earlier attempt may have started the run, and it could not be looked for: {unseen}")
            unseen.__traceback__ = None
            return False

    async def _is_there_already(self) -> bool:
        """Whether an attempt that was made before has started the run: the server may have forgotten its key."""
        try:
            return await self._look()
        except AmbiguousStart:
            raise
        except OrigamiError as unseen:
            raise self._ambiguous(unseen, unseen=True) from unseen.with_traceback(None)

    async def _look(self) -> bool:
        return self._take_only(await self._search().find())

    def _search(self) -> LostStart:
        return LostStart(
            self._operations,
            self._prompt,
            self.key,
            agent_id="" if self._is_new else self.agent_id,
            name=self._name,
            known=self._known,
            since=self._since or 0.0,
        )

    def _take_only(self, found: list[Found]) -> bool:
        if len(found) > 1:
            raise self._ambiguous(None, [(each.agent_id, each.run.id) for each in found])
        for agent_id, run, agent in found:
            if agent is not None:
                self._created = CreatedAgent.from_raw({"agent": agent.raw, "run": run.raw})
            self._take(agent_id, run)
        return bool(found)

    def _take(self, agent_id: str, run: RunObject) -> None:
        self.agent_id, self.run, self.doubtful = agent_id, run, False
        take(self._operations, run.id, self.key)

    def _ambiguous(
        self, last: OrigamiError | None, found: Sequence[tuple[str, str]] = (), *, unseen: bool = False
    ) -> AmbiguousStart:
        error = ambiguous(last, agent_id="" if self._is_new else self.agent_id, found=found, unseen=unseen)
        error.idempotency_key, error.may_have_started, error.intent = self.key, True, self
        return error


def _is_unclear(error: OrigamiError) -> bool:
    return isinstance(error, UNCLEAR) or (isinstance(error, RateLimited) and not isinstance(error, RunPoolFull))
