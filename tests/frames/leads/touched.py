"""A table whose leads change between two readings, and the files through which the frame of the first may go."""

from __future__ import annotations

import io
import json
import urllib.parse
from dataclasses import dataclass, field

import pandas as pd

import origami_widgets as ow
from tests.frames.listed import lead_table
from tests.support.server import answer

KINDS = {"company": "input", "site": "input", "since": "input", "fit": "score", "mail": "enrichment"}


def lead(number, **cells):
    """A lead; one without `mail` is one for which nothing has run."""
    found = {"email": f"info@{number}.example", "confidence": "high"} if number % 3 else {"email": None}
    usual = {
        "company": f"Company {number}",
        "site": f"https://{'abcd'[number % 4]}.{['pt', 'com'][number % 2]}/x",
        "since": f"2026-01-{number + 1:02}",
        "fit": number,
        "mail": found,
    }
    return {slug: value for slug, value in (usual | cells).items() if value is not None}


@dataclass
class ServedTable:
    """A table of the API that a test changes: its leads by id, and which of them the saved filters hide."""

    leads: dict
    hidden: set = field(default_factory=set)
    version: int = 0
    name: str = "t1"

    @property
    def visible(self):
        return [row_id for row_id in self.leads if row_id not in self.hidden]

    def raw(self):
        cells, at = {"running": 0, "errored": 0}, f"2026-07-21T09:{self.version:02}:00Z"
        return lead_table(self.name, len(self.leads), cells=cells, updatedAt=at)

    async def behave(self, request, writer):
        await answer(self.body(request.path, dict(urllib.parse.parse_qsl(request.query))))(request, writer)

    def body(self, path, query):
        if path.endswith("/columns"):
            items = [{"object": "column", "id": s, "name": s.title(), "slug": s, "kind": k} for s, k in KINDS.items()]
            return {"object": "list", "items": items, "nextCursor": None, "url": ""}
        if not path.endswith("/rows"):
            return self.raw()
        # Filters take the place of the saved ones, and `defaults=false` leaves these out.
        replaced = json.loads(query.get("filters", "null")) is not None or query.get("defaults") == "false"
        ids = list(self.leads) if replaced else self.visible
        items = [{"id": row_id, **self.leads[row_id]} for row_id in ids]
        return {"object": "list", "items": items, "nextCursor": None, "total": len(items), "url": ""}


def through_csv(frame):
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


def through_parquet(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return pd.read_parquet(file)


def through_excel(frame):
    file = io.BytesIO()
    ow.plain(frame).to_excel(file, index=False)
    return pd.read_excel(file)
