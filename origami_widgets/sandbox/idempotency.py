"""`Idempotency-Key`: the first answer to a POST is kept for a day and given again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.sandbox import errors

if TYPE_CHECKING:
    from origami_widgets.sandbox.context import Answer

KEPT = 24 * 3600.0
"""Wall seconds for which an answer is kept; the simulated speed does not shorten them."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(slots=True)
class _Entry:
    method: str
    path: str
    begun: float
    request: bytes | None = None
    answer: Answer | None = None


class IdempotencyStore:
    """Answers by key. A key is taken when the headers of its request arrive, and settled when the answer is known."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def begin(self, key: str, method: str, path: str, now: float) -> bool:
        """Take a key for a request whose body is still to come.

        Returns:
            True when the request is the first one; False when an answer is kept that `replay` may give.

        Raises:
            Refused: the key is malformed, belongs to another request, or its first request is in flight.
        """
        if not _KEY.fullmatch(key):
            raise errors.invalid(("Idempotency-Key", "Expected 1 to 255 printable ASCII characters"))
        self._entries = {
            known: entry for known, entry in self._entries.items() if entry.answer is None or now - entry.begun < KEPT
        }
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = _Entry(method, path, now)
            return True
        if entry.answer is None:
            raise _conflict("A request with this Idempotency-Key is still in flight")
        if (entry.method, entry.path) != (method, path):
            raise _conflict("This Idempotency-Key was used for another request")
        return False

    def replay(self, key: str, body: bytes) -> Answer:
        """Return the kept answer, or refuse when the body differs from the first one."""
        entry = self._entries.get(key)
        if entry is None or entry.answer is None or entry.request != body:
            raise _conflict("This Idempotency-Key was used with another body")
        return entry.answer

    def settle(self, key: str, body: bytes, answer: Answer) -> None:
        """Record the answer of the first request, refusals included, but never a 5xx."""
        if answer.status >= 500:  # noqa: PLR2004
            self.release(key)
            return
        self._entries[key].request = body
        self._entries[key].answer = answer

    def release(self, key: str) -> None:
        """Forget a key whose request did not come to an answer."""
        self._entries.pop(key, None)


def _conflict(error: str) -> errors.Refused:
    return errors.Refused(409, "IDEMPOTENCY_ERROR", error)
