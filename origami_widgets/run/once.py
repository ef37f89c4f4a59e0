"""`start(..., once="a-name")`: the first call starts a run, later ones attach to it instead of paying again.

A name is valid for one base URL, one project and one organization. The organization is asked for (`GET /account`, once
per client): nothing that is made from the key is written down. Where the server names none, keys of two organizations
share their names, and the second one is told that the run is not there; it never pays in silence.

What code sends after such a run, answers and follow-ups, is kept by the same name: a notebook that is run again pays
for none of it.
"""

from __future__ import annotations

import contextlib
import uuid
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from origami_widgets.api import validate
from origami_widgets.api.ambiguous_start import AmbiguousStart
from origami_widgets.api.either_way import Awaiting
from origami_widgets.api.errors import IdempotencyConflict, NotFound, OrigamiError, ProjectNotFound, RunNotFound
from origami_widgets.api.starts.submit import new_record, recovered_record
from origami_widgets.run.claims import Brief, Claim, Scope, follow_up_name, new_claim, next_step, spoken, valid_once
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.registry import RegistryUnusable, Slot, held_by_task, in_a_thread, slot_for
from origami_widgets.run.state import Attached

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Sequence

    from origami_widgets.api.either_way import Way
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.record import StartRecord
    from origami_widgets.run.polling.run_watch import RunWatch

T = TypeVar("T")

SANDBOX = "sandbox"
JUST_STARTED = 30.0
"""Seconds after its start in which a server may not know a run yet."""


class StartUnclear(AmbiguousStart):
    """A run may have been started under this name; starting it again might pay twice. Nothing was sent."""


@dataclass(frozen=True)
class Sender:
    """How a run is started.

    Attributes:
        way: how the caller waits.
        send: starts it, and returns when it is known; where its record says that an attempt was made before, the run is
            looked for first.
        find: looks for the run of such an attempt, and sends nothing that could start one.
        attached: told of a run that was found under its name. Background loop only.
        unrecorded: told why a run that was started, and is handed over, could not be written down; None warns.
        spares_the_loop: the event loop watches runs meanwhile, so that waiting for the disk is left to a thread.
    """

    way: Way
    send: Callable[[StartRecord], Awaitable[RunWatch]]
    find: Callable[[StartRecord], Awaitable[RunWatch | None]]
    attached: Callable[[RunWatch], Awaitable[object]]
    unrecorded: Callable[[RegistryUnusable], object] | None = None
    spares_the_loop: bool = False

    async def from_disk(self, act: Callable[[], T]) -> T:
        """What reading or writing the registry gives."""
        return await in_a_thread(act) if self.spares_the_loop else act()


def once_brief(prompt: str, name: str | None, model: str | None, focus_tables: Sequence[str]) -> Brief:
    """What the fingerprint is made of, checked, so that nothing is claimed for a request that cannot be sent.

    Raises:
        InvalidInput: one of them is not valid.
    """
    tables = tuple(validate.table_ids(focus_tables))
    return Brief(validate.prompt(prompt), validate.agent_name(name), validate.model(model), tables)


async def start_once(operations: Operations, once: str, brief: Brief, sender: Sender, *, fresh: bool) -> RunWatch:
    """The watch of the run of this name: of the one that exists, else of a new one. Waits in the way of the sender.

    Args:
        operations: the API.
        once: the name.
        brief: what is asked for.
        sender: how it is started.
        fresh: start a run in any case, and let the name stand for it from now on.

    Raises:
        NameTaken: the name stands for something else.
        StartUnclear: a run may exist that cannot be found.
        RunNotFound: the run is gone at the server.
        RegistryUnusable: the registry cannot be read or written.
        OrigamiError: the run was not started, or could not be read.
    """
    return await of_name(operations, valid_once(once), brief, sender, fresh=fresh)


async def continue_once(
    operations: Operations, once: str, after: str, brief: Brief, sender: Sender, *, fresh: bool
) -> RunWatch:
    """The watch of the run that continues one which was started under a name; arguments and errors as `start_once`.

    Args:
        operations: the API.
        once: the name of the run that the conversation began with.
        after: the id of the run that is continued.
        brief: what is asked for.
        sender: how it is started.
        fresh: start a run in any case.
    """
    return await of_name(operations, follow_up_name(once, after, brief), brief, sender, fresh=fresh)


async def known_of_name(
    operations: Operations, name: str, brief: Brief, sender: Sender
) -> tuple[RunWatch | None, Claim | None]:
    """The watch of the run that is known under a name as the registry has it, None when there is none. Starts nothing.

    Args:
        operations: the API.
        name: the name.
        brief: what is asked for.
        sender: told of what is found.

    Returns:
        The watch, and what was claimed for a run that may have been started under the name and is not known.

    Raises:
        OrigamiError: as `start_once`.
    """
    slot = slot_for(operations.embedded, await sender.way.ask(_scope(operations)), name)
    claim = await sender.from_disk(slot.read)
    found = await _known(operations, claim, brief, sender)
    return found, claim if found is None and claim is not None and not claim.run_id else None


async def of_name(operations: Operations, name: str, brief: Brief, sender: Sender, *, fresh: bool) -> RunWatch:
    """The watch of the run of a name as the registry has it; arguments and errors as `start_once`."""
    scope = await sender.way.ask(_scope(operations))
    slot = slot_for(operations.embedded, scope, name)
    if not fresh:
        # Without the lock: a run that is known needs no writing, hence no folder that can be written to.
        found = await _known(operations, await sender.from_disk(slot.read), brief, sender)
        if found is not None:
            return found
    wanted = _Wanted(operations, slot, brief, lambda: new_claim(scope, name, brief, str(uuid.uuid4()), _now()))
    if isinstance(sender.way, Awaiting):
        async with held_by_task(slot):
            return await _while_held(wanted, sender, fresh=fresh)
    with slot.held():
        return await _while_held(wanted, sender, fresh=fresh)


@dataclass(frozen=True)
class _Wanted:
    operations: Operations
    slot: Slot
    brief: Brief
    claim: Callable[[], Claim]


async def _while_held(wanted: _Wanted, sender: Sender, *, fresh: bool) -> RunWatch:
    slot, brief = wanted.slot, wanted.brief
    before = await sender.from_disk(lambda: _before(slot, fresh=fresh))
    if not fresh:
        found = await _known(wanted.operations, before, brief, sender)
        if found is not None:
            return found
        step = next_step(before, brief, _now())
        if before is not None and step == "look":
            return await _look(slot, before, sender)
        if before is not None and step == "send_again":
            return await _send_again(slot, before, sender)
    claim = wanted.claim()
    await sender.from_disk(lambda: slot.write(claim))
    return await _send(slot, claim, before, sender)


async def _scope(operations: Operations) -> Scope:
    base_url, project = operations.place
    if operations.embedded is not None:
        return Scope(base_url, project, "")
    known = _organizations.get(operations.identity)
    if known is None:
        known = _organizations[operations.identity] = (await operations.get_account()).organization.id
    return Scope(base_url, project, known)


_organizations: dict[Hashable, str] = {}


def _before(slot: Slot, *, fresh: bool) -> Claim | None:
    try:
        return slot.read()
    except RegistryUnusable:
        # Whoever starts anew in any case needs nothing of what stood there.
        if fresh:
            return None
        raise


async def _known(operations: Operations, claim: Claim | None, brief: Brief, sender: Sender) -> RunWatch | None:
    """The watch of the run that is known under the name, None when there is none."""
    if claim is None or next_step(claim, brief, _now()) != "attach":
        return None
    try:
        return await sender.way.ask(_watch_again(operations, claim, brief, sender))
    except NotFound as error:
        if isinstance(error, ProjectNotFound):
            raise
        if operations.origin == SANDBOX:
            # A sandbox that was started again has forgotten its runs, and a new one costs nothing.
            return None
        raise _gone(claim, error) from error


async def _watch_again(operations: Operations, claim: Claim, brief: Brief, sender: Sender) -> RunWatch | None:
    watch = await poller().watch(operations, claim.agent_id, claim.run_id, started=None)
    if watch.state.run is None or watch.state.connection.state == "stopped":
        await poller().first_check(watch)
    run = watch.state.run
    if operations.origin == SANDBOX and run is not None and run.request.prompt not in ("", brief.prompt):
        # A sandbox that was started again gives the same ids again, to other runs.
        return None
    watch.update(Attached(claim.began.timestamp()))
    await sender.attached(watch)
    return watch


async def _send(slot: Slot, claim: Claim, before: Claim | None, sender: Sender) -> RunWatch:
    try:
        watch = await sender.send(new_record(claim.idempotency_key))
    except OrigamiError as error:
        if not error.may_have_started and not isinstance(error, IdempotencyConflict):
            # Nothing was started, so the name stands for what it stood for before.
            with contextlib.suppress(RegistryUnusable):
                await sender.from_disk(lambda: slot.write(before))
        else:
            _say_what_the_name_stands_for(claim, error)
        raise
    await _record(slot, claim, watch, sender)
    return watch


async def _send_again(slot: Slot, claim: Claim, sender: Sender) -> RunWatch:
    """Find what the request has started whose answer never arrived, or ask for it with the same key."""
    try:
        watch = await sender.send(record_of(claim))
    except OrigamiError as error:
        # A refusal may be that of the first request, or a new one: it does not prove that no run was started.
        _say_what_the_name_stands_for(claim, error)
        raise
    await _record(slot, claim, watch, sender)
    return watch


async def _look(slot: Slot, claim: Claim, sender: Sender) -> RunWatch:
    watch = await sender.find(record_of(claim))
    if watch is None:
        raise _unclear(claim)
    await _record(slot, claim, watch, sender)
    return watch


def record_of(claim: Claim) -> StartRecord:
    """The record of a claim whose run is not known: its request may have been sent."""
    return recovered_record(claim.idempotency_key, claim.claimed_at.timestamp())


def _say_what_the_name_stands_for(claim: Claim, error: OrigamiError) -> None:
    error.add_note(
        f"once={claim.name!r} goes on to stand for the request of {spoken(claim.claimed_at)}: run the cell again to look "
        "for its run, which starts no second one. When you know that there is no such run: fresh=True."
    )


async def _record(slot: Slot, claim: Claim, watch: RunWatch, sender: Sender) -> None:
    run = watch.state.run
    started = (run.started_at if run is not None else None) or claim.claimed_at
    try:
        known = replace(claim, agent_id=watch.state.agent_id, run_id=watch.state.run_id, started_at=started)
        await sender.from_disk(lambda: slot.write(known))
    except RegistryUnusable as error:
        # The run was paid for: it is handed over. What was claimed still finds it, while the server keeps the answer.
        if sender.unrecorded is not None:
            sender.unrecorded(error.with_traceback(None))
        else:
            warnings.warn(f"The run was started, but not written down. {error.cause}", RuntimeWarning, stacklevel=4)


def _unclear(claim: Claim) -> StartUnclear:
    return StartUnclear(
        f"Whether {claim.name!r} was started is not known",
        cause=f"The answer to the request of {spoken(claim.claimed_at)} never arrived. No run with this brief is found "
        "now, and the server has forgotten the request: sent again, it might start a second run. Nothing was sent.",
        remedy="Look for its agent in Origami, or with list_agents(). If it is there: ow.attach('AGENT_ID'). If it is "
        "not, start anew with fresh=True, or under another name.",
        code="START_UNCLEAR",
    )


def _gone(claim: Claim, error: NotFound) -> RunNotFound:
    young = (_now() - claim.began).total_seconds() < JUST_STARTED
    if young:
        remedy = "It was started a moment ago, and the server may not know it yet: run this cell again."
    else:
        remedy = "Start anew under the same name with fresh=True, which pays for a further run, or take another name."
    return RunNotFound(
        f"The run of {claim.name!r} is gone",
        cause=f"It was started at {spoken(claim.began)} ({claim.agent_id}/{claim.run_id}), and the server does not know "
        "it for this key and project. Nothing was started.",
        remedy=remedy,
        code=error.code,
        status_code=error.status_code,
        request_id=error.request_id,
    )


def _now() -> datetime:
    return datetime.now(UTC)
