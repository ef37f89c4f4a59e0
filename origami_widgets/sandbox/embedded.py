"""`Sandbox`: the embedded Origami API as an object, in this process or served on loopback."""

from __future__ import annotations

import socket
import time
from asyncio import Protocol, TimerHandle
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

from origami_widgets.sandbox.organization import SandboxOrganization
from origami_widgets.sandbox.run_requests import PLANS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Send
    from uvicorn import Server

    from origami_widgets.api.client import AsyncClient, Client


HOST = "127.0.0.1"
MISSING = 'The sandbox needs starlette and uvicorn: pip install "origami-widgets[sandbox]"'
_LAST_PORT = 65535
_SHUTDOWN_SECONDS = 10.0
REQUEST_TIMEOUT = 5.0
"""Wall seconds in which a request must arrive completely; otherwise the connection is closed."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where a sandbox is served, and the key it accepts."""

    base_url: str
    api_key: str
    port: int


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback. Connections wait until the server runs.

    Raises:
        ValueError: the port is out of range.
        OSError: the port is taken.
    """
    if not 0 <= port <= _LAST_PORT:
        raise ValueError(f"port must be between 0 and {_LAST_PORT}, got {port}")
    listening = socket.create_server((HOST, port), backlog=512)
    # asyncio does so for sockets that it has made itself. Without it, each answer takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def served_at(listening: socket.socket, api_key: str) -> Served:
    """Return the address of a listening socket."""
    port = int(listening.getsockname()[1])
    return Served(f"http://{HOST}:{port}/api/v2", api_key, port)


def make_server(app: ASGIApp) -> Server:
    """Return a quiet uvicorn server; `Date` comes from the sandbox's own clock.

    Raises:
        ImportError: the extra `sandbox` is not installed.
    """
    try:
        import uvicorn
    except ModuleNotFoundError as missing:
        raise ImportError(MISSING) from missing
    options: Any = {"date_header": False, "server_header": False, "timeout_graceful_shutdown": 1, "http": _protocol()}
    return uvicorn.Server(uvicorn.Config(cast("Any", app), log_level="warning", lifespan="off", ws="none", **options))


def _protocol() -> type[Protocol]:
    """Return uvicorn's protocol with a limit on the time that a request takes to arrive, which uvicorn 0.54 lacks."""
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class TimedProtocol(H11Protocol):
        _timer: TimerHandle
        _has_begun = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._timer = self._new_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._timer.cancel()
            super().connection_lost(exc)

        def shutdown(self) -> None:
            if self._has_begun:
                # uvicorn (0.54) would wait for the rest of the request, then cancel the application, which logs a
                # traceback (Kludex/uvicorn#1824).
                self.transport.close()
            else:
                super().shutdown()

        def handle_events(self) -> None:
            super().handle_events()
            state = self.conn.their_state
            begun = state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))
            if begun and not self._has_begun:
                self._timer.cancel()
                self._timer = self._new_timer()
            elif not begun:
                # No request is being received; until the next one, uvicorn's own keep-alive timeout applies.
                self._timer.cancel()
            self._has_begun = begun

        def _new_timer(self) -> TimerHandle:
            return self.loop.call_later(REQUEST_TIMEOUT, self.transport.close)

    return TimedProtocol


@contextmanager
def serve(app: ASGIApp, api_key: str, port: int) -> Iterator[Served]:
    """Serve from a thread while the context is open."""
    server = make_server(app)
    with listen(port) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="origami-sandbox", daemon=True)
        thread.start()
        try:
            yield served_at(listening, api_key)
        finally:
            server.should_exit = True
            thread.join(_SHUTDOWN_SECONDS)


API_KEY = "og_live_sandbox"
BASE_URL = "https://origami-sandbox.invalid/api/v2"
CREDITS = 5000
MIN_SPEED, MAX_SPEED = 0.001, 1_000_000
"""Bounds of `speed`: beyond them, simulated moments can't be written as dates."""


class Sandbox:
    """Embedded Origami API in this process: no account, no credits, no network.

    It serves agents, runs, cancel, tables, columns, rows, workspaces, documents, row writes, enrichment runs, account and
    (for reading) the project and campaigns under `/api/v2`, with the real limits and error bodies. A word in the prompt
    picks a scenario (`scenario:needs_input`; all names are in `origami_widgets.sandbox.SCENARIOS`). A plain prompt
    completes with two tables, whose cells go on filling for a while. An agent that gets a table that you have uploaded
    adds the columns that the prompt asks for to that one, and fills your rows; some cells find nothing, and some fail.
    Neither a run's end nor cancelling it stops queued cells, only `POST /tables/{tableId}/cancel` does. Companies and
    people are invented, and addresses end in `.example`. The same seed, requests, order and clock give the same bytes.

    Args:
        seed: decides ids and leads.
        speed: simulated seconds per second of the clock. It shortens runs, cell runs, `Retry-After` and the window of
            the rate limits (the last two to at least 1 s). At speed 10, a run of 96 s takes 9.6 s.
        plan: `starter`, `pro`, `scale`, `ultra` or `enterprise`; decides models, concurrent runs and steps.
        credits: the initial balance.
        clock: returns seconds since 1970.
        api_access: False refuses every request with 402 `SUBSCRIPTION_REQUIRED`, as for a plan without the API.

    Raises:
        InvalidInput: an argument is not a number, out of range or unknown.
        ImportError: the extra `sandbox` is not installed.

    Example:
        >>> import origami_widgets as ow
        >>> with ow.Sandbox(speed=100).serve() as served:
        ...     served.base_url.startswith("http://127.0.0.1:")
        True
    """

    api_key = API_KEY
    base_url = BASE_URL

    def __init__(
        self,
        seed: int = 0,
        speed: float = 1.0,
        *,
        plan: str = "pro",
        credits: int = CREDITS,  # noqa: A002  # the word of this API
        clock: Callable[[], float] = time.time,
        api_access: bool = True,
    ) -> None:
        speeds = f"a number from {MIN_SPEED:g} to {MAX_SPEED:,}: simulated seconds per second"
        _check_option("seed", seed, "a whole number", "seed=0", is_valid=_is_number(seed) and seed % 1 == 0)
        _check_option(
            "speed", speed, speeds, "speed=20", is_valid=_is_number(speed) and MIN_SPEED <= speed <= MAX_SPEED
        )
        _check_option("plan", plan, f"one of {', '.join(PLANS)}", 'plan="pro"', is_valid=plan in tuple(PLANS))
        is_balance = _is_number(credits) and credits % 1 == 0 and credits >= 0
        _check_option("credits", credits, "a whole number, 0 or more", "credits=5000", is_valid=is_balance)
        _check_option(
            "clock", clock, "a function that returns seconds since 1970", "clock=time.time", is_valid=callable(clock)
        )
        try:
            from origami_widgets.sandbox.app import SandboxApplication
        except ModuleNotFoundError as missing:
            raise ImportError(MISSING) from missing
        self._options_text = f"seed={seed!r}, speed={speed!r}, plan={plan!r}"
        self._application = SandboxApplication(
            SandboxOrganization(int(seed), float(speed), plan, int(credits), clock),
            API_KEY,
            api_access=api_access,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options_text})"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one ASGI request."""
        await self._application(scope, receive, send)

    def client(self, **options: Any) -> Client:
        """Return a `Client` that talks to this sandbox without a socket.

        Args:
            options: further arguments of `Client`, for instance `project`.
        """
        from origami_widgets.api.client import Client

        return Client(**self._client_options(options))

    @cached_property
    def shared_client(self) -> Client:
        """Return the client for calls that get this sandbox as their client: `ow.start("…", client=sandbox)`."""
        return self.client()

    def async_client(self, **options: Any) -> AsyncClient:
        """Return an `AsyncClient` that talks to this sandbox without a socket.

        Args:
            options: further arguments of `AsyncClient`, for instance `project`.
        """
        from origami_widgets.api.client import AsyncClient

        return AsyncClient(**self._client_options(options))

    def serve(self, port: int = 0) -> AbstractContextManager[Served]:
        """Serve on 127.0.0.1 from a separate thread while the context is open.

        Answers only requests whose `Host` is localhost, 127.0.0.1 (or another address in 127.0.0.0/8) or [::1], with
        any port. Others get 403, so that no web page can reach the sandbox by pointing its own name to this machine. A
        proxy in front of it must set `Host` accordingly. A request that is not complete within 5 seconds is dropped.

        Args:
            port: the port; 0 for any free one.

        Returns:
            A context manager that yields an object with `base_url` and `api_key`.

        Raises:
            ValueError: the port is out of range.
            OSError: the port is taken.
        """
        return serve(self, API_KEY, port)

    def _client_options(self, options: dict[str, Any]) -> dict[str, Any]:
        import httpx

        own = {"api_key": API_KEY, "base_url": BASE_URL, "_transport": httpx.ASGITransport(app=self)}
        return own | options


def _is_number(value: object) -> bool:
    # True is a number only in Python.
    return isinstance(value, Real) and not isinstance(value, bool)


def _check_option(name: str, value: object, expected: str, example: str, *, is_valid: bool) -> None:
    if is_valid:
        return
    from origami_widgets.api.errors import InvalidInput
    from origami_widgets.api.validate import shortened

    title = f"Invalid {name}={shortened(value)}"
    raise InvalidInput(title, cause=f"{name} must be {expected}.", remedy=f"For example: {example}.")
