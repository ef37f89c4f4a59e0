"""The ASGI application: from a request to the route that answers it, with all that holds for every request.

In this order: `Host` (403), route (404, 405), quota of the address, key (401), quota of the organization, plan (402),
project header, then `Idempotency-Key` and body. Everything between reading the body and having the answer happens under
one lock, so that callers on several loops and threads see one world.
"""

from __future__ import annotations

import re
from dataclasses import replace
from hmac import compare_digest
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route

from origami_widgets.sandbox import errors
from origami_widgets.sandbox.bodies import MAX_BODY, is_uuid
from origami_widgets.sandbox.context import Answer, Context, reply
from origami_widgets.sandbox.idempotency import IdempotencyStore
from origami_widgets.sandbox.ids import Ids
from origami_widgets.sandbox.limits import Quota
from origami_widgets.sandbox.moments import http_date
from origami_widgets.sandbox.routes import ROUTES
from origami_widgets.sandbox.world import PROJECT_ID

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address

    from starlette.types import Receive, Scope, Send

    from origami_widgets.sandbox.world import World

PREFIX = "/api/v2"
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(?::\d*)?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Application:
    """Serves one world.

    Args:
        world: the organization.
        api_key: the only key that is accepted.
        api_access: whether the plan of the organization includes the API; without, every request is refused.
    """

    def __init__(self, world: World, api_key: str, *, api_access: bool) -> None:
        self._world = world
        self._authorization = f"bearer {api_key}"
        self._quota = Quota(world.speed)
        self._api_access = api_access
        self._kept = IdempotencyStore()
        self._request_ids = Ids(f"{world.seed}/requests")
        self._lock = Lock()
        self._routes = [Route(PREFIX + path, _unused, methods=[method], name=path) for method, path, _ in ROUTES]
        self._handlers: dict[tuple[str, str], Callable[[Context], Answer]] = {
            (method, path): handler for method, path, handler in ROUTES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        request = Request(scope, receive)
        with self._lock:
            common = self._common_headers(request)
        try:
            answer = await self._answer(request, common)
        except errors.Refused as refused:
            answer = _refusal(refused)
        except ClientDisconnect:
            return
        response = Response(answer.content, answer.status, {**common, **answer.headers}, answer.media_type)
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _answer(self, request: Request, common: dict[str, str]) -> Answer:
        _check_host(request)
        handler, params = self._route(request)
        with self._lock:
            now = self._world.clock.now()
            common |= self._quota.take_address(request.client.host if request.client else "unknown", now)
            self._authenticate(request)
            common |= self._quota.take_organization(now)
            if not self._api_access:
                raise errors.subscription_required()
            project = self._project(request)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return self._handle(request, handler, params, project, await _read(request))
        with self._lock:
            first = self._kept.begin(key, request.method, request.url.path, now)
        if not first:
            body = await _read(request)
            with self._lock:
                kept = self._kept.replay(key, body)
            return replace(kept, headers={**kept.headers, "Idempotency-Replay": "true"})
        settled = False
        try:
            body = await _read(request)
            try:
                answer = self._handle(request, handler, params, project, body)
            except errors.Refused as refused:
                answer = _refusal(refused)
            with self._lock:
                self._kept.settle(key, body, answer)
            settled = True
        finally:
            if not settled:
                with self._lock:
                    self._kept.release(key)
        return answer

    def _handle(
        self,
        request: Request,
        handler: Callable[[Context], Answer],
        params: dict[str, str],
        project: str | None,
        body: bytes,
    ) -> Answer:
        if len(body) > MAX_BODY:
            raise errors.Refused(413, "PAYLOAD_TOO_LARGE", f"The body is larger than {MAX_BODY} bytes")
        with self._lock:
            context = Context(
                world=self._world,
                now=self._world.clock.now(),
                path=request.url.path,
                params=params,
                query=request.query_params,
                project=project,
                body=body,
            )
            return handler(context)

    def _route(self, request: Request) -> tuple[Callable[[Context], Answer], dict[str, str]]:
        allowed: set[str] = set()
        for route in self._routes:
            match, child = route.matches(request.scope)
            if match is Match.FULL:
                params = {
                    name: value if name == "runId" else value.lower() for name, value in child["path_params"].items()
                }
                method = "GET" if request.method == "HEAD" else request.method
                return self._handlers[method, route.name], params
            if match is Match.PARTIAL:
                allowed |= route.methods or set()
        if allowed:
            allow = ", ".join(sorted(allowed))
            raise errors.Refused(405, "METHOD_NOT_ALLOWED", f"Use {allow}", headers={"Allow": allow})
        raise errors.Refused(404, "NOT_FOUND", "No such endpoint")

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        given = f"{scheme.lower()} {key.strip()}"
        if not compare_digest(given.encode(), self._authorization.encode()):
            raise errors.unauthorized()

    def _project(self, request: Request) -> str | None:
        project = request.headers.get("x-origami-project")
        # The account is always the parent's, whatever project is named.
        if project is None or request.url.path.startswith(f"{PREFIX}/account"):
            return None
        if not is_uuid(project):
            raise errors.invalid(("x-origami-project", "Expected a UUID"))
        if project.lower() != PROJECT_ID:
            raise errors.not_found("project")
        return PROJECT_ID

    def _common_headers(self, request: Request) -> dict[str, str]:
        given = request.headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else self._request_ids.request()
        now = self._world.clock.now()
        return {"Date": http_date(now), "X-Request-Id": request_id, "X-Origami-Sandbox": "true"}


def _refusal(refused: errors.Refused) -> Answer:
    return reply(refused.body, refused.status, refused.headers)


async def _read(request: Request) -> bytes:
    """Read a body; of one that is too large one byte more than is allowed, so that equal bodies stay equal."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            break
    return bytes(body[: MAX_BODY + 1])


def _check_host(request: Request) -> None:
    """Refuse a request that was sent to a name of somewhere else.

    A web page can let its own name point to 127.0.0.1 (DNS rebinding), and would then be answered as the page of a
    server on this machine.
    """
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not _is_local(hosts[0].lower(), request.scope.get("server")):
        raise errors.Refused(
            403,
            "HOST_NOT_ALLOWED",
            "The sandbox answers to localhost, 127.0.0.1 and [::1] only. Use one of them in the base URL.",
        )


def _is_local(host: str, server: tuple[str, int | None] | None) -> bool:
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["v6"] or found["name"].removesuffix(".")
    address = _address(name)
    if address is not None:
        return address.is_loopback
    # A transport in this process names the host of the URL as its server; over a socket it is an address.
    in_process = server is not None and _address(server[0]) is None and name == server[0].lower()
    return name == "localhost" or in_process


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


async def _unused(_: Request) -> Response:
    # Starlette's routes are used to match paths only; the handlers are called by `Application._handle`.
    return Response(status_code=404)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
