"""`StartSpec`, the arguments of a start, `StartRecord`, its state, and `transition`, the only function that changes it. Pure: no clock, no network.

A record says which idempotency key comes next, and whether an attempt may have started an unknown run. Both follow from
what has happened, so neither is stored anywhere else.

    queued -> sending -> started                     the answer names the run
                      -> refused                     a definite refusal, or nothing reached the server
                      -> unknown -> started          the run was found
                                 -> queued, refused  no run was found
    queued, refused, unknown -> cancelled            withdrawn: nothing more is sent
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from origami_widgets.api import validate
from origami_widgets.api.errors import ConnectionFailed, IdempotencyConflict, RateLimited, RunPoolFull

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from origami_widgets.api.errors import OrigamiError


@dataclass(frozen=True)
class StartSpec:
    """Checked arguments of a start request.

    Args:
        prompt: the brief.
        agent_id: the agent to continue; None for a new one.
        name: the name of a new agent; None lets the server choose one.
        model: the model; None for the plan's default.
        focus_tables: tables to work on, or their ids; kept as ids.
        known_runs: ids of the agent's runs that existed before the first request.

    Attributes:
        focus_marks: what stands for the focus tables in a fingerprint: of an uploaded list its upload, as the next list
            may go into the same table.

    Raises:
        InvalidInput: an argument is not valid.
    """

    prompt: str
    agent_id: str | None = None
    name: str | None = None
    model: str | None = None
    focus_tables: Iterable[Any] = ()
    known_runs: Collection[str] = ()
    focus_marks: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        tables = validate.tables(self.focus_tables)
        ids = tuple(validate.table_ids(tables))
        checked = {
            "agent_id": None if self.agent_id is None else validate.agent_id(self.agent_id),
            "focus_tables": ids,
            "focus_marks": tuple(
                getattr(each, "upload_id", table_id) for each, table_id in zip(tables, ids, strict=True)
            ),
            "prompt": validate.prompt(self.prompt),
            "name": validate.agent_name(self.name),
            "model": validate.model(self.model),
            "known_runs": frozenset(self.known_runs),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def fingerprint(self, salt: str) -> str:
        """Return a digest of prompt, name, model and focus tables.

        Args:
            salt: makes digests of equal specs differ between files, so that files cannot be compared.
        """
        asked = (self.prompt, self.name, self.model, self.focus_marks)
        return hashlib.blake2b(msgspec.json.encode(asked), key=salt.encode()[:64], digest_size=16).hexdigest()


R = TypeVar("R")

LONGEST_KEY = 255
MOST_LOSSES = 4
"""Attempts of one request that may end with an unknown outcome before the user has to decide.

One that met a failure counts twice, because the server does not remember its key.
"""
MINUTES, HOURS, DAY = 300.0, 3 * 3600.0, 24 * 3600.0
"""Seconds by which a start moment may be off: in this process; from another process; if the clock was set since."""
NOT_BEGUN = (408, 425)
"""Statuses that say that the request was not read, or not begun."""

StartState = Literal["queued", "sending", "started", "refused", "unknown", "cancelled"]
NextStep = Literal["send", "reconcile", "wait", "end"]


class InvalidTransition(RuntimeError):
    """A request was about to be sent that must not be sent; a bug in this package."""


@dataclass(frozen=True)
class Sent:
    """A request is about to be sent; `at` is in seconds of `monotonic`."""

    at: float


@dataclass(frozen=True)
class Started:
    """The run is known, from the answer or because it was found."""

    agent_id: str
    run_id: str


@dataclass(frozen=True)
class DefiniteRefusal:
    """The server definitely refused the request.

    Args:
        is_replay: whether the server says that it repeats an old answer.
    """

    is_replay: bool = False


@dataclass(frozen=True)
class NotSent:
    """Nothing reached the server, or the server put the request off without looking at it."""


@dataclass(frozen=True)
class Lost:
    """The request may have reached the server, and its outcome is unknown.

    Args:
        is_failure: whether the server failed (5xx), or an answer came that may stand for its failure.
        at: when that became known, in seconds of `monotonic`; None if that is not known.
    """

    is_failure: bool = False
    at: float | None = None


@dataclass(frozen=True)
class NothingFound:
    """All lists were read to the end, and they have no run that the record may have started."""


@dataclass(frozen=True)
class Withdrawn:
    """The caller no longer wants the run."""


@dataclass(frozen=True)
class Requeued:
    """The run is wanted, or is wanted again."""


StartEvent = Sent | Started | DefiniteRefusal | NotSent | Lost | NothingFound | Withdrawn | Requeued


@dataclass(frozen=True)
class StartRecord:
    """State of one start.

    Attributes:
        first_key: the idempotency key of the first attempt, from which later keys are made.
        state: the state of the start, as in the module's diagram.
        keys_refused: the number of keys that the server has refused.
        last_answer: the last answer to the current key; empty before it was sent. `failed` is an answer that was lost
            because the server failed, or may have.
        outcome_unknown: whether an attempt may have started a run that is not known.
        losses: the number of attempts with an unknown outcome since the record was last queued; see `MOST_LOSSES`.
        is_reconciled: whether the run was looked for since the last attempt, and not found.
        is_withdrawn: whether nothing more may be sent.
        sent_at: when the first attempt was made, in seconds of `monotonic`; None before.
        lost_at: when the last attempt with an unknown outcome ended, in the same seconds; None without one.
        clock_slack: the number of seconds by which `sent_at` may be off.
        agent_id: the agent's id, once the run is known.
        run_id: the run's id, once it is known.
    """

    first_key: str
    state: StartState = "queued"
    keys_refused: int = 0
    last_answer: Literal["", "lost", "failed", "refused", "old_refusal"] = ""
    outcome_unknown: bool = False
    losses: int = 0
    is_reconciled: bool = False
    is_withdrawn: bool = False
    sent_at: float | None = None
    lost_at: float | None = None
    clock_slack: float = MINUTES
    agent_id: str = ""
    run_id: str = ""

    @property
    def idempotency_key(self) -> str:
        """The idempotency key of the last attempt; before any attempt, that of the first one."""
        return nth_key(self.first_key, self.keys_refused)

    @property
    def may_have_started(self) -> bool:
        """Whether there is, or may be, a run."""
        return self.outcome_unknown or self.state in ("sending", "started", "unknown")

    @property
    def next_step(self) -> NextStep:
        """The next action of the start."""
        match self.state:
            case "queued":
                return "send"
            case "sending":
                return "wait"
            case "unknown" if not self.is_reconciled:
                return "reconcile"
            case _:
                return "end"


@dataclass(eq=False)
class RecordSlot(Generic[R]):
    """Holder of the newest record of one job. It keeps neither the job nor a run alive.

    Attributes:
        record: the record.
        is_wanted: whether what the job starts is wanted: False once it was withdrawn or its batch was cancelled.
        is_held: whether its batch was stopped before its turn came.
        is_found: whether a later call has found it by its key.
        job: returns the job while it exists, else None.
    """

    record: R
    is_wanted: bool = True
    is_held: bool = False
    is_found: bool = False
    job: Callable[[], Any] = lambda: None


def event_of(error: OrigamiError, at: float | None = None) -> StartEvent:
    """Return the event that an error of the request stands for.

    Args:
        error: the error.
        at: when it came, in seconds of `monotonic`; None if that is not known.
    """
    if error.is_replay:
        return DefiniteRefusal(is_replay=True)
    if error.may_have_started or isinstance(error, IdempotencyConflict):
        return Lost(is_failure(error), at)
    # After too many requests, the server refuses them without looking at them.
    is_put_off = isinstance(error, RateLimited) and not isinstance(error, RunPoolFull)
    return NotSent() if is_put_off or isinstance(error, ConnectionFailed) else DefiniteRefusal()


def is_failure(error: OrigamiError) -> bool:
    """Return whether the server failed, or a proxy's answer may have replaced its 5xx."""
    return not isinstance(error, ConnectionFailed) and error.status_code not in NOT_BEGUN


def recovered(key: str, sent_at: float, *, now: float, passed: float, attempted_at: float | None = None) -> StartRecord:
    """Return the record of a request with an unknown outcome, from what was stored before it was sent.

    Args:
        key: the request's idempotency key.
        sent_at: when it was first sent, in Unix seconds. A moment in the future counts as now, as the clock was set back.
        now: the present moment, in Unix seconds.
        passed: the present moment, in seconds of `monotonic`.
        attempted_at: when it was last sent, in Unix seconds; None if that was only once.
    """
    return StartRecord(
        key,
        state="unknown",
        last_answer="lost",
        outcome_unknown=True,
        sent_at=passed - max(0.0, now - sent_at),
        lost_at=passed - max(0.0, now - (sent_at if attempted_at is None else attempted_at)),
        clock_slack=DAY if sent_at > now else HOURS,
    )


def nth_key(first: str, refused: int) -> str:
    """Return the idempotency key after a number of refusals. All processes make the same, so no key is used for two runs.

    >>> nth_key("a1", 0), nth_key("a1", 1)
    ('a1', 'a1.2')
    """
    if not refused:
        return first
    suffix = f".{refused + 1}"
    if len(first) + len(suffix) > LONGEST_KEY:
        first = hashlib.blake2b(first.encode(), digest_size=16).hexdigest()
    return f"{first}{suffix}"


def transition(record: StartRecord, event: StartEvent) -> StartRecord:
    """Return the record after an event. A start whose run is known stays started.

    Raises:
        InvalidTransition: a request was sent although this was not the next step.
    """
    match event:
        case Sent(at):
            new = _sent(record, at)
        case _ if record.state == "started":
            new = record
        case Started(agent_id, run_id):
            new = replace(record, state="started", outcome_unknown=False, agent_id=agent_id, run_id=run_id)
        case Withdrawn():
            new = _settled(replace(record, is_withdrawn=True))
        case Requeued():
            new = _requeued(record)
        case NothingFound():
            new = _not_found(record)
        case _:
            # The answer to an abandoned request says nothing about the current one.
            new = _unanswered(record, event) if record.state == "sending" else record
    return new


def _unanswered(record: StartRecord, event: DefiniteRefusal | NotSent | Lost) -> StartRecord:
    """Return the record after an attempt whose answer does not name the run."""
    match event:
        case DefiniteRefusal(is_replay):
            # A repeated refusal says nothing about later attempts, and no refusal says anything about earlier ones.
            refused = replace(record, last_answer="old_refusal" if is_replay else "refused")
            return _settled(replace(refused, state="unknown" if record.outcome_unknown or is_replay else "refused"))
        case NotSent() if not record.outcome_unknown:
            return _settled(replace(record, state="refused"))
    # If nothing is sent after a loss, the outcome stays unknown.
    lost = event if isinstance(event, Lost) else Lost()
    return replace(
        record,
        state="unknown",
        last_answer="failed" if lost.is_failure else "lost",
        outcome_unknown=True,
        losses=record.losses + 1 + lost.is_failure,
        lost_at=lost.at or record.lost_at,
    )


def _sent(record: StartRecord, at: float) -> StartRecord:
    if record.next_step != "send":
        raise InvalidTransition(f"The next step is to {record.next_step}.")
    # The server repeats its first answer to a key, even a refusal, so the next attempt needs another key.
    is_spent = record.last_answer in ("refused", "old_refusal")
    return replace(
        record,
        state="sending",
        keys_refused=record.keys_refused + is_spent,
        last_answer="" if is_spent else record.last_answer,
        sent_at=at if record.sent_at is None else record.sent_at,
        is_reconciled=False,
    )


def _not_found(record: StartRecord) -> StartRecord:
    if record.state != "unknown":
        return record
    if record.last_answer == "refused":
        return _settled(replace(record, state="refused", is_reconciled=True))
    if record.losses >= MOST_LOSSES and not record.is_withdrawn:
        return replace(record, is_reconciled=True)
    # The server may still remember the key, so send the same key once more.
    return _settled(replace(record, state="queued", is_reconciled=True))


def _requeued(record: StartRecord) -> StartRecord:
    wanted = replace(record, is_withdrawn=False)
    if record.state == "sending":
        return wanted
    return replace(
        wanted,
        state="unknown" if record.outcome_unknown or record.state == "unknown" else "queued",
        # The caller asks once more for what was refused before.
        last_answer="old_refusal" if record.last_answer == "refused" else record.last_answer,
        losses=0,
        is_reconciled=False,
    )


def _settled(record: StartRecord) -> StartRecord:
    """Return the record, cancelled if it is withdrawn and neither in flight nor unknown."""
    if record.is_withdrawn and record.state in ("queued", "refused"):
        return replace(record, state="cancelled")
    return record
