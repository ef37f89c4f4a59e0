"""The errors of this package. Each says what happened, why, and what to do about it.

`error_from` in `error_catalog` makes the right one from a server response.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from origami_widgets.words.foreign_text import clean, one_line

LONGEST_LINE = LONGEST_LINK = 2_000
PLAIN = re.compile(r"[!-\[\]-~]+")
"""Visible ASCII without the backslash: no look-alikes, no reversed text, nothing that programs interpret differently."""
MAIL = re.compile(r"mailto:[a-z0-9._+-]+@[a-z0-9.-]+", re.ASCII | re.IGNORECASE)


class OrigamiError(Exception):
    """Base class of all errors of this package.

    Attributes:
        title: what happened, in one short sentence.
        cause: why it happened, as far as known.
        remedy: what to do next.
        code: the server's or this package's error code.
        status_code: the HTTP status; None without a response.
        request_id: the id of the request, for support.
        link: a page that helps (https or mailto); None without one.
        details: further fields of the response.
        transient: whether trying again may help.
        retry_after: seconds that the server asks to wait; None if it does not.
        idempotency_key: the idempotency key of a POST that starts a run or was sent by `Client.request`; else None.
        may_have_started: whether that POST may have reached the server, in this attempt or an earlier one.
        is_replay: whether the server has repeated its first response to this idempotency key.

    Example:
        >>> import origami_widgets as ow
        >>> try:
        ...     ow.start("Find bakers. scenario:no_credits", client=ow.Sandbox().client())
        ... except ow.OrigamiError as error:
        ...     print(f"{error.title}: {error.remedy}", error.code)
        Not enough credits: Add credits, then start again. Nothing was charged. INSUFFICIENT_CREDITS
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
        status = f"HTTP {self.status_code}" if self.status_code else ""
        request = f"request {self.request_id}" if self.request_id else ""
        reference = ", ".join(filter(None, (status, self.code, request)))
        lines = [self.title, self.cause, self.remedy, self.link or "", f"({reference})" if reference else ""]
        # Each part stays on one line: text from the server must not look like our remedy.
        return "\n".join(filter(None, (clean(line, LONGEST_LINE) for line in lines)))

    def __repr__(self) -> str:
        return one_line(super().__repr__())

    def _render_traceback_(self) -> list[str]:
        """Return the traceback that IPython shows: it ends at the user's own line, as our frames explain less than the message."""
        from origami_widgets.host.application import traceback_lines

        return traceback_lines(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickling exceptions between processes (joblib, dask) would lose keyword arguments.
        return _restore, (type(self), self.title, dict(self.__dict__))


class InvalidInput(OrigamiError, ValueError):
    """An argument is not valid; nothing was sent."""


class MissingKey(OrigamiError):
    """No API key; nothing was sent."""


class AuthenticationError(OrigamiError):
    """The key is wrong, revoked or expired (401)."""


class PaymentRequired(OrigamiError):
    """The plan or the credits do not allow this (402); `link` leads to the page where you can change it."""


class InsufficientCredits(PaymentRequired):
    """Not enough credits."""


class BudgetExceeded(PaymentRequired):
    """A hard budget is used up; buying credits does not help."""


class SubscriptionRequired(PaymentRequired):
    """The plan does not include API access."""


class AccountBlocked(PaymentRequired):
    """A billing problem blocks the account."""


class PermissionDenied(OrigamiError):
    """Permission denied (403)."""


class NotFound(OrigamiError):
    """The object does not exist for this key and project (404)."""


class AgentNotFound(NotFound):
    """The agent does not exist for this key and project."""


class RunNotFound(NotFound):
    """The run does not exist for this key and project."""


class TableNotFound(NotFound):
    """The table does not exist for this key and project."""


class ProjectNotFound(NotFound):
    """The project does not exist for this key."""


class Conflict(OrigamiError):
    """The request conflicts with the current state (409)."""


class AgentBusy(Conflict):
    """The agent is busy with another run.

    Attributes:
        current_run_id: the id of that run; None if the server did not name it.
        current_run_started_at: when that run started.
    """

    current_run_id: str | None = None
    current_run_started_at: datetime | None = None


class IdempotencyConflict(Conflict):
    """The idempotency key is in use for another request, or for the same one while it is still in flight."""


class TooLarge(OrigamiError):
    """The request is too large (413)."""


class RateLimited(OrigamiError):
    """Too many requests (429)."""


class RunPoolFull(RateLimited):
    """All run slots of the plan are in use.

    Attributes:
        limit: how many runs the plan allows.
        active_sessions: the agents with an active run, as listed by the server.
    """

    limit: int | None = None
    active_sessions: tuple[dict[str, Any], ...] = ()


class ServerError(OrigamiError):
    """The server had a problem (5xx, 408, 425)."""


class ConnectionFailed(OrigamiError):
    """The server could not be reached or sent no response.

    Attributes:
        sent: whether the request may have reached the server.
    """

    sent: bool = True


class RequestTimedOut(ConnectionFailed):
    """No complete response came within the timeout."""


class RedirectRefused(OrigamiError):
    """The response redirects elsewhere; the key is never sent there."""


class UnexpectedAnswer(OrigamiError):
    """The response is not from the API, but for example from a network's sign-in page."""


class AmbiguousStart(OrigamiError):
    """A run may have started: the response was lost, and no run found is certainly this one.

    Attributes:
        idempotency_key: the idempotency key of all attempts.
    """

    job: Any = None
    """The start job; None in an error of a client's `create_agent` or `create_run`, and in one that was pickled."""

    def reconcile(self) -> Any:
        """Look for the run again. Sends only GET requests and is free.

        Returns:
            What the failed call would have returned (a `Run` for `start`), or None if no run is found.

        Raises:
            AmbiguousStart: the runs could not be listed, or several of them match.
        """
        return self._known_job().reconcile()

    async def reconcile_async(self) -> Any:
        """Look for the run again without blocking the event loop; see `reconcile`."""
        return await self._known_job().reconcile_async()

    def _known_job(self) -> Any:
        if self.job is None:
            raise InvalidInput(
                "This error can't look for the run",
                cause="It came from a client's create_agent() or create_run(), or from another process.",
                remedy="List the newest agents with client.list_agents().",
            )
        return self.job

    def __reduce__(self) -> tuple[Any, ...]:
        restore, (kind, title, state) = super().__reduce__()
        return restore, (kind, title, {name: value for name, value in state.items() if name != "job"})


class CannotBlock(OrigamiError):
    """The call would block the only thread, the one on which the response arrives; nothing was sent."""


class NoEventLoop(OrigamiError):
    """No event loop of asyncio is running: no thread can be started, or trio awaits the call. Nothing was sent."""


def ambiguous(
    last: OrigamiError | None,
    *,
    agent_id: str,
    exact: Sequence[tuple[str, str]] = (),
    near: Sequence[tuple[str, str]] = (),
    unseen: bool = False,
    resend_with: str = "",
) -> AmbiguousStart:
    """Return the error for a start whose outcome is unknown.

    Args:
        last: the error of the last attempt.
        agent_id: the agent to continue; empty for a new one.
        exact: agent id and run id of each run that matches exactly, if there are several.
        near: agent id and run id of each run that may match: its brief is known only in part, or its clock is in doubt.
        unseen: whether the runs could not be listed.
        resend_with: the idempotency key with which to send the request again, of a call that has not looked for the run.
    """
    tokens = ", ".join(f'ow.attach("{agent}/{run}")' for agent, run in exact or near)
    if exact:
        cause = f"The response was lost, and {len(exact)} runs with this brief have started since."
        remedy = f"One of them is yours: {tokens}."
    elif near:
        what = "a run may be the one" if len(near) == 1 else "several runs may be the one"
        cause = f"The response was lost, and {what}: its brief is shown only in part, or a clock may be off."
        remedy = f"Check whether it's yours: {tokens}. Nothing was sent again. If it isn't yours, start a new run."
    elif resend_with:
        where = f"client.list_runs({agent_id!r})" if agent_id else "client.list_agents()"
        cause = f"The response was lost{f' ({last.title})' if last is not None else ''}."
        remedy = (
            f"Look for a new {'run' if agent_id else 'agent'} with this brief, or you may pay for it twice: {where}. If "
            f"there is none, call again with idempotency_key={resend_with!r}."
        )
    else:
        where = f'ow.attach("{agent_id}") shows' if agent_id else "client.list_agents() lists"
        looked = "We couldn't look for the run." if unseen else "No run with this brief was found."
        cause = f"The response was lost{f' ({last.title})' if last is not None else ''}. {looked}"
        remedy = (
            "Check before you start it again, or you may pay for it twice: error.reconcile() looks for it, and "
            f"{where} the newest {'run' if agent_id else 'agents'}."
        )
    return AmbiguousStart(
        "A run may have started",
        cause=cause,
        remedy=remedy,
        code="AMBIGUOUS_START",
        status_code=last.status_code if last is not None else None,
        request_id=last.request_id if last is not None else None,
    )


def safe_link(link: object) -> str | None:
    """Return a link if it is safe to show and click (https with a plain host, or a plain mail address), else None."""
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


def _restore(kind: type[OrigamiError], title: str, state: dict[str, Any]) -> OrigamiError:
    error = kind(title)
    error.__dict__.update(state)
    return error
