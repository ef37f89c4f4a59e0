"""A sandbox whose table has as many leads as you like, of which its saved filters hide some. Notebooks of tests import it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import origami_widgets as ow
from tests.support.many_leads import lead

LEAST_FIT = 50
"""The least fit of a lead that passes the saved filters; their order is the best fit first."""


class HiddenLeads(ow.Sandbox):
    """A sandbox that answers for tables and rows itself, and as ever for all else.

    Attributes:
        leads: the leads of each table, in the form of flat rows.
        stamp: when each table last changed; to change it is to change the table.
        counts: whether the server says how many rows there are.
        asked: the query of each request for rows.
        tables: the number of requests for a table.
        before: called before each answer about rows, with the query.
    """

    def __init__(self, leads: int, **options: Any) -> None:
        super().__init__(**{"speed": 600, **options})
        self.leads = [lead(number) for number in range(leads)]
        self.stamp = "2026-07-21T09:00:00Z"
        self.counts = True
        self.asked: list[dict[str, str]] = []
        self.tables = 0
        self.before: Any = None

    def ended(self, client: Any) -> Any:
        """Return a table of a run that is over, as the server has it now."""
        run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=60)
        table = client.get_table(run.tables[0].id)
        self.clear()
        return table

    def clear(self) -> None:
        """Forget what was asked."""
        self.asked.clear()
        self.tables = 0

    @property
    def seen(self) -> list[tuple[str, str, str]]:
        """Limit, and whether saved and given filters apply, of each request for rows: `("200", "saved", "given")`."""
        return [
            (
                query["limit"],
                "" if "filters" in query or "defaults" in query else "saved",
                "given" if "filters" in query else "",
            )
            for query in self.asked
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        parts = scope.get("path", "").rstrip("/").split("/")
        if parts[-1] == "rows":
            query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
            self.asked.append(query)
            if self.before is not None:
                self.before(query)
            await answer(send, self.page(query))
        elif scope.get("method") == "GET" and parts[-2] == "tables":
            self.tables += 1
            await super().__call__(scope, receive, lambda message: send(self.renewed(message)))
        else:
            await super().__call__(scope, receive, send)

    def renewed(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a part of an answer about a table, with the count and the stamp of these leads."""
        if not message.get("body"):
            headers = [pair for pair in message.get("headers", []) if pair[0].lower() != b"content-length"]
            return {**message, "headers": headers} if "headers" in message else message
        table = {**json.loads(message["body"]), "leadCount": len(self.leads), "updatedAt": self.stamp}
        return {**message, "body": json.dumps(table).encode()}

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        """Return a page of rows: given filters and order replace the saved ones."""
        rows = self.leads
        saved = query.get("defaults") != "false"
        if "filters" in query:
            rows = [row for row in rows if all(matches(row, part) for part in json.loads(query["filters"]))]
        elif saved:
            rows = [row for row in rows if row["fit"] >= LEAST_FIT]
        if "sort" in query:
            sort = json.loads(query["sort"])
            rows = sorted(rows, key=lambda row: row[sort["column"]], reverse=sort["direction"] == "desc")
        elif saved:
            rows = sorted(rows, key=lambda row: row["fit"], reverse=True)
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        return {
            "object": "list",
            "items": rows[start : start + limit],
            "nextCursor": str(start + limit) if start + limit < len(rows) else None,
            "total": len(rows) if self.counts else None,
        }


def matches(row: dict[str, Any], part: dict[str, Any]) -> bool:
    """Return whether a lead meets a condition; as few operators as the tests need."""
    cell, value = row.get(part["column"]), part["value"]
    match part["operator"]:
        case "contains":
            return str(value).casefold() in str(cell).casefold()
        case "is_not_empty":
            return cell is not None
        case "less_than":
            return float(cell) < float(value)
    raise ValueError(part["operator"])


async def answer(send: Any, body: dict[str, Any]) -> None:
    """Send an answer of JSON."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
