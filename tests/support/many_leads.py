"""A sandbox whose tables have ten thousand leads, and which notes when it was asked for rows. Notebooks of tests import it."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

import origami_widgets as ow

LEADS = 10_000


class ManyLeads(ow.Sandbox):
    """A sandbox that answers for rows itself, and as ever for all else.

    Attributes:
        pages: first row, number of rows and moment of each request for rows.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pages: list[tuple[int, int, float]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if not scope.get("path", "").endswith("/rows"):
            await super().__call__(scope, receive, send)
            return
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        self.pages.append((start, limit, time.time()))
        body = {
            "object": "list",
            "items": [lead(at) for at in range(start, min(start + limit, LEADS))],
            "nextCursor": str(start + limit) if start + limit < LEADS else None,
            "total": LEADS,
        }
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def lead(number: int) -> dict[str, Any]:
    """Return one lead, in the form of flat rows."""
    return {
        "id": f"lead-{number}",
        "company": f"Bakery {number}",
        "website": f"https://bakery-{number}.example",
        "city": "Porto",
        "employees": number,
        "contact-email": {
            "email": f"hello@bakery-{number}.example",
            "confidence": ("high", "medium", "low")[number % 3],
            "reasoning": "It stands on the contact page.",
            "source_url": f"https://bakery-{number}.example/contact",
        },
        "fit": number % 100,
    }
