"""The sandbox on a loopback port: in a thread for tests and notebooks, in the foreground for the command line."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp
    from uvicorn import Server

HOST = "127.0.0.1"
MISSING = 'The sandbox needs starlette and uvicorn: pip install "origami-widgets[sandbox]"'
_LAST_PORT = 65535
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Served:
    """Where a sandbox is served, and the key it accepts."""

    base_url: str
    api_key: str
    port: int


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback; connections wait in it until the server runs.

    Raises:
        ValueError: the port is no port.
        OSError: the port is taken.
    """
    if not 0 <= port <= _LAST_PORT:
        raise ValueError(f"port must be between 0 and {_LAST_PORT}, not {port}")
    bound = socket.create_server((HOST, port), backlog=512)
    bound.setblocking(False)  # noqa: FBT003  # the signature is the standard library's
    return bound


def address(bound: socket.socket, api_key: str) -> Served:
    """Return where a listening socket is reached."""
    port = int(bound.getsockname()[1])
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
    options: Any = {"date_header": False, "server_header": False, "timeout_graceful_shutdown": 1}
    return uvicorn.Server(uvicorn.Config(cast("Any", app), log_level="warning", lifespan="off", ws="none", **options))


@contextmanager
def serve(app: ASGIApp, api_key: str, port: int) -> Iterator[Served]:
    """Serve from a thread while the context is open."""
    server = make_server(app)
    with listen(port) as bound:
        thread = Thread(target=server.run, kwargs={"sockets": [bound]}, name="origami-sandbox", daemon=True)
        thread.start()
        try:
            yield address(bound, api_key)
        finally:
            server.should_exit = True
            thread.join(_PATIENCE)
