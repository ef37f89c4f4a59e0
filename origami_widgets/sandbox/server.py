"""The sandbox on a loopback port: in a thread for tests and notebooks, in the foreground for the command line."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from asyncio import Protocol, TimerHandle
    from collections.abc import Iterator

    from starlette.types import ASGIApp
    from uvicorn import Server

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
    listening.setblocking(False)  # noqa: FBT003  # the signature is the standard library's
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
