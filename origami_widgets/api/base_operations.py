"""`BaseOperations`: how each request of the API is sent, read, and sent again. Base of `Operations`.

Repeating a read is free. Repeating a start may cost credits, so a start whose outcome is unknown is not retried here: its
job looks for the run first. Polls are not retried here, as they have a schedule.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
import uuid
import weakref
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api import validate
from origami_widgets.api.client_settings import DEFAULT_BASE_URL, Settings, is_local_url
from origami_widgets.api.error_catalog import error_from, prefix_hint
from origami_widgets.api.errors import (
    ConnectionFailed,
    IdempotencyConflict,
    InvalidInput,
    OrigamiError,
    RateLimited,
    RedirectRefused,
    ServerError,
    UnexpectedAnswer,
)
from origami_widgets.api.models.base import Model, Page
from origami_widgets.api.models.table import came_from
from origami_widgets.api.responses import SUCCESS, ApiRequest, ApiResponse, Check, keep, require_list, require_object
from origami_widgets.api.usage import balance_history_of, is_counted, traffic_of
from origami_widgets.host.runtime import monotonic, time_limit

if TYPE_CHECKING:
    import httpx


M = TypeVar("M", bound=Model)
T = TypeVar("T")

_numbers: weakref.WeakKeyDictionary[object, int] = weakref.WeakKeyDictionary()
"""A number for each API that is embedded in this process. Its `id` may be that of an earlier one, which is gone."""
_next_number = itertools.count(1)
LARGEST_PAGE = 100
"""Items of a page, at most. Rows have pages of their own."""
ATTEMPTS = 4
LONGEST_IN_ALL = 120.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
CONFLICT_WAITS = (4, 10, 20, 40)
"""Waits while a first request with the same key is in flight, as multiples of `FIRST_WAIT`: a server may take half a minute."""
ATTEMPTS_WITHOUT_TRUST = 2
"""Attempts if a certificate or proxy is the problem: what refuses once usually refuses again."""
# Not `random` itself: users who seed it expect the same numbers again.
_chance = random.SystemRandom()


class BaseOperations:
    """The requests of the API for one key, base URL and project.

    Args:
        settings: key, base URL, project and timeout.
        inner: an HTTP transport that replaces the network, as for the embedded sandbox.

    Attributes:
        traffic: requests of all clients in this process to the organization, and its quotas.
        balance_history: the balances that this process has read with this key.
        agent_names: names of agents by id, as the server has told them.
    """

    def __init__(self, settings: Settings, inner: httpx.AsyncBaseTransport | None = None) -> None:
        # Imported here, because the HTTP library takes longer to import than everything else.
        from origami_widgets.api.transport import Transport

        self.settings = settings
        self.transport = Transport(settings, inner)
        self._inner = inner
        self._is_sandbox = False
        # For other hosts, the word `sandbox` would hide which host answers instead of Origami.
        self._may_be_sandbox = inner is not None or is_local_url(settings.base_url)
        self._server_clock: tuple[float, float] | None = None
        self._number = 0 if self.embedded is None else _numbers.setdefault(self.embedded, next(_next_number))
        self.traffic = traffic_of((settings.base_url, settings.key, self._number))
        self.balance_history = balance_history_of((settings.base_url, settings.key.fingerprint), self.embedded)
        self.agent_names: dict[str, str] = {}

    @property
    def origin(self) -> str:
        """Empty for Origami; `sandbox` for a server on this machine that calls itself one; else the host."""
        if self._is_sandbox:
            return "sandbox"
        return "" if self.settings.base_url == DEFAULT_BASE_URL else self.settings.host

    @property
    def identity(self) -> Hashable:
        """Equal for two clients of the same base URL, project and key."""
        return (self.settings.base_url, self.settings.project, self.settings.key.fingerprint, self._number)

    @property
    def destination(self) -> tuple[str, str | None]:
        """The base URL that requests go to, and the project or None."""
        return self.settings.base_url, self.settings.project

    @property
    def embedded(self) -> object | None:
        """The API itself if it is embedded in this process; else None."""
        return getattr(self._inner, "app", self._inner)

    def server_time(self, moment: float) -> float:
        """Return the server's time at a moment, in Unix seconds; before its first response, the time here.

        Args:
            moment: seconds of the monotonic clock, which setting the system clock does not change.
        """
        server, then = self._server_clock or (time.time(), monotonic())
        return server + moment - then

    @property
    def clock_offset(self) -> float | None:
        """The server's clock minus this machine's, in seconds; None before the first response."""
        return None if self._server_clock is None else self.server_time(monotonic()) - time.time()

    def renew_connections(self) -> None:
        """Use new connections from now on, because the old ones are dead. Background loop only."""
        self.transport.renew()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        idempotency_key: str | None = None,
        _within: float | None = None,
    ) -> Any:
        """Send any request of the API, which may spend credits, and send messages to real people. It asks nothing.

        It has the key, the project, the rate limit and the errors of all other calls, and no other host can be reached.
        A GET is retried as every read. A POST carries an idempotency key. A POST, PATCH or DELETE is sent at most once:
        only if nothing of it has left this machine is it tried again.

        Args:
            method: `"GET"`, `"POST"`, `"PATCH"` or `"DELETE"`.
            path: the path below the base URL, as in the API's reference: `"/projects"`, `"/tables/ID/rows"`. Letters,
                digits, `-` and `_` between slashes.
            params: the query: texts, numbers and booleans by name. None leaves one out. Write lists and objects as JSON.
            json: the body, for anything but a GET.
            idempotency_key: the key of a POST, 1 to 255 printable ASCII characters; None makes one. The server repeats
                its first answer to a key for a day, refusals too.

        Returns:
            The answer as plain objects: dicts, lists, texts, numbers. CSV is a text. None for an empty answer. At most
            32 MiB.

        Raises:
            InvalidInput: an argument is not valid; nothing was sent.
            OrigamiError: as of any other call. If the answer to a POST was lost, the error carries `idempotency_key`
                and `may_have_started` is True; so does the exception of an interrupt.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> client.request("GET", "/account")["plan"]["id"]
            'pro'
        """
        verb, where, query = validate.method(method), validate.path(path), validate.params(params)
        if json is not None and verb == "GET":
            raise InvalidInput("A GET has no body", cause=f"GET {where} got json=.", remedy="Pass params= instead.")
        if idempotency_key is not None and verb != "POST":
            raise InvalidInput(
                "Only a POST has an idempotency key", cause=f"Got one for {verb}.", remedy="Leave out idempotency_key=."
            )
        key, headers = None, {"Accept": "application/json, text/csv"}
        if verb == "POST":
            headers["Idempotency-Key"] = key = new_key(idempotency_key)

        asked = ApiRequest(verb, where, query, json, headers, _within)

        async def attempt() -> ApiResponse:
            return await self._once(asked)

        if verb == "GET":
            return (await read_with_retries(attempt)).body
        again = f" If it did not, send it with idempotency_key={key!r}." if key else ""
        look = f"The request may have taken effect. Look before you send it again.{again}"
        return (await _send_if_safe(attempt, key, look, is_unsent)).body

    async def _page(self, item: type[M], path: str, params: Mapping[str, str]) -> Page[M]:
        page = Page.of(item, (await self._read(path, params, check=require_list)).body)
        came_from(self, page.items)
        return page

    async def _read(self, path: str, params: Mapping[str, str], check: Check = require_object) -> ApiResponse:
        return await read_with_retries(lambda: self._once(ApiRequest("GET", path, params), check))

    async def _start(
        self, path: str, body: Mapping[str, object], key: str | None, check: Check, stop: asyncio.Event | None
    ) -> ApiResponse:
        """Send a POST that starts a run. Sent again only if no attempt before can have started one, with the same key."""
        key = new_key(key)
        is_stopped = asyncio.Event() if stop is None else stop
        asked = ApiRequest("POST", path, body=body, headers={"Idempotency-Key": key})

        async def attempt() -> ApiResponse:
            if is_stopped.is_set():
                raise not_wanted()
            return await self._once(asked, check)

        look = "The run may have started. Check before you start it again: list_agents() shows the newest agents."
        return await _send_if_safe(attempt, key, look, is_start_retryable, lambda seconds: pause(seconds, is_stopped))

    async def _once(self, request: ApiRequest, check: Check = keep) -> ApiResponse:
        self.traffic.note_request()
        base_url = self.settings.base_url
        try:
            response = await self.transport.send(request)
        except (UnexpectedAnswer, RedirectRefused) as error:
            # A website that is not an API responds with 200 or redirects to a login.
            error.remedy = prefix_hint(base_url) or error.remedy
            raise
        self.traffic.note_response(response)
        self._is_sandbox = self._is_sandbox or (response.sandbox and self._may_be_sandbox)
        if response.server_date is not None:
            self._server_clock = (response.server_date.timestamp(), monotonic())
        if response.status_code not in SUCCESS:
            raise error_from(response, base_url)
        return check(response)


async def with_retries(
    call: Callable[[], Awaitable[T]],
    is_retryable: Callable[[OrigamiError], bool] = lambda error: error.transient,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Send a request until it succeeds or fails for good: at most four attempts (five of a key in use), within two minutes.

    Args:
        call: sends the request once.
        is_retryable: returns whether to retry after an error; the default suits requests that change nothing.
        pause: waits between two attempts.

    Raises:
        OrigamiError: the error of the last attempt.
    """
    began, attempts = time.monotonic(), 0
    while True:
        attempts += 1
        try:
            return await call()
        except OrigamiError as error:
            most = ATTEMPTS_WITHOUT_TRUST if error.code in ("TLS_FAILED", "PROXY_REFUSED") else ATTEMPTS
            if isinstance(error, IdempotencyConflict):
                most = len(CONFLICT_WAITS) + 1
            wait = wait_after(error, attempts)
            is_too_late = time.monotonic() - began + wait >= LONGEST_IN_ALL
            if attempts >= most or is_too_late or not is_retryable(error):
                raise
        await pause(wait)


def wait_after(error: OrigamiError, attempts: int) -> float:
    """Return the seconds to wait after a number of failed attempts: longer each time, and as long as the server asks.

    At most two minutes, in which the caller would learn nothing.
    """
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempts - 1)) * _chance.uniform(0.75, 1.25)
    if isinstance(error, IdempotencyConflict) and attempts <= len(CONFLICT_WAITS):
        backoff = FIRST_WAIT * CONFLICT_WAITS[attempts - 1]
    return min(max(backoff, error.retry_after or 0.0), LONGEST_IN_ALL)


async def pause(seconds: float, wake: asyncio.Event) -> None:
    """Wait, at most until an event is set."""
    with contextlib.suppress(TimeoutError):
        async with time_limit(seconds):
            await wake.wait()


def is_start_retryable(error: OrigamiError) -> bool:
    """Return whether a POST that starts a run may be sent again with the same key, without looking for the run.

    Yes if nothing was sent, if the server put the request off, or if the first attempt is still in flight. No if a
    response was lost or not understood: if it stood for a 5xx, the server does not remember the key, and another attempt
    could start a second run. No after a repeated refusal, which the server would repeat for ever.
    """
    if error.is_replay:
        return False
    if isinstance(error, IdempotencyConflict):
        return True
    return is_unsent(error) or (isinstance(error, RateLimited) and error.transient)


def is_unsent(error: OrigamiError) -> bool:
    """Return whether a request that is sent at most once may be tried again, because nothing was sent."""
    return isinstance(error, ConnectionFailed) and not error.sent and error.transient


async def read_with_retries(attempt: Callable[[], Awaitable[ApiResponse]]) -> ApiResponse:
    """Send a read, again after a transient error."""
    # Of what the rate limiter has counted, another attempt must be counted, too.
    return await (attempt() if is_counted.get() else with_retries(attempt))


async def _send_if_safe(
    attempt: Callable[[], Awaitable[ApiResponse]],
    key: str | None,
    look: str,
    is_retryable: Callable[[OrigamiError], bool],
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> ApiResponse:
    """Send a request that may have an effect; again only if no earlier attempt can have had one.

    Args:
        attempt: sends it once.
        key: its idempotency key, for the error.
        look: the remedy if it may have had an effect.
        is_retryable: whether no attempt that ended in an error can have had one.
        wait: waits between two attempts.
    """
    try:
        return await with_retries(attempt, is_retryable, wait)
    except OrigamiError as error:
        is_lost = isinstance(error, ConnectionFailed) and error.sent
        error.may_have_started = is_lost or isinstance(error, ServerError | UnexpectedAnswer)
        error.idempotency_key = key
        if error.may_have_started:
            error.remedy = look
        raise


def new_key(given: str | None) -> str:
    """Return a given idempotency key, checked, or a new one."""
    return str(uuid.uuid4()) if given is None else validate.idempotency_key(given)


def page_params(cursor: str | None, limit: object, largest: int = LARGEST_PAGE, **more: str | None) -> dict[str, str]:
    """Return the query for a page of a list. What is None or empty is left out."""
    given = {"cursor": cursor, **more}
    texts = {name: validate.text(name, value) for name, value in given.items() if value is not None and str(value)}
    return {"limit": str(validate.page_limit(limit, largest)), **texts}


def not_wanted() -> OrigamiError:
    """Return the error for a start that was interrupted before it was sent again."""
    error = ConnectionFailed("The run didn't start", cause="It was interrupted.", code="INTERRUPTED")
    error.sent = False
    return error
