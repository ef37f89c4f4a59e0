"""`Idempotency-Key`: keep the first response to a POST for a day, and replay it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.sandbox import error_responses

if TYPE_CHECKING:
    from origami_widgets.sandbox.request_context import SandboxResponse

RETENTION = 24 * 3600.0
"""Wall seconds for which a response is kept. The simulated speed does not shorten them."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(slots=True)
class _KeyEntry:
    method: str
    path: str
    reserved_at: float
    body: bytes | None = None
    response: SandboxResponse | None = None


class IdempotencyStore:
    """Responses by key. A key is reserved when the headers of its request arrive, before its body."""

    def __init__(self) -> None:
        self._entries: dict[str, _KeyEntry] = {}

    def reserve(self, key: str, method: str, path: str, now: float) -> bool:
        """Reserve a key for a request whose body is still to come.

        Returns:
            True if the request is the first one; False if there is a kept response, which `replay` may return.

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
            self._entries[key] = _KeyEntry(method, path, now)
            return True
        if entry.response is None:
            raise _conflict("A request with this Idempotency-Key is still in flight")
        if (entry.method, entry.path) != (method, path):
            raise _conflict("This Idempotency-Key was used for another request")
        return False

    def replay(self, key: str, body: bytes) -> SandboxResponse:
        """Return the kept response.

        Raises:
            ErrorResponse: the body differs from the first one.
        """
        entry = self._entries.get(key)
        if entry is None or entry.response is None or entry.body != body:
            raise _conflict("This Idempotency-Key was used with another body")
        return entry.response

    def store(self, key: str, body: bytes, response: SandboxResponse) -> None:
        """Keep the response to the first request, errors included, but never a 5xx."""
        if response.status >= 500:  # noqa: PLR2004
            self.release(key)
            return
        self._entries[key].body = body
        self._entries[key].response = response

    def release(self, key: str) -> None:
        """Forget a key whose request got no response."""
        self._entries.pop(key, None)


def _conflict(error: str) -> error_responses.ErrorResponse:
    return error_responses.ErrorResponse(409, "IDEMPOTENCY_ERROR", error)
