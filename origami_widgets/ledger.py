"""`new_leads`: the same search every week, with only what is new, and its ledger. At the top, as it connects frames with runs.

A period is opened, its turn is started or found, its leads are written to the ledger, and it is over. Each step is written
down, so that the next call continues after the last step of a process that has ended.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import os
import re
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from origami_widgets.api import validate
from origami_widgets.api.background.sync_bridge import Either, OnLoop, bridged, warn_user
from origami_widgets.api.errors import AmbiguousStart, InvalidInput, NotFound, OrigamiError
from origami_widgets.host.runtime import monotonic
from origami_widgets.run.conversation import make_token
from origami_widgets.run.follow_up import ContinuedElsewhere, FollowUp
from origami_widgets.run.handle import Run, started
from origami_widgets.run.settings import client_or_default, configuration
from origami_widgets.run.start import attach, until_filled
from origami_widgets.run.starts.call import StartCall
from origami_widgets.run.starts.credit_limit import CreditLimit
from origami_widgets.run.starts.job import StartJob
from origami_widgets.run.starts.record import Moment, StartRecord, StartSpec, Stored
from origami_widgets.run.starts.store import RegistryUnusable, Scope, StoreEntry, replace_file, scope_of

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.operations import Operations
    from origami_widgets.frames.leads.ledger_rows import LedgerRow
    from origami_widgets.run.conversation import Conversation

__all__ = ["AnswerNeeded", "LedgerUnusable", "new_leads"]

FIND_MORE = "Find more leads for this brief: only ones that aren't in your tables yet. Add them to the same tables.\n\n"
EARLY = timedelta(hours=12)
"""How much earlier than `every` says a period may begin: a weekly job does not start at the same minute."""
INTERRUPTED = "Interrupted: Origami was asked to cancel the run. The same call hands over what it found."
_EVERY = re.compile(r"(?:([1-9]\d{0,2}) )?(day|week)s?")


class LedgerUnusable(RegistryUnusable):
    """The ledger or its state is damaged, lost, of another account, or was changed by something else."""


class AnswerNeeded(OrigamiError):
    """The agent asks before it goes on. Answer it, then make the same call again.

    Attributes:
        run: the run, whose `questions` are to be answered.
    """

    run: Run


@bridged
async def new_leads(
    brief: str,
    *,
    ledger: str | os.PathLike[str],
    every: str = "week",
    leave_out: object = None,
    credit_limit: float | None = None,
    client: AnyClient | None = None,
    show: bool = True,
) -> pd.DataFrame:
    """Repeat a search, and get only the new leads: those that the ledger doesn't have yet. Spends credits.

    The first period starts an agent. In later periods, the same agent finds more. The ledger is a CSV file with a row for
    each lead and the number of the period in which you got it. In the same period, the same call returns the same leads
    again, free of charge; later periods never return them. The ledger's state (`bakeries.state.json`) lies beside it, and
    records the starts. **Keep both files together**, also after a failure.

    A new period begins when `every`, less 12 hours, has passed since the last one began, by the server's clock. Missed
    periods count as one. If a process ends before it returns the leads of a period, the next call returns them first,
    free of charge, and the period counts from then on.

    Companies are compared by domain, people by e-mail address, or else by name and company. Leads with neither are
    compared by their id, and counted. An interrupt cancels the run and stops its cells; the same call then returns what was
    found.

    Args:
        brief: the brief, 1 to 9,850 characters.
        ledger: the path of the ledger, which ends in `.csv`. Use one for each brief.
        every: `"week"`, `"day"`, or a number of them: `"2 weeks"`, `"10 days"`.
        leave_out: customers, opt-outs and earlier leads, as in `leads_frame`. They are not in the ledger either.
        credit_limit: the credits that each period may use, as in `start`; None for no limit.
        client: the client; None for the configured one.
        show: show the run's card in a notebook.

    Returns:
        The new leads, as `leads_frame` returns them. `attrs["origami"]` has the `period`, the `run`, how it `ended` if it
        did not complete, and how many leads were `known`, `left_out_of_new` by your list, and `without_key`.

    Raises:
        InvalidInput: an argument is not valid, or the ledger is of another brief; nothing was sent.
        LedgerUnusable: the ledger or its state is damaged, lost, of another account, or was changed; nothing was sent.
        AnswerNeeded: the agent asks. `run` is its run.
        ContinuedElsewhere: the agent has a newer turn, for example from a copy of the ledger; nothing was sent.
        OrigamiError: as in `start`, `Run.wait` and `leads_frame`. The same call goes on.

    Example:
        >>> import tempfile, origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ledger = f"{folder}/bakeries.csv"
        ...     first = ow.new_leads("List bakeries in Porto", ledger=ledger, client=client, show=False)
        ...     again = ow.new_leads("List bakeries in Porto", ledger=ledger, client=client, show=False)
        >>> len(first) > 0, again["row_id"].equals(first["row_id"]), again.attrs["origami"]["period"]
        (True, True, 1)
    """
    return await hand_over(
        brief, ledger=ledger, every=every, leave_out=leave_out, credit_limit=credit_limit, client=client, show=show
    )


async def hand_over(
    brief: str,
    *,
    ledger: str | os.PathLike[str],
    every: str,
    leave_out: object,
    credit_limit: float | None,
    client: AnyClient | None,
    show: bool = False,
    write: Callable[[pd.DataFrame], object] | None = None,
) -> pd.DataFrame:
    """Do what `new_leads` does, for the sync bridge.

    Args:
        brief: as in `new_leads`, also for the next six.
        ledger: the path of the ledger.
        every: the length of a period.
        leave_out: what is left out.
        credit_limit: the credits of each period.
        client: the client.
        show: whether to show the card.
        write: writes the leads, before the ledger says that they were handed over; None for nothing to write.
    """
    length, path = _length(every), _ledger_path(ledger)
    limit = validate.credit_limit(credit_limit)
    validate.flag("show", show)
    # A brief that is too long for the second period is too long for the first.
    spec, _ = StartSpec(brief), StartSpec(FIND_MORE + brief)
    from origami_widgets.frames.lead_frames import leads_reading, read_left_out
    from origami_widgets.frames.leads import ledger_rows

    # The ledger leaves out what other periods have, and those of this one come again.
    lists = leave_out if isinstance(leave_out, list | tuple) else [leave_out]
    others = [each for each in lists if not _is_file(each, path)]
    left_out = await read_left_out(leave_out if len(others) == len(lists) else others, client)
    operations = client_or_default(client).operations
    # One free request tells the server's clock.
    await OnLoop(operations.get_account())
    files = Ledger(path, operations, await OnLoop(scope_of(operations)), length)
    opened = await files.open(spec)
    run, is_over = None, opened.handed_over == opened.period
    try:
        if opened.turn:
            token, is_shown = make_token(opened.agent_id, opened.turn), show and is_over
            found = functools.partial(attach, token, client=client, show=is_shown)
            run = await Either(found, functools.partial(attach.aio, token, client=client, show=is_shown))
        if run is None or not is_over:
            conversation = None if run is None else run.conversation
            make = functools.partial(_job, operations, spec, conversation, PeriodEntry(files, opened), limit)
            run = await started(StartCall(), make, credit_limit=limit, show=show)
    except (AmbiguousStart, ContinuedElsewhere, NotFound) as error:
        error.add_note(files.ways_out)
        raise
    await until_filled(run, INTERRUPTED)
    if run.questions and not is_over:
        raise _answer_needed(run)
    leads = await leads_reading(run, client).steps(None)
    async with files.locked():
        state, rows = files.both()
        # Another kernel may have been faster.
        is_over = state.handed_over >= opened.period
        made = ledger_rows.hand_over(leads, rows, opened.period, files.now, is_over=is_over, left_out=left_out)
        ended = "" if run.status == "completed" and run.error is None else f"The run ended as {run.status!r}."
        ended += "" if run.error is None else f" {run.error.title}. {run.error.cause}"
        about = {"frame": "new_leads", "run": run.token, "ended": ended, **made.counts}
        made.leads.attrs["origami"] = made.leads.attrs["origami"] | about
        if write is not None:
            write(made.leads)
        if not is_over:
            files.hand_over(state, rows, made.added, run)
    if ended:
        warn_user(f"{ended} What it found was handed over.")
    return made.leads


def _job(
    operations: Operations, spec: StartSpec, conversation: Conversation | None, entry: PeriodEntry, limit: float | None
) -> StartJob:
    """Return the job of a period's turn: a new agent, or a follow-up of the same one. Background loop only."""
    follow_up, new_limit = None, None
    if conversation is not None:
        prompt = FIND_MORE + spec.prompt
        follow_up = FollowUp(conversation, conversation.current, prompt, "follow_up", given=(spec.prompt,))
        known: CreditLimit | None = conversation.credit_limit
        if limit is not None or known is not None:
            # Each period may use as much, and the limit of a conversation counts from its beginning.
            known = known or CreditLimit(math.inf)
            known.count(conversation)
            new_limit = known.used + (math.inf if limit is None else limit)
        spec = follow_up.spec()
    job = StartJob(
        operations,
        spec,
        make_run=Run,
        name=entry.name,
        follow_up=follow_up,
        queues=configuration().queue,
        new_limit=new_limit,
        entry=entry,
    )
    if follow_up is None:
        job.limit(None if limit is None else CreditLimit(limit))
    return job


def _answer_needed(run: Run) -> AnswerNeeded:
    asked = " ".join(question.question for question in run.questions)
    error = AnswerNeeded(
        "The agent asks before it goes on",
        cause=f"{asked} Nothing was handed over.",
        remedy=f'Answer in Origami, on the card of ow.attach("{run.token}"), or with its answer("…"). Then make the same call '
        "again.",
        code="NEEDS_ANSWER",
    )
    error.run = run
    return error


def _ledger_path(ledger: object) -> Path:
    path = validate.file_path(ledger)
    if path is not None and path.suffix.lower() == ".csv" and not path.is_dir() and path.parent.is_dir():
        return path.resolve()
    raise InvalidInput(
        "ledger= needs the path of a CSV file",
        cause=f"Got {validate.shortened(str(ledger))}.",
        remedy='Name a file in a folder that exists: ledger="bakeries.csv". It is made if it is not there.',
    )


def _is_file(given: object, file: Path) -> bool:
    path = validate.file_path(given)
    return path is not None and path.name == file.name and path.resolve() == file


def _length(every: object) -> timedelta:
    """Return the length of a period.

    >>> _length("week"), _length("10 days")
    (datetime.timedelta(days=7), datetime.timedelta(days=10))
    """
    found = _EVERY.fullmatch(every) if isinstance(every, str) else None
    if found is None:
        raise InvalidInput(
            "every= needs days or weeks",
            cause=f"Got {validate.shortened(every)}.",
            remedy='Use "day", "week", or a number of them: every="2 weeks".',
        )
    return int(found[1] or 1) * timedelta(days=7 if found[2] == "week" else 1)


class LedgerState(Stored, kw_only=True):
    """What is known of a ledger's searches, in the file beside it.

    Attributes:
        id: a random id, by which the starts of this ledger are named.
        period: the number of the newest period.
        began: when it began, by the server's clock.
        start: the record of its turn.
        handed_over: the number of the newest period that is over: its leads were handed over.
        agent_id: the agent; empty before the first period is over.
        turn: the agent's newest turn when that period was over.
        digests: of what the ledger may hold: two while it is being written, none if it is not checked.
    """

    id: str
    period: int = 0
    began: Moment = datetime.min.replace(tzinfo=UTC)
    start: StartRecord | None = None
    handed_over: int = 0
    agent_id: str = ""
    turn: str = ""
    digests: tuple[str, ...] = ()


class Ledger(StoreEntry[LedgerState]):
    """A ledger and its state, which is the entry.

    Args:
        path: the ledger.
        operations: the API.
        scope: where the ledger is valid.
        length: how long a period is.

    Attributes:
        scope: where the ledger is valid.
        state_path: the file of the state.
    """

    def __init__(self, path: Path, operations: Operations, scope: Scope, length: timedelta) -> None:
        self.scope, self.state_path = scope, path.with_suffix(".state.json")
        super().__init__(None, scope, "ledger", LedgerState, self.state_path)
        self._ledger, self._length = path, length
        self._operations = operations

    def _unusable(self, what: str, error: Exception | str) -> LedgerUnusable:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        ledger, state = self._ledger.name, self.state_path.name
        return LedgerUnusable(
            f"The ledger {what}",
            cause=f"{self._ledger}, {state}: {reason}.",
            remedy=f"Nothing is lost: after the repair, the same call goes on. Put back both files, {ledger} and {state}, as "
            'they were together. If you mean a change of the ledger, replace the list "digests" in the state by []. To begin '
            f"anew, with another agent, use another ledger= and leave_out={ledger!r}.",
            code="LEDGER_UNUSABLE",
        )

    @property
    def ways_out(self) -> str:
        """Advice for an error about a turn that may not be this ledger's."""
        return (
            f"The ledger is {self._ledger}. Make the same call again: it looks for the turn, and pays nothing twice. If Origami "
            f"has no such turn, delete the entry 'start' from {self.state_path.name}. If a copy of this ledger started it, use "
            "the copy. If you started it, call ow.attach, then ow.new_leads in the same notebook. If the agent no longer exists, "
            f"as after the end of a sandbox's kernel, use another ledger= and leave_out={self._ledger.name!r}."
        )

    @property
    def now(self) -> datetime:
        """The server's time."""
        return datetime.fromtimestamp(self._operations.server_time(monotonic()), UTC)

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold both files, so that no other process changes them, for the sync bridge."""
        holding = self.held()
        await OnLoop(holding.__aenter__())
        try:
            yield
        finally:
            await OnLoop(holding.__aexit__(None, None, None))

    def both(self) -> tuple[LedgerState, list[LedgerRow]]:
        """Return the state, new if there is none, and the rows of the ledger.

        Raises:
            LedgerUnusable: one of the files is damaged, does not belong to the other, or to this account.
        """
        from origami_widgets.frames.leads.ledger_rows import read_ledger

        state = self.read()
        try:
            rows = read_ledger(self._ledger)
        except ValueError as error:
            raise self._unusable("can't be read", error) from error
        if state is None:
            if self._ledger.exists():
                raise self._unusable("has no state", "the state isn't there")
            state = LedgerState(id=uuid.uuid4().hex, digests=(_digest([]),))
            self.place(state)
        if state.digests and _digest(rows) not in state.digests:
            what = "it was changed since it was written" if self._ledger.exists() else "it is gone"
            raise self._unusable("doesn't match its state", what)
        return state, rows

    async def open(self, spec: StartSpec) -> LedgerState:
        """Return the state with the period to hand over: the newest one, or the next one if it is time.

        Args:
            spec: what is searched for.

        Raises:
            InvalidInput: the ledger is of another brief.
        """
        async with self.locked():
            state, _ = self.both()
            state.fingerprint = state.fingerprint or spec.fingerprint(state.id)
            if state.fingerprint != spec.fingerprint(state.id):
                raise InvalidInput(
                    "The ledger is of another brief",
                    cause=f"{self._ledger} was begun with another text. Nothing was sent.",
                    remedy="Use that brief, or another ledger=. To leave out what this one has: "
                    f"leave_out={str(self._ledger)!r}.",
                )
            if state.handed_over == state.period and self._is_due(state):
                state.period, state.start = state.period + 1, None
            if state.handed_over < state.period and state.start is None:
                state.began = self.now
                self.write(state)
            return state

    def _is_due(self, state: LedgerState) -> bool:
        return not state.period or self.now - state.began >= self._length - EARLY

    def hand_over(self, state: LedgerState, rows: list[LedgerRow], added: list[LedgerRow], run: Run) -> None:
        """Write what a period has handed over. It is over with the last of three steps; until then, it is handed over again.

        Args:
            state: the state.
            rows: the rows that the ledger has.
            added: those of the period.
            run: the run of the period.

        Raises:
            LedgerUnusable: a file cannot be written.
        """
        from origami_widgets.frames.leads.ledger_rows import ledger_bytes

        written = [*rows, *added]
        state.digests = (_digest(rows), _digest(written))
        self.write(state)
        try:
            replace_file(self._ledger, ledger_bytes(written))
        except OSError as error:
            raise self._unusable("can't be written", error) from error
        if self._is_due(state):
            # Handed over late: else the next call would begin another period, and these leads be lost with this process.
            state.began = self.now
        state.handed_over, state.digests = state.period, (_digest(written),)
        state.agent_id, state.turn = run.agent_id, run.id
        self.write(state)


class PeriodEntry(StoreEntry[StartRecord]):
    """The record of a period's start, inside the ledger's state, whose lock it shares.

    Args:
        ledger: the ledger.
        period: its state in that period.

    Attributes:
        name: the name of the start.
    """

    def __init__(self, ledger: Ledger, period: LedgerState) -> None:
        self.name = f"ledger {period.id}, period {period.period}"
        super().__init__(None, ledger.scope, self.name, StartRecord, ledger.state_path)
        self._ledger, self._number = ledger, period.period

    def read(self) -> StartRecord | None:
        """Return the record; None if there is none."""
        state = self._ledger.read()
        return None if state is None or state.period != self._number else state.start

    def write(self, record: StartRecord | None) -> None:
        """Replace the record, unless another period has begun."""
        state = self._ledger.read()
        if state is not None and state.period == self._number:
            state.start = record
            self._ledger.write(state)


def _digest(rows: list[LedgerRow]) -> str:
    return hashlib.blake2b(msgspec.json.encode(rows), digest_size=16).hexdigest()
