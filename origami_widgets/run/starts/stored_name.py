"""`StoredName`: the name of a start job (`once=`) in the start store, from the claim before its request to its run."""

from __future__ import annotations

import contextlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from origami_widgets.api.errors import IdempotencyConflict, NotFound, OrigamiError, ProjectNotFound
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.starts.store import (
    NameTaken,
    RegistryUnusable,
    StartUnclear,
    entry_of,
    next_step,
    run_gone,
    spoken,
)
from origami_widgets.run.state import Attached

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.record import StartSpec
    from origami_widgets.run.starts.store import Step, StoredStart

SANDBOX = "sandbox"


class StoredName:
    """Name of one start job in the start store.

    Args:
        operations: the API.
        name: the name, which may add to `once=` the brief of a batch or the follow-up.

    Attributes:
        unrecorded: why the run could not be stored under the name; None if it could.
    """

    def __init__(self, operations: Operations, name: str) -> None:
        self.unrecorded: RegistryUnusable | None = None
        self._operations = operations
        self._name = name
        self._claim: StoredStart | None = None

    async def read(self) -> StoredStart | None:
        """Return what the name stands for; None for nothing. For a known run this is all, so the folder may be read-only.

        Raises:
            OrigamiError: it cannot be read.
        """
        return await (await entry_of(self._operations, self._name)).read()

    def next_step(self, stored: StoredStart, spec: StartSpec) -> Step:
        """Return what a start of this spec has to do now; see `store.next_step`."""
        return next_step(stored, spec, datetime.now(UTC))

    async def watch_of(self, stored: StoredStart | None, spec: StartSpec) -> RunWatch | None:
        """Attach to the run that is stored under the name, and return its watch; None if no run is.

        Raises:
            NameTaken: the name stands for something else.
            RunNotFound: the run no longer exists on the server.
        """
        if stored is None or self.next_step(stored, spec) != "attach":
            return None
        watch = await poller().watch(self._operations, stored.agent_id, stored.run_id, started=None)
        is_sandbox = self._operations.origin == SANDBOX
        try:
            if watch.state.run is None or watch.state.connection.state == "stopped":
                await poller().first_check(watch)
        except NotFound as error:
            if isinstance(error, ProjectNotFound):
                raise
            if is_sandbox:
                # A restarted sandbox has forgotten its runs, and a new run costs nothing.
                return None
            raise run_gone(stored, error, datetime.now(UTC)) from error
        run = watch.state.run
        if is_sandbox and run is not None and run.request.prompt not in ("", spec.prompt):
            # A restarted sandbox gives the same ids to other runs.
            return None
        watch.update(Attached(stored.began.timestamp()))
        return watch

    @contextlib.asynccontextmanager
    async def claimed(self, spec: StartSpec, *, fresh: bool) -> AsyncIterator[tuple[StoredStart, bool]]:
        """Hold the name, so that no other start takes it. Yield what it stands for, and whether that is a new claim.

        A new claim is written before the first attempt (`note_attempt`). If the block raises and has started nothing under
        it, the name stands for what it stood for before.

        Args:
            spec: what is to be started.
            fresh: claim the name in any case.

        Raises:
            RegistryUnusable: the name cannot be held, read or written.
        """
        entry = await entry_of(self._operations, self._name)
        async with entry.held():
            try:
                before = await entry.read()
            except RegistryUnusable:
                if not fresh:
                    raise
                # The old content does not matter.
                before = None
            stored = None if fresh else before
            if is_new := stored is None:
                stored = entry.new(spec, str(uuid.uuid4()), datetime.now(UTC))
            self._claim = stored
            try:
                yield stored, is_new
            except (NameTaken, StartUnclear):
                raise
            except OrigamiError as error:
                if is_new and not error.may_have_started and not isinstance(error, IdempotencyConflict):
                    if self._claim is not stored:
                        with contextlib.suppress(RegistryUnusable):
                            await entry.write(before)
                elif not stored.run_id:
                    # A refusal now does not prove that the same request, sent before, has started no run.
                    error.add_note(
                        f"once={stored.name!r} still refers to the request of {spoken(stored.claimed_at)}. Run the cell "
                        "again to look for its run; this won't start a second one. If you're sure there is no run: "
                        "fresh=True."
                    )
                raise

    async def note_attempt(self, bases: Mapping[str, int]) -> None:
        """Write the claim, with the present moment, before an attempt: what reads it later knows when the last one was made.

        Args:
            bases: the credits that tables had used before, by table id.

        Raises:
            RegistryUnusable: it cannot be written, so nothing may be sent.
        """
        if self._claim is not None:
            self._claim = replace(self._claim, attempted_at=datetime.now(UTC), bases=dict(bases))
            await (await entry_of(self._operations, self._name)).write(self._claim)

    async def store(self, agent_id: str, run: RunObject) -> None:
        """Store a run that was started under the claim, unless the name belongs to a newer start by now."""
        if (claim := self._claim) is None:
            return
        started_at = run.started_at or claim.claimed_at
        try:
            entry = await entry_of(self._operations, self._name)
            current = await entry.read()
            if current is None or current.idempotency_key == claim.idempotency_key:
                await entry.write(replace(claim, agent_id=agent_id, run_id=run.id, started_at=started_at))
        except RegistryUnusable as error:
            # The run is paid for, so the caller gets it. The entry still finds it while the server remembers the key.
            self.unrecorded = error.with_traceback(None)
