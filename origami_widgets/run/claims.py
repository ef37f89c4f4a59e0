"""What is written down of a run that was started under a name (`once=`), and what follows from it. Pure.

A claim holds ids, moments and a fingerprint: neither the brief nor anything made from the API key. It is written before
the request that costs money, with the idempotency key of that request, and completed when the answer names the run.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple

import msgspec

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.validate import not_a_key

VERSION = 1
LONGEST_ONCE = 100
SLUG_LENGTH = 40
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Of what a clock may have been set to when a claim was written. Windows can say nothing later."""
KEY_KEPT = timedelta(hours=23)
"""The server gives its first answer again for a day to the same idempotency key; an hour less, for clocks that differ."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Step = Literal["start", "attach", "send_again", "look"]


class NameTaken(InvalidInput):
    """The name of `once=` stands for a run with another brief or other options; nothing was sent."""


class Brief(NamedTuple):
    """What makes two calls of `start` the same."""

    prompt: str
    name: str | None = None
    model: str | None = None
    focus_tables: tuple[str, ...] = ()


class Scope(NamedTuple):
    """Where a name is valid: the same name elsewhere is another one.

    Args:
        base_url: the whole prefix of the API.
        project: the project's id, None for the parent organization.
        organization: the id of the key's organization; empty when the server did not say.
    """

    base_url: str
    project: str | None
    organization: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the registry.

    Attributes:
        name: the name that was given to `once=`.
        base_url: see `Scope`, as the next two.
        project: the project's id.
        organization: the organization's id.
        fingerprint: of the brief and the options, salted with the idempotency key.
        idempotency_key: the key of the request that starts the run.
        claimed_at: when that request was about to be sent.
        agent_id: the agent's id, empty until the answer came.
        run_id: the run's id, empty until the answer came.
        started_at: when the run started.
        version: of this form.
    """

    name: str
    base_url: str
    project: str | None
    organization: str
    fingerprint: str
    idempotency_key: str
    claimed_at: Moment
    agent_id: str = ""
    run_id: str = ""
    started_at: Moment | None = None
    version: int = VERSION

    @property
    def scope(self) -> Scope:
        """Where its name is valid."""
        return Scope(self.base_url, self.project, self.organization)

    @property
    def began(self) -> datetime:
        """When the run started, as far as that is known."""
        return self.started_at or self.claimed_at


def new_claim(scope: Scope, name: str, brief: Brief, key: str, now: datetime) -> Claim:
    """The claim that is written before the run is started."""
    return Claim(
        name=name,
        base_url=scope.base_url,
        project=scope.project,
        organization=scope.organization,
        fingerprint=fingerprint(brief, key),
        idempotency_key=key,
        claimed_at=now,
    )


def next_step(claim: Claim | None, brief: Brief, now: datetime) -> Step:
    """What a call with this brief has to do.

    Args:
        claim: what is known under its name.
        brief: what it asks for.
        now: the present moment.

    Returns:
        `start` a run; `attach` to the one that is known; `send_again` the same request with the same key where no run
        is found that it has started; or `look`: the server has forgotten the key, so nothing may be sent again.

    Raises:
        NameTaken: the name stands for something else.
    """
    if claim is None:
        return "start"
    if claim.fingerprint != fingerprint(brief, claim.idempotency_key):
        raise NameTaken(
            f"The name {claim.name!r} stands for another run",
            cause=f"once={claim.name!r} was used at {spoken(claim.began)} with another brief or other options.",
            remedy="Give this brief another name, or start anew under the same one with fresh=True, which pays for a "
            "further run.",
        )
    if claim.run_id:
        return "attach"
    return "look" if abs(now - claim.claimed_at) > KEY_KEPT else "send_again"


def fingerprint(brief: Brief, salt: str) -> str:
    """A short word for a brief that does not repeat it.

    Args:
        brief: what is asked for.
        salt: makes the same brief look different in every entry, so that entries cannot be compared.
    """
    return hashlib.blake2b(msgspec.json.encode(tuple(brief)), key=salt.encode()[:64], digest_size=16).hexdigest()


def valid_once(name: object) -> str:
    """A name for `once=`: 1 to 100 characters of any script, in one way of writing them.

    Raises:
        InvalidInput: it cannot be a name; nothing was sent.
    """
    remedy = f"Give a short name of your own, up to {LONGEST_ONCE} characters: once='bakeries'."
    if not isinstance(name, str):
        raise InvalidInput("once= needs a name", cause=f"It is {type(name).__name__}, not text.", remedy=remedy)
    composed = unicodedata.normalize("NFC", name)
    if not composed.strip() or composed != composed.strip():
        raise InvalidInput("once= needs a name", cause="It is empty, or begins or ends with a space.", remedy=remedy)
    if len(composed) > LONGEST_ONCE:
        raise InvalidInput("The name is too long", cause=f"once= has {len(composed):,} characters.", remedy=remedy)
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in composed):
        raise InvalidInput("The name cannot be written down", cause="It holds a control character.", remedy=remedy)
    return not_a_key(composed, "the name of a run")


def follow_up_name(once: str, after: str, brief: Brief) -> str:
    """The name of a run that continues another one: the same continuation of the same run is the same name.

    Args:
        once: the name that the conversation began with.
        after: the id of the run that is continued.
        brief: what is asked for.

    >>> follow_up_name("bakeries", "v2_run-1", Brief("Add their opening hours")).partition(" continued ")[0]
    'bakeries,'
    """
    return f"{once}, continued {fingerprint(brief, after)[:12]}"


def file_stem(scope: Scope, name: str) -> str:
    """What the file of a name is called: readable letters of it, and a word that keeps it apart from all others.

    >>> file_stem(Scope("https://origami.chat/api/v2", None, ""), "Porto, 2026!").partition("--")[0]
    'porto-2026'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower())[:SLUG_LENGTH].strip("-") or "run"
    digest = hashlib.blake2b(msgspec.json.encode([*scope, name]), digest_size=10).hexdigest()
    return f"{slug}--{digest}"


def written(claim: Claim) -> bytes:
    """A claim as it stands in its file."""
    return msgspec.json.format(msgspec.json.encode(claim), indent=2) + b"\n"


def read(data: bytes, scope: Scope, name: str) -> Claim:
    """The claim in a file.

    Raises:
        ValueError: it holds none, or one of something else.
    """
    claim = msgspec.json.decode(data, type=Claim)
    if not all(moment is None or _can_be(moment) for moment in (claim.claimed_at, claim.started_at)):
        raise ValueError("a moment in it lies outside of the years 1900 to 2999")
    if claim.version != VERSION:
        raise ValueError(f"it was written by another version ({claim.version})")
    if (claim.scope, claim.name) != (scope, name):
        raise ValueError("it is about another name")
    if bool(claim.agent_id) != bool(claim.run_id):
        raise ValueError("it names an agent without a run, or a run without its agent")
    return claim


def _can_be(moment: datetime) -> bool:
    """Whether a moment can be compared with others, and said in any time zone, without leaving the calendar."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def spoken(moment: datetime) -> str:
    """A moment in a sentence, as the card writes it.

    >>> spoken(datetime(2026, 7, 21, 9, 30, tzinfo=UTC))
    '2026-07-21 09:30 UTC'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
