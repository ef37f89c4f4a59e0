"""`Sandbox`: the embedded Origami API as an object."""

from __future__ import annotations

import math
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.plans import PLANS
from origami_widgets.sandbox.server import MISSING
from origami_widgets.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from contextlib import AbstractContextManager

    from starlette.types import Receive, Send

    from origami_widgets.api.async_client import AsyncClient
    from origami_widgets.api.client import Client
    from origami_widgets.sandbox.server import Served

API_KEY = "og_live_sandbox"
BASE_URL = "https://origami-sandbox.invalid/api/v2"
CREDITS = 5000


class Sandbox:
    """An Origami API in this process: no account, no credits, no network.

    It answers agents, runs, cancel, tables, columns, rows, cells and account under `/api/v2`, with the real limits and
    error bodies. A word in the prompt picks what happens (`scenario:needs_input`; all names are in
    `origami_widgets.sandbox.SCENARIOS`); a plain prompt completes with two settled tables. Companies and people are
    invented, addresses end in `.example`. The same seed, the same requests in the same order and the same clock give
    the same bytes.

    Args:
        seed: decides ids and leads.
        speed: simulated seconds per second of the clock. It shortens runs, cell work, `Retry-After` (at least 1 s) and
            the window of the request quotas (at least 1 s); a run that takes 96 s takes 9.6 s at speed 10.
        plan: `starter`, `pro`, `scale`, `ultra` or `enterprise`; decides models, concurrent runs and steps.
        credits: balance at the start.
        clock: returns seconds since 1970.

    Raises:
        ValueError: an argument is out of range.
        ImportError: the extra `sandbox` is not installed.

    Example:
        >>> with Sandbox(speed=100).serve() as served:
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
    ) -> None:
        if not (math.isfinite(speed) and speed > 0):
            raise ValueError(f"speed must be a number above 0, not {speed!r}")
        if plan not in PLANS:
            raise ValueError(f"plan must be one of {', '.join(PLANS)}, not {plan!r}")
        if credits < 0:
            raise ValueError(f"credits must not be negative, not {credits!r}")
        try:
            from origami_widgets.sandbox.app import Application
        except ModuleNotFoundError as missing:
            raise ImportError(MISSING) from missing
        self._application = Application(World(seed, speed, plan, credits, clock), API_KEY)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one ASGI request."""
        await self._application(scope, receive, send)

    def client(self, **options: Any) -> Client:
        """Return a `Client` that talks to this sandbox without a socket.

        Args:
            options: further arguments of `Client`, for instance `project`.
        """
        from origami_widgets.api.client import Client

        return Client(**self._options(options))

    @cached_property
    def shared_client(self) -> Client:
        """The client of calls that are given this sandbox in the place of one: `ow.start("…", client=sandbox)`."""
        return self.client()

    def async_client(self, **options: Any) -> AsyncClient:
        """Return an `AsyncClient` that talks to this sandbox without a socket.

        Args:
            options: further arguments of `AsyncClient`, for instance `project`.
        """
        from origami_widgets.api.async_client import AsyncClient

        return AsyncClient(**self._options(options))

    def serve(self, port: int = 0) -> AbstractContextManager[Served]:
        """Serve on 127.0.0.1 from a thread of its own while the context is open.

        Args:
            port: port, 0 for any free one.

        Returns:
            A context manager that yields an object with `base_url` and `api_key`.

        Raises:
            ValueError: the port is no port.
            OSError: the port is taken.
        """
        from origami_widgets.sandbox.server import serve

        return serve(self, API_KEY, port)

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        import httpx

        own = {"api_key": API_KEY, "base_url": BASE_URL, "_transport": httpx.ASGITransport(app=self)}
        return own | options
