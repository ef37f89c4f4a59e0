"""Every error of the package: what happened, why, and what to do about it.

`error_from` (in `error_catalog`) makes the right one from an answer of the server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from origami_widgets.api.invisible import INVISIBLE

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_LINK = 2_000
PLAIN = re.compile(r"[!-\[\]-~]+")
"""Visible ASCII without the backslash: no look-alikes, no reversed text, nothing that programs read differently."""
MAIL = re.compile(r"mailto:[a-z0-9._+-]+@[a-z0-9.-]+", re.ASCII | re.IGNORECASE)

_UNPRINTABLE = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{INVISIBLE}]")


def printable(text: str) -> str:
    r"""What a server said, for a terminal: without controls and what hides or turns the direction of other text.

    Example:
        >>> printable("\x1b[31mno credits").isprintable()
        True
    """
    return _UNPRINTABLE.sub("\ufffd", text)


class OrigamiError(Exception):
    """Something went wrong between this process and Origami, or in what it was asked.

    Attributes:
        title: what happened, in one short sentence.
        cause: why, as far as it is known.
        remedy: what to do next.
        code: the server's word for programs, or one of this package.
        status_code: the HTTP status, None when there was no answer.
        request_id: what support asks for.
        link: a page that helps (https, or mailto), None when there is none.
        details: what else the server said.
        transient: asking again may help.
        retry_after: seconds that the server asked to wait, None when it did not.
        idempotency_key: the key of the POST that starts a run, when it was one: the same key never starts a second.
        may_have_started: that POST may have reached the server, in this attempt or in an earlier one.
        is_replay: the server repeats its first answer to this idempotency key; it says nothing new.

    Example:
        >>> import origami_widgets as ow
        >>> try:
        ...     ow.start("Find bakers. scenario:no_credits", client=ow.Sandbox().client())
        ... except ow.OrigamiError as error:
        ...     print(f"{error.title}: {error.remedy}", error.code)
        Too few credits to start a run: Add credits, then start again. Nothing was charged. INSUFFICIENT_CREDITS
    """

    def __init__(
        self,
        title: str,
        *,
        cause: str = "",
        remedy: str = "",
        code: str = "",
        status_code: int | None = None,
        request_id: str | None = None,
        link: str | None = None,
        details: dict[str, Any] | None = None,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        self.title = title
        self.cause = cause
        self.remedy = remedy
        self.code = code
        self.status_code = status_code
        self.request_id = request_id
        self.link = safe_link(link)
        self.details = details or {}
        self.transient = transient
        self.retry_after = retry_after
        self.idempotency_key: str | None = None
        self.may_have_started = False
        self.is_replay = False
        super().__init__(title)

    def __str__(self) -> str:
        about = ", ".join(
            part
            for part in (
                f"HTTP {self.status_code}" if self.status_code else "",
                self.code,
                f"request {self.request_id}" if self.request_id else "",
            )
            if part
        )
        lines = [self.title, self.cause, self.remedy, self.link or "", f"({about})" if about else ""]
        # Each stays one line: what the server says must not look like a remedy of ours.
        told = (" ".join(line.split()) for line in lines)
        return printable("\n".join(_cut(line) for line in told if line))

    def __repr__(self) -> str:
        return printable(super().__repr__())

    def _render_traceback_(self) -> list[str]:
        """The traceback that IPython shows: to the line of the person's own, as our frames say less than the words here."""
        from origami_widgets.host.shell import traceback_lines

        return traceback_lines(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions travel between processes (joblib, dask); keyword arguments would be lost on the way.
        return _restore, (type(self), self.title, dict(self.__dict__))


class InvalidInput(OrigamiError, ValueError):
    """An argument cannot be right; nothing was sent."""


class MissingKey(OrigamiError):
    """There is no API key; nothing was sent."""


class AuthenticationError(OrigamiError):
    """The key is wrong, revoked or expired (401)."""


class PaymentRequired(OrigamiError):
    """Something about plan or credits (402); `link` leads to where it is put right."""


class InsufficientCredits(PaymentRequired):
    """Too few credits to start a run."""


class BudgetExceeded(PaymentRequired):
    """A hard budget is used up; buying credits does not help."""


class SubscriptionRequired(PaymentRequired):
    """The plan does not include the API."""


class AccountBlocked(PaymentRequired):
    """Billing blocks the account."""


class PermissionDenied(OrigamiError):
    """The key may not do this (403)."""


class NotFound(OrigamiError):
    """There is no such thing for this key and project (404)."""


class AgentNotFound(NotFound):
    """There is no such agent."""


class RunNotFound(NotFound):
    """There is no such run."""


class TableNotFound(NotFound):
    """There is no such table."""


class ProjectNotFound(NotFound):
    """There is no such project."""


class Conflict(OrigamiError):
    """What was asked does not fit the present state (409)."""


class AgentBusy(Conflict):
    """The agent is working on another run.

    Attributes:
        current_run_id: the run it is working on, when the server named it.
        current_run_started_at: since when.
    """

    current_run_id: str | None = None
    current_run_started_at: datetime | None = None


class IdempotencyConflict(Conflict):
    """The same idempotency key is in use, for another request or for one that is still on its way."""


class TooLarge(OrigamiError):
    """The request holds too much (413)."""


class RateLimited(OrigamiError):
    """Too many requests for the moment (429)."""


class RunPoolFull(RateLimited):
    """As many runs as the plan allows are active.

    Attributes:
        limit: how many that is.
        active_sessions: the agents at work, as the server listed them.
    """

    limit: int | None = None
    active_sessions: tuple[dict[str, Any], ...] = ()


class ServerError(OrigamiError):
    """The server had a problem (5xx, 408, 425)."""


class ConnectionFailed(OrigamiError):
    """No answer came.

    Attributes:
        sent: whether the request may have reached the server.
    """

    sent: bool = True


class RequestTimedOut(ConnectionFailed):
    """No complete answer came within the time limit."""


class RedirectRefused(OrigamiError):
    """The answer points elsewhere; a key is never carried there."""


class UnexpectedAnswer(OrigamiError):
    """The answer is not what the API sends: a sign-in page of the network, for example."""


def safe_link(link: object) -> str | None:
    """A link that may be shown and clicked: https with a plain host or a plain mail address, nothing else."""
    if not isinstance(link, str) or len(link) > LONGEST_LINK:
        return None
    if MAIL.fullmatch(link):
        return link
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return None
    safe = parts.scheme == "https" and bool(host) and "@" not in parts.netloc
    return link if safe and PLAIN.fullmatch(link) else None


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINK else f"{line[:LONGEST_LINK]}…"


def _restore(kind: type[OrigamiError], title: str, state: dict[str, Any]) -> OrigamiError:
    error = kind(title)
    error.__dict__.update(state)
    return error
