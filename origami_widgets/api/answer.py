"""One answer of the server, decoded, before anyone has decided what it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one request.

    Attributes:
        status_code: the HTTP status.
        body: the decoded JSON, None when there was none.
        headers: the headers, names in lower case.
        digest: a hash of the body, to tell whether anything changed.
        retry_after: seconds the server asked to wait, None when it did not or when it is not readable.
        server_date: the server's clock.
        request_id: what support asks for.
        sandbox: the answer comes from a sandbox, which says so itself.
        oddity: what is wrong with the body, empty when it is JSON.
    """

    status_code: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    digest: bytes = b""
    retry_after: float | None = None
    server_date: datetime | None = None
    request_id: str | None = None
    sandbox: bool = False
    oddity: str = ""

    @property
    def is_replay(self) -> bool:
        """Whether the server repeats its first answer to the idempotency key."""
        return self.headers.get("idempotency-replay", "").strip().lower() == "true"
