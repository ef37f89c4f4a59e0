"""The ASGI application: routes requests to endpoints, after the checks that every request must pass.

The checks come in this order: `Host` (403), rate limit of the address, key (401), rate limit of the organization, plan
(402), route (404, 405), project header, then `Idempotency-Key` and body. Everything from reading the body to the
finished response happens under one lock, so that callers on several loops and threads see one organization.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING, Literal

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.endpoints import ROUTES
from origami_widgets.sandbox.organization import PROJECT_ID, SandboxOrganization
from origami_widgets.sandbox.recipes import IdGenerator
from origami_widgets.sandbox.request_context import Handler, RequestContext, json_response
from origami_widgets.sandbox.run_requests import MAX_BODY_BYTES, is_uuid
from origami_widgets.sandbox.timelines import http_date

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


PREFIX = "/api/v2"
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(?::\d*)?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SandboxApplication:
    """ASGI application that serves one organization.

    Args:
        organization: the state to read and change.
        api_key: the only key that is accepted.
        api_access: whether the organization's plan includes the API; if not, every request is refused.
    """

    def __init__(self, organization: SandboxOrganization, api_key: str, *, api_access: bool) -> None:
        self._organization = organization
        self._authorization = f"bearer {api_key}"
        self._rate_limits = RateLimits(organization.speed)
        self._api_access = api_access
        self._idempotency = IdempotencyStore()
        self._request_ids = IdGenerator(f"{organization.seed}/requests")
        self._lock = Lock()
        handlers: dict[str, dict[str, Handler]] = {}
        for method, path, handler in ROUTES:
            handlers.setdefault(path, {})[method] = handler
        routes = [Route(PREFIX + path, self._endpoint(each), methods=[*each]) for path, each in handlers.items()]
        self._router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        # With an application in the scope, the router raises what it has no endpoint for.
        scope["app"] = self
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        request = Request(scope, receive)
        with self._lock:
            common = self._common_headers(request)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(common)
            elif request.method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            self._admit(request, common)
            await self._router(scope, receive, answer)
        except error_responses.ErrorResponse as refusal:
            await _refusal_response(refusal)(scope, receive, answer)
        except HTTPException as missing:
            await _refusal_response(_no_endpoint(missing.headers))(scope, receive, answer)
        except ClientDisconnect:
            return

    def _admit(self, request: Request, common: dict[str, str]) -> None:
        _check_host(request)
        if not request.url.path.startswith(PREFIX):
            raise _no_endpoint()
        with self._lock:
            now = self._organization.clock.now()
            common |= self._rate_limits.count_address(request.client.host if request.client else "unknown", now)
            self._authenticate(request)
            common |= self._rate_limits.count_organization(now)
        # Only callers with a key learn which endpoints exist.
        if not self._api_access:
            raise error_responses.refusal("SUBSCRIPTION_REQUIRED")

    def _endpoint(self, handlers: Mapping[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            handler = handlers["GET" if request.method == "HEAD" else request.method]
            project = _project(request)
            key = request.headers.get("idempotency-key") if request.method == "POST" else None
            if key is None:
                return self._handle(request, handler, project, await _read_body(request))
            with self._lock:
                now = self._organization.clock.now()
                entry = self._idempotency.reserve(key, request.method, request.url.path, now)
            if entry.response is not None:
                return entry.replay(await _read_body(request))
            try:
                entry.body = await _read_body(request)
                entry.response = self._handle(request, handler, project, entry.body)
            except BaseException:
                with self._lock:
                    self._idempotency.release(key)
                raise
            return entry.response

        return respond

    def _handle(self, request: Request, handler: Handler, project: str | None, body: bytes) -> Response:
        params = request.path_params.items()
        try:
            if len(body) > MAX_BODY_BYTES:
                problem = f"The request body is larger than {MAX_BODY_BYTES} bytes"
                raise error_responses.refusal("PAYLOAD_TOO_LARGE", problem)
            with self._lock:
                context = RequestContext(
                    organization=self._organization,
                    now=self._organization.clock.now(),
                    path=request.url.path,
                    params={name: value if name == "runId" else value.lower() for name, value in params},
                    query=request.query_params,
                    project=project,
                    body=body,
                )
                return handler(context)
        except error_responses.ErrorResponse as refusal:
            return _refusal_response(refusal)

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        given = f"{scheme.lower()} {key.strip()}"
        if not compare_digest(given.encode(), self._authorization.encode()):
            raise error_responses.refusal("UNAUTHORIZED", headers={"WWW-Authenticate": "Bearer"})

    def _common_headers(self, request: Request) -> dict[str, str]:
        given = request.headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else self._request_ids.request()
        now = self._organization.clock.now()
        return {"Date": http_date(now), "X-Request-Id": request_id, "X-Origami-Sandbox": "true"}


def _project(request: Request) -> str | None:
    project = request.headers.get("x-origami-project")
    # Account and projects are always the parent organization's, even if a project is named.
    if project is None or request.url.path.startswith((f"{PREFIX}/account", f"{PREFIX}/projects")):
        return None
    if not is_uuid(project):
        raise error_responses.invalid(("x-origami-project", "Expected a UUID"))
    if project.lower() != PROJECT_ID:
        raise error_responses.not_found("project")
    return PROJECT_ID


def _no_endpoint(headers: Mapping[str, str] | None = None) -> error_responses.ErrorResponse:
    """Return the 404, or with the methods that the path has, the 405."""
    if headers is None:
        return error_responses.refusal("NOT_FOUND")
    allow = ", ".join(sorted(headers["Allow"].split(", ")))
    return error_responses.refusal("METHOD_NOT_ALLOWED", f"Use {allow}", headers={"Allow": allow})


def _refusal_response(refusal: error_responses.ErrorResponse) -> Response:
    return json_response(refusal.body, refusal.status, refusal.headers)


async def _read_body(request: Request) -> bytes:
    """Read a body. If it is too large, read one byte more than allowed, so that equal bodies stay equal."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body[: MAX_BODY_BYTES + 1])


def _check_host(request: Request) -> None:
    """Raise `ErrorResponse` for a request to another machine's host name.

    A web page can make its own host name point to 127.0.0.1 (DNS rebinding), and could then read the answers of a
    server on this machine.
    """
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not _is_local(hosts[0].lower(), request.scope.get("server")):
        raise error_responses.refusal("HOST_NOT_ALLOWED")


def _is_local(host: str, server: tuple[str, int | None] | None) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["v6"] or match["name"].removesuffix(".")
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        # A transport inside this process passes the URL's host as its server; a socket passes an address.
        return server is not None and name == server[0].lower()


RETENTION = 24 * 3600.0
"""Wall seconds for which a response is kept. The simulated speed does not shorten them."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(slots=True)
class _KeyEntry:
    """The first request with a key, and the response to it, refusals included, once there is one."""

    method: str
    path: str
    reserved_at: float
    body: bytes = b""
    response: Response | None = None

    def replay(self, body: bytes) -> Response:
        """Return the kept response, marked as such.

        Raises:
            ErrorResponse: the body differs from the first one.
        """
        if self.response is None or self.body != body:
            raise error_responses.refusal("IDEMPOTENCY_ERROR", "This Idempotency-Key was used with another body")
        kept = self.response
        return Response(kept.body, kept.status_code, {**kept.headers, "Idempotency-Replay": "true"})


class IdempotencyStore:
    """Responses by key. A key is reserved when the headers of its request arrive, before its body."""

    def __init__(self) -> None:
        self._entries: dict[str, _KeyEntry] = {}

    def reserve(self, key: str, method: str, path: str, now: float) -> _KeyEntry:
        """Return what is known of a key, which is reserved for a request whose body is still to come if it is new.

        Raises:
            ErrorResponse: the key is malformed, belongs to another request, or its first request is in flight.
        """
        if not _KEY.fullmatch(key):
            raise error_responses.invalid(("Idempotency-Key", "Expected 1 to 255 printable ASCII characters"))
        self._entries = {
            known: entry
            for known, entry in self._entries.items()
            if entry.response is None or now - entry.reserved_at < RETENTION
        }
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _KeyEntry(method, path, now)
        elif entry.response is None:
            raise error_responses.refusal("IDEMPOTENCY_ERROR", "A request with this Idempotency-Key is still in flight")
        elif (entry.method, entry.path) != (method, path):
            raise error_responses.refusal("IDEMPOTENCY_ERROR")
        return entry

    def release(self, key: str) -> None:
        """Forget a key whose request got no response."""
        self._entries.pop(key, None)


LIMIT_PER_ADDRESS, LIMIT_PER_ORGANIZATION = 300, 100
"""Requests per window."""

WINDOW_SECONDS = 60.0
"""Simulated seconds of a window. On the wall clock, it is never shorter than one second."""


@dataclass(slots=True)
class SlidingWindow:
    """The requests of the last `seconds`, at most `limit` of them."""

    scope: Literal["IP", "Global"]
    limit: int
    seconds: float
    _moments: deque[float] = field(default_factory=deque)

    def count(self, now: float) -> dict[str, str]:
        """Count a request, and return the headers with the limit, what remains and the second at which the window is empty.

        Raises:
            ErrorResponse: the window is full. `Retry-After` is at least a second.
        """
        moments = self._moments
        while moments and moments[0] <= now - self.seconds:
            moments.popleft()
        is_full = len(moments) >= self.limit
        if not is_full:
            moments.append(now)
        headers = {
            f"X-RateLimit-Limit-{self.scope}": str(self.limit),
            f"X-RateLimit-Remaining-{self.scope}": str(self.limit - len(moments)),
            f"X-RateLimit-Reset-{self.scope}": str(math.ceil(moments[-1] + self.seconds)),
        }
        if is_full:
            wait = max(1, math.ceil(moments[0] + self.seconds - now))
            raise error_responses.refusal("RATE_LIMITED", headers={"Retry-After": str(wait), **headers})
        return headers


class RateLimits:
    """Rate limits of one organization.

    Args:
        speed: simulated seconds per wall second.
    """

    def __init__(self, speed: float) -> None:
        self._seconds = max(1.0, WINDOW_SECONDS / speed)
        self._organization = SlidingWindow("Global", LIMIT_PER_ORGANIZATION, self._seconds)
        self._addresses: dict[str, SlidingWindow] = {}

    def count_address(self, address: str, now: float) -> dict[str, str]:
        """Count a request of an address and return its headers.

        Raises:
            ErrorResponse: the address has used up its limit.
        """
        window = SlidingWindow("IP", LIMIT_PER_ADDRESS, self._seconds)
        return self._addresses.setdefault(address, window).count(now)

    def count_organization(self, now: float) -> dict[str, str]:
        """Count a request of the organization and return its headers.

        Raises:
            ErrorResponse: the organization has used up its limit.
        """
        return self._organization.count(now)
