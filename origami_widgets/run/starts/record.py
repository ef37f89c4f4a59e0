"""`StartSpec`: what a call of `start`, `answer` or `follow_up` asks for. `StartRecord`: all that is known of a start. Pure.

A record holds ids, moments and a fingerprint, but neither the brief nor anything made from the API key. Under a name
(`once=`), it is in the start store.
"""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput, NotFound, RunNotFound

VERSION = 3
LONGEST_ONCE = 100
KEY_KEPT = 23 * 3600.0
"""Seconds for which the server is taken to repeat its first answer to an idempotency key: a day, minus an hour of doubt."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True)
class StartSpec:
    """Checked arguments of a start request.

    Args:
        prompt: the brief.
        agent_id: the agent to continue; None for a new one.
        name: the name of a new agent; None lets the server choose one.
        model: the model; None for the plan's default.
        focus_tables: tables to work on, or their ids; kept as ids.
        given: what stands for the prompt and the focus tables in a fingerprint; empty for these themselves.

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
    given: tuple[str, ...] = ()
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
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def body(self) -> dict[str, object]:
        """The JSON of the request, which is the same each time."""
        tables = list(self.focus_tables)
        given = {"prompt": self.prompt, "model": self.model, "focusTableIds": tables, "name": self.name}
        return {name: value for name, value in given.items() if value}

    def fingerprint(self, salt: str) -> str:
        """Return a digest of prompt, name, model and focus tables.

        Args:
            salt: makes digests of equal specs differ between files, so that files cannot be compared.
        """
        asked = (self.given or self.prompt, self.name, self.model, () if self.given else self.focus_marks)
        return hashlib.blake2b(msgspec.json.encode(asked), key=salt.encode()[:64], digest_size=16).hexdigest()


def plain(text: str) -> str:
    r"""Return a brief without what servers may change in it: line ends, spaces, and the Unicode form of letters.

    >>> plain("Find bakers\r\n in  Porto ")
    'Find bakers in Porto'
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


class Life(StrEnum):
    """Life of a start: what becomes of it at present.

    Attributes:
        QUEUED: nothing is sent yet, or it is to be sent again.
        SENDING: a request is out.
        STARTED: the run is known.
        REFUSED: the server refused it, or nothing reached the server.
        UNKNOWN: a request may have started the run, which is looked for.
        CANCELLED: no call waits for the run any more, so nothing more is sent.
    """

    QUEUED = "queued"
    SENDING = "sending"
    STARTED = "started"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class NameTaken(InvalidInput):
    """The name in `once=` belongs to a run with another brief or other options; nothing was sent."""


class Stored(msgspec.Struct, kw_only=True):
    """What every record in a start store has.

    Attributes:
        name: the name; empty for what is in no store.
        base_url: see `Scope`, also for the next two.
        project: the project's id.
        organization: the organization's id.
        fingerprint: fingerprint of what is asked for, salted with a random id of the record.
        version: version of this format.
    """

    name: str = ""
    base_url: str = ""
    project: str | None = None
    organization: str = ""
    fingerprint: str = ""
    version: int = VERSION


class StartRecord(Stored, kw_only=True):
    """All that is known of a start, also after its job and its process are gone.

    Attributes:
        idempotency_key: the key of the first attempt, from which later keys are made.
        life: its life.
        claimed_at: when it was about to be sent for the first time, by the server's clock; None before. It never moves.
        attempted_at: when it was about to be sent for the last time.
        after: the newest run of the conversation at that first time; empty for a new agent.
        refused: how many keys the server has refused.
        unknown: whether an attempt may have started a run that is not known.
        losses: how many attempts of this call ended with an unknown outcome; one at which the server failed counts twice.
        bases: the credits that tables had used before the run, by table id: focus tables, and those of the runs that it
            continues. Its credit limit counts from them, whichever process looks at it.
        agent_id: the agent's id; empty before the run is known.
        run_id: the run's id; empty before it is known.
        started_at: when the run started.
        before: the record that the name had before; it gets the name back if the server refuses this start.
    """

    idempotency_key: str
    life: Life = Life.QUEUED
    claimed_at: Moment | None = None
    attempted_at: Moment | None = None
    after: str = ""
    refused: int = 0
    unknown: bool = False
    losses: int = 0
    bases: dict[str, int] = {}
    agent_id: str = ""
    run_id: str = ""
    started_at: Moment | None = None
    before: StartRecord | None = None

    @classmethod
    def new(cls) -> StartRecord:
        """Return the record of a start of which nothing was sent, with a new key."""
        return cls(idempotency_key=str(uuid.uuid4()))

    def renew(self) -> None:
        """Forget all: the start begins anew, with a new key."""
        for name, value in msgspec.structs.asdict(StartRecord.new()).items():
            setattr(self, name, value)

    @property
    def key(self) -> str:
        """The idempotency key of the next attempt.

        After a refusal it is another one, since the server repeats its first answer to a key. All processes make the
        same keys, so no key is used for two runs.

        >>> StartRecord(idempotency_key="a1").key, StartRecord(idempotency_key="a1", refused=1).key
        ('a1', 'a1.2')
        """
        return f"{self.idempotency_key}.{self.refused + 1}" if self.refused else self.idempotency_key

    @property
    def may_have_started(self) -> bool:
        """Whether there is, or may be, a run."""
        return self.unknown or self.life in (Life.SENDING, Life.STARTED)

    @property
    def began(self) -> datetime:
        """When the run started, or if that is unknown, when its request was sent."""
        return self.started_at or self.claimed_at or datetime.now(UTC)

    def check(self, spec: StartSpec) -> None:
        """Do nothing if the name stands for this spec.

        Raises:
            NameTaken: it stands for something else.
        """
        if self.fingerprint != spec.fingerprint(self.idempotency_key):
            raise NameTaken(
                f"The name {self.name!r} is used by another run",
                cause=f"once={self.name!r} was used at {spoken(self.began)} with a different brief or different options.",
                remedy="Use another name, or start again under this one with fresh=True, which costs another run.",
            )

    @property
    def still_open(self) -> str:
        """What is added to an error while the name stands for a request whose outcome is unknown."""
        return (
            f"once={self.name!r} still refers to the request of {spoken(self.began)}. Run the cell again to look for its run; "
            "this won't start a second one. If you're sure there is no run: fresh=True."
        )

    def gone(self, error: NotFound) -> RunNotFound:
        """Return the error of a run that the server does not have, from the server's answer."""
        return RunNotFound(
            f"The run named {self.name!r} no longer exists",
            cause=f"It was started at {spoken(self.began)} ({self.agent_id}/{self.run_id}), but doesn't exist for this key "
            "and project. Nothing was started.",
            remedy="If it started a moment ago, run this cell again: the server may not list it yet. Else start again under the "
            "same name with fresh=True, which costs another run, or use another name.",
            code=error.code,
            status_code=error.status_code,
            request_id=error.request_id,
        )


def spoken(moment: datetime) -> str:
    """Return a moment as text, as the card writes it.

    >>> spoken(datetime(2026, 7, 21, 9, 30, tzinfo=UTC))
    '2026-07-21 09:30 UTC'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def valid_once(name: object) -> str:
    """Check a name for `once=` (1 to 100 characters of any script) and return it with normalized Unicode.

    Raises:
        InvalidInput: the name is not valid; nothing was sent.
    """
    remedy = f"Use a short name of your own, up to {LONGEST_ONCE} characters: once='bakeries'."
    if not isinstance(name, str):
        raise InvalidInput("once= needs a name", cause=f"Expected a string, got {type(name).__name__}.", remedy=remedy)
    composed = unicodedata.normalize("NFC", name)
    if not composed.strip() or composed != composed.strip():
        raise InvalidInput("once= needs a name", cause="It's empty, or starts or ends with a space.", remedy=remedy)
    if len(composed) > LONGEST_ONCE:
        raise InvalidInput("The name is too long", cause=f"once= has {len(composed):,} characters.", remedy=remedy)
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in composed):
        raise InvalidInput("Invalid name", cause="It contains a control character.", remedy=remedy)
    return validate.not_a_key(composed, "the name of a run")
