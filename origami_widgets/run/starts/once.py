"""`NamedJob`: a start under a name (`once=`). The first one starts a run, later ones attach to it instead of paying again.

A name is valid for one base URL, one project and one organization. The organization is asked for (`GET /account`, once
per client): nothing that is made from the key is written down. Where the server names none, keys of two organizations
share their names, and the second one is told that the run is not there; it never pays in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from origami_widgets.api.errors import (
    AmbiguousStart,
    IdempotencyConflict,
    NotFound,
    OrigamiError,
    ProjectNotFound,
    RunNotFound,
)
from origami_widgets.api.loop import kept_task
from origami_widgets.api.starts.submit import new_record, recovered_record
from origami_widgets.run.agent_runs import with_later_runs
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.starts.job import WatchedJob
from origami_widgets.run.starts.store import RegistryUnusable, Scope, StoredStart, next_step, spoken, store_entry
from origami_widgets.run.state import Attached

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.spec import StartSpec
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.follow_up import FollowUp
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.store import StoreEntry

SANDBOX = "sandbox"
JUST_STARTED = 30.0
"""Seconds after its start in which a server may not know a run yet."""


class StartUnclear(AmbiguousStart):
    """A run may have been started under this name; starting it again might pay twice. Nothing was sent."""


class NamedJob(WatchedJob):
    """A start job with a name in a start store.

    Args:
        operations: the API.
        spec: what is asked for.
        make_run: see `WatchedJob`, as `follow_up` and `queues`.
        name: its name in the store, which may say more than that of `once=`: which brief of a batch, which follow-up.
        fresh: start a run in any case, and let the name stand for it from now on.
        once: the name of `once=` that its conversation gets.

    Attributes:
        unrecorded: why its run could not be written down; None where it could.
    """

    def __init__(
        self,
        operations: Operations,
        spec: StartSpec,
        make_run: Callable[[RunWatch, Conversation], Any],
        *,
        name: str,
        fresh: bool,
        once: str,
        follow_up: FollowUp | None = None,
        queues: bool = True,
    ) -> None:
        super().__init__(operations, spec, make_run, follow_up=follow_up, queues=queues)
        self.unrecorded: RegistryUnusable | None = None
        self._once = once
        self._name = name
        self._fresh = fresh
        self._entry: StoreEntry | None = None
        self._stored: StoredStart | None = None

    async def find_known(self) -> bool:
        """Take the run that is known under the name; whether there is one. Starts nothing.

        The record of one that may be there and is not known is taken as well.

        Raises:
            OrigamiError: what is known cannot be read, or the run is gone.
        """
        if self._fresh:
            return False
        stored = await (await self._place()).read()
        if await self._attach(stored):
            return True
        if stored is not None and not stored.run_id:
            self._recover(stored)
        return False

    async def hand_over(self) -> Any:
        """The handle on the run, which is written down first; None where there is no run."""
        if self._entry is not None and self._stored is not None and self.run is not None and self.watch is None:
            started = self.run.started_at or self._stored.claimed_at
            known = replace(self._stored, agent_id=self.agent_id, run_id=self.run.id, started_at=started)
            try:
                if _under_way.get(self._entry.key) is self or await self._is_of_name(self._entry, self._stored):
                    await self._entry.write(known)
            except RegistryUnusable as error:
                # The run was paid for: it is handed over. The entry still finds it, while the server keeps the answer.
                self.unrecorded = error.with_traceback(None)
        return await super().hand_over()

    async def begin(self) -> None:
        """Start the run, or attach to the one that is known.

        Raises:
            NameTaken: the name stands for something else.
            StartUnclear: a run may exist that cannot be found.
            RunNotFound: the run is gone at the server.
            RegistryUnusable: the store cannot be read or written.
            OrigamiError: the run was not started, or could not be read.
        """
        entry = self._entry = await self._place()
        # What this job may have started a moment ago is looked for, also where a new one is wanted.
        fresh = self._fresh and not self.record.may_have_started
        while True:
            # Without the lock: a run that is known needs no writing, hence no folder that can be written to.
            if not fresh and await self._attach(await entry.read()):
                return
            other = _under_way.get(entry.key)
            if other is None or not other.is_going:
                break
            await self._wait_for(other)
        _under_way[entry.key] = self
        try:
            async with entry.held():
                await self._start_alone(entry, fresh=fresh)
        finally:
            del _under_way[entry.key]

    async def _wait_for(self, other: NamedJob) -> None:
        """Wait for another start under the same name, as one of its owners."""
        other.owners.add(self)
        try:
            await other.over()
        except asyncio.CancelledError:
            # A task of the caller that is cancelled leaves the run alone; an interrupt withdraws it.
            if self.slot.is_wanted:
                other.abandon(self)
            else:
                kept_task(other.withdraw(self), "origami-widgets withdraw")
            raise
        other.owners.discard(self)

    async def _start_alone(self, entry: StoreEntry, *, fresh: bool) -> None:
        """Start the run while no other job does so under this name."""
        try:
            before = await entry.read()
        except RegistryUnusable:
            # A new start in any case needs nothing of what stood there.
            if not fresh:
                raise
            before = None
        stored = None if fresh else before
        if await self._attach(stored):
            return
        if stored is None:
            key = str(uuid.uuid4())
            stored = StoredStart(
                name=self._name,
                **self._scope._asdict(),
                fingerprint=self.spec.fingerprint(key),
                idempotency_key=key,
                claimed_at=_now(),
            )
            await entry.write(stored)
            self.slot.record = new_record(key)
            is_new = True
        else:
            self._recover(stored)
            is_new = False
        self._stored = stored
        if next_step(stored, self.spec, _now()) == "reconcile":
            if await self.look() is None:
                raise _unclear(stored)
            return
        try:
            await super().begin()
        except OrigamiError as error:
            if is_new and not error.may_have_started and not isinstance(error, IdempotencyConflict):
                # Nothing was started, so the name stands for what it stood for before.
                with contextlib.suppress(RegistryUnusable):
                    await entry.write(before)
            else:
                # The refusal of a request that was sent before does not prove that it has started no run.
                error.add_note(
                    f"once={stored.name!r} goes on to stand for the request of {spoken(stored.claimed_at)}: run the cell "
                    "again to look for its run, which starts no second one. When you know that there is no such run: "
                    "fresh=True."
                )
            raise

    async def _place(self) -> StoreEntry:
        base_url, project = self._operations.destination
        organization = ""
        if self._operations.embedded is None:
            client = self._operations.identity
            if client not in _organizations:
                _organizations[client] = (await self._operations.get_account()).organization.id
            organization = _organizations[client]
        self._scope = Scope(base_url, project, organization)
        return store_entry(self._operations.embedded, self._scope, self._name)

    async def _is_of_name(self, entry: StoreEntry, stored: StoredStart) -> bool:
        """Whether the name still stands for this start; it may stand for a newer one when the run is found late."""
        current = await entry.read()
        return current is None or current.idempotency_key == stored.idempotency_key

    async def _attach(self, stored: StoredStart | None) -> bool:
        """Take the run that is known under the name; whether there is one."""
        if stored is None or next_step(stored, self.spec, _now()) != "attach":
            return False
        watch = await poller().watch(self._operations, stored.agent_id, stored.run_id, started=None)
        try:
            if watch.state.run is None or watch.state.connection.state == "stopped":
                await poller().first_check(watch)
        except NotFound as error:
            if isinstance(error, ProjectNotFound):
                raise
            if self._operations.origin == SANDBOX:
                # A sandbox that was started again has forgotten its runs, and a new one costs nothing.
                return False
            raise _gone(stored, error) from error
        run = watch.state.run
        is_another = run is not None and run.request.prompt not in ("", self.spec.prompt)
        if is_another and self._operations.origin == SANDBOX:
            # A sandbox that was started again gives the same ids again, to other runs.
            return False
        watch.update(Attached(stored.began.timestamp()))
        # An agent has one active run at most: nothing has continued one that is active.
        is_over = watch.state.done and self._follow_up is None
        self._take_watch(watch, await with_later_runs(self._operations, watch) if is_over else conversation_of(watch))
        return True

    def _recover(self, stored: StoredStart) -> None:
        """Take over the record of a request that may have been sent."""
        self.slot.record = recovered_record(stored.idempotency_key, stored.claimed_at.timestamp())
        if self._follow_up is not None:
            self.spec = self._follow_up.spec(may_be_sent=True)


_organizations: dict[Hashable, str] = {}
"""The organization of each client, once it was asked for."""
_under_way: dict[object, NamedJob] = {}
"""The job that starts a run under a name at this moment, by the key of its entry."""
if hasattr(os, "register_at_fork"):
    # The parent's jobs never end in the child. The parent holds the name's lock until they do.
    os.register_at_fork(after_in_child=_under_way.clear)


def _unclear(stored: StoredStart) -> StartUnclear:
    return StartUnclear(
        f"Whether {stored.name!r} was started is not known",
        cause=f"The answer to the request of {spoken(stored.claimed_at)} never arrived. No run with this brief is found "
        "now, and the server has forgotten the request: sent again, it might start a second run. Nothing was sent.",
        remedy="Look for its agent in Origami, or with list_agents(). If it is there: ow.attach('AGENT_ID'). If it is "
        "not, start anew with fresh=True, or under another name.",
        code="START_UNCLEAR",
    )


def _gone(stored: StoredStart, error: NotFound) -> RunNotFound:
    young = (_now() - stored.began).total_seconds() < JUST_STARTED
    if young:
        remedy = "It was started a moment ago, and the server may not know it yet: run this cell again."
    else:
        remedy = "Start anew under the same name with fresh=True, which pays for a further run, or take another name."
    return RunNotFound(
        f"The run of {stored.name!r} is gone",
        cause=f"It was started at {spoken(stored.began)} ({stored.agent_id}/{stored.run_id}), and the server does not know "
        "it for this key and project. Nothing was started.",
        remedy=remedy,
        code=error.code,
        status_code=error.status_code,
        request_id=error.request_id,
    )


def _now() -> datetime:
    return datetime.now(UTC)
