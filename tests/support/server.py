"""A raw HTTP server on loopback that misbehaves as a test asks, in a thread of its own.

It is written by hand because no HTTP library sends what has to be survived: resets, half an answer, one byte a second.
Each request takes the next behaviour from the plan; the last one goes on for ever.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes
    connection: int
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def json(self) -> Any:
        return json.loads(self.body)


AGENT_TABLES = re.compile(r"/agents/[^/]+/tables$")
TLS_HANDSHAKE = b"\x16"
Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def answer(
    body: Any = None,
    status: int = 200,
    headers: Mapping[str, str] | list[tuple[str, str]] = (),
    *,
    content_type: str = "application/json",
) -> Behaviour:
    """Answer properly. `body` is bytes or text as it stands, or anything else as JSON."""
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return raw(head(status, len(data), headers, content_type) + data)


def head(
    status: int,
    length: int | None,
    headers: Mapping[str, str] | list[tuple[str, str]] = (),
    content_type: str = "application/json",
) -> bytes:
    """The status line and the headers."""
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in pairs]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def raw(data: bytes, *, close: bool = False) -> Behaviour:
    """Send these bytes; with `close` end the connection after them."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    return behave


def reset(after: bytes = b"") -> Behaviour:
    """Send some bytes, then reset the connection."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        if after:
            writer.write(after)
            await writer.drain()
            await asyncio.sleep(0.05)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return behave


def silence(reached: threading.Event | None = None) -> Behaviour:
    """Take the request, set the event, and never answer."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        if reached is not None:
            reached.set()
        await asyncio.sleep(3_600)

    return behave


def drip(data: bytes, *, every: float = 0.05) -> Behaviour:
    """Send one byte at a time, each soon enough to keep a read timeout from striking."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        for at in range(len(data)):
            writer.write(data[at : at + 1])
            await writer.drain()
            await asyncio.sleep(every)

    return behave


class RawServer:
    """The server. Use it as a context manager.

    Attributes:
        port: where it listens; set before it starts, it is that one, as when a server comes back.
        requests: everything that was received, in order.
        connections: how many connections were made.
        open: how many of them are open.
        tables: what requests for the tables of an agent get, which then take nothing from the plan; None: they do.
    """

    def __init__(self, *plan: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.requests: list[Received] = []
        self.connections = self.open = 0
        self.port = 0
        self.tables: Behaviour | None = None
        self._plan = list(plan)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="raw server", daemon=True)

    @property
    def origin(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/api/v2"

    def plan(self, *behaviours: Behaviour) -> None:
        """What the next requests get; the last one goes on for ever."""
        self._plan[:] = behaviours

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        loop, stop = self._loop, self._stop
        assert loop is not None
        assert stop is not None
        loop.call_soon_threadsafe(stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, sock=self._socket(), ssl=self.tls)
        self._ready.set()
        await self._stop.wait()
        # Python forgets to close what was accepted, and has not arrived yet, when its server is closed.
        for listening in server.sockets:
            self._loop.remove_reader(listening.fileno())
        await _a_few_turns()
        server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A task that was cancelled before it began has closed nothing.
        for writer in self._writers:
            writer.transport.abort()
        await _a_few_turns()

    def _socket(self) -> socket.socket:
        """A socket at the port that is wanted, or at one that no server of this process has had before."""
        passed_over = []
        while True:
            made = socket.create_server(("127.0.0.1", self.port))
            port = made.getsockname()[1]
            if self.port or port not in _ports:
                break
            passed_over.append(made)
        for each in passed_over:
            each.close()
        _ports.add(port)
        self.port = port
        return made

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self._writers.append(writer)
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        try:
            while not writer.is_closing():
                request = await _read_request(reader, writer, connection)
                self.requests.append(request)
                await self._behaviour_for(request)(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()
            try:
                await writer.wait_closed()
            except (ConnectionError, asyncio.CancelledError):
                writer.transport.abort()

    def _behaviour_for(self, request: Received) -> Behaviour:
        if self.tables is not None and AGENT_TABLES.search(request.path):
            return self.tables
        return self._plan.pop(0) if len(self._plan) > 1 else self._plan[0]


_ports: set[int] = set()
"""The system gives a port again, and a process remembers which organization is behind an address."""


async def _a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> Received:
    first = await reader.readexactly(1)
    if first == TLS_HANDSHAKE:
        writer.write(b"HTTP/1.1 400 Plain text only\r\n\r\n")
        await writer.drain()
        raise ConnectionError("plain text only")
    top = first + await reader.readuntil(b"\r\n\r\n")
    lines = top.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body, top + body, connection)
