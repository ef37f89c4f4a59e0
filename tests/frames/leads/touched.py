"""A table whose leads change between two readings, and what analysts do to the frame of the first."""

from __future__ import annotations

import io
import json
import urllib.parse
from dataclasses import dataclass, field
from itertools import count

import pandas as pd

import origami_widgets as ow
from tests.support.server import answer

CUSTOMERS = pd.DataFrame(
    {"domain": ["a.pt", "b.com", "z.org"], "owner": ["Ana", "Rui", "Eva"], "deals": [1, 2, 3], "active": True}
)
KINDS = {"company": "input", "site": "input", "since": "input", "fit": "score", "mail": "enrichment"}
WANTED = ["company", "site", "since", "fit", "mail", "mail_confidence", "mail_found"]
"""Columns of the table in a frame."""


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


def cell(values, name):
    """What a frame has in a column for a lead, as JSON."""
    mail = values.get("mail")
    if name == "mail":
        return mail and mail["email"]
    if name == "mail_confidence":
        return mail and mail.get("confidence")
    if name == "mail_found":
        return None if mail is None else mail["email"] is not None
    return values.get(name)


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
        return {
            "object": "table",
            "id": self.name,
            "name": "Leads",
            "leadCount": len(self.leads),
            "cells": {"running": 0, "errored": 0},
            "updatedAt": f"2026-07-21T09:{self.version:02}:00Z",
            "columns": [],
        }

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


def some(frame, names):
    return frame[[name for name in names if name in frame]]


TOUCHES = {
    "filter": lambda frame: frame[frame["row_id"] != "r1"],
    "sort": lambda frame: frame.sort_values("row_id", ascending=False),
    "assign": lambda frame: frame.assign(score=range(len(frame)), seen=[True] * len(frame), note=None),
    "drop": lambda frame: frame.drop(columns=["site", "mail_confidence"], errors="ignore"),
    "drop what says it": lambda frame: frame.drop(columns=["mail_found"], errors="ignore"),
    "narrow": lambda frame: some(frame, ["row_id", "fit", "mail"]),
    "narrow to ids": lambda frame: some(frame, ["table_id", "row_id", "domain", "company"]),
    "rename": lambda frame: frame.rename(columns={"company": "firm", "domain": "domain"}),
    "merge": lambda frame: frame.merge(CUSTOMERS, on="domain", how="left") if "domain" in frame else frame,
    "merge with leads of none": lambda frame: (
        frame.merge(CUSTOMERS[["domain"]], on="domain", how="outer") if "domain" in frame else frame
    ),
    "to_csv and read_csv": through_csv,
    "to_parquet and read_parquet": through_parquet,
    "to_excel and read_excel": through_excel,
    "objects": lambda frame: frame.astype(object),
    "convert_dtypes": lambda frame: frame.convert_dtypes(),
    "categories": lambda frame: (
        frame.assign(company=frame["company"].astype("category")) if "company" in frame else frame
    ),
    "reset_index": lambda frame: frame.reset_index(
        names=next(name for name in map("index_{}".format, count()) if name not in frame)
    ),
    "concat of halves": lambda frame: pd.concat([frame.iloc[:2], frame.iloc[2:]]),
    "concat twice": lambda frame: pd.concat([frame, frame]),
    "columns in another order": lambda frame: frame[sorted(frame.columns)],
}


def touched(frame, names):
    for name in names:
        frame = TOUCHES[name](frame)
    return frame


def ids_of(frame):
    return [None if pd.isna(each) else str(each) for each in frame["row_id"].astype(object)]


def plain_text(value):
    """A value as text, whatever a file has made of it."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).removesuffix(" 00:00:00").lower()
