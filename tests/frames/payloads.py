"""Payloads and stand-ins that the tests of frames share."""

import copy
import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from tests.fixtures.make_frames import FRAMES

FIXTURES = Path(__file__).parents[1] / "fixtures"
SCHEMAS = FRAMES
BACKENDS = ("numpy_nullable", "pyarrow")
EMPTY = {"object": "list", "items": [], "nextCursor": None, "url": "/api/v2/tables"}


@cache
def empty_frame(maker, backend):
    """The frame without rows: the columns, dtypes and categories of every other one."""
    return maker([], dtype_backend=backend)


def payload(name="completed_stats"):
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def table():
    return payload()["response"]["tables"][0]


def without_stats():
    run = payload()
    for each in run["response"]["tables"]:
        del each["stats"]
        for column in each["columns"]:
            column.pop("stats", None)
            column.pop("qualification", None)
    return run


def handle(run, tables=None):
    """A stand-in for the handle: its tables are newer than its payload."""
    tables = run["response"]["tables"] if tables is None else tables
    return SimpleNamespace(id=run.get("id"), raw=run, tables=tuple(SimpleNamespace(raw=each) for each in tables))


def changed(source, path, value):
    """A copy with another value at a path such as `columns.0.kind`."""
    result = copy.deepcopy(source)
    *outer, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = result
    for step in outer:
        place = place[step]
    place[last] = value
    return result


SOURCES = {
    "full": payload(),
    "table": table(),
    "no stats": without_stats(),
    "no tables": EMPTY,
    "empty list": [],
    "partial": payload("running_partial"),
    "null response": payload("running_null"),
    "just started": payload("create_agent"),
    "questions": payload("needs_input"),
    "errored": payload("errored"),
}
"""What frames and plots are made of."""
