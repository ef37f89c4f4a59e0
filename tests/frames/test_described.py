"""All values that the description of the API allows are in their frame, in the same columns and dtypes."""

import json
import math
from datetime import UTC, datetime
from itertools import product

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from origami_widgets import frames
from tests.frames.described import objects
from tests.frames.payloads import BACKENDS, SCHEMAS, empty_frame

pytestmark = pytest.mark.slow

LOOKED_UP = ("tableName", "columnName")
"""Names that an action may leave out, and its tables say."""
INT64 = range(-(2**63), 2**63)
some = settings(suppress_health_check=list(HealthCheck))


def at(item, path):
    for step in path.split("."):
        item = item.get(step) if isinstance(item, dict) else None
    return item


def moment(value):
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def wanted(kind, value):
    """What a cell should hold, by the rules for its kind; None for nothing."""
    if value is None:
        return None
    if kind == "integer":
        return int(value) if not isinstance(value, bool) and value % 1 == 0 and int(value) in INT64 else None
    if kind == "number":
        return float(value) if math.isfinite(value) else None
    if kind == "timestamp":
        return moment(value)
    return value


def check(frame, schema, origin, items):
    assert len(frame) == len(items)
    for field in schema.fields:
        if field.origin != origin:
            continue
        for found, item in zip(frame[field.name], items, strict=True):
            value = at(item, field.path)
            if field.path in LOOKED_UP and not value:
                continue
            expected = (
                json.dumps(value, ensure_ascii=False)
                if field.path == "toolCalls" and value is not None
                else wanted(field.kind, value)
            )
            assert pd.isna(found) if expected is None else found == expected, (field.name, value)


@given(run=objects("Run"))
@some
def test_every_value_of_a_run_comes_through(run):
    response = run["response"] if isinstance(run["response"], dict) else {}
    tables = response.get("tables") or []
    sources = [at(each, "stats.leadSources") for each in tables]
    parts = {
        frames.runs_frame: ("run", [run]),
        frames.tables_frame: ("table", tables),
        frames.columns_frame: ("column", [column for each in tables for column in each["columns"]]),
        frames.lead_sources_frame: ("lead_source", [source for each in sources for source in each or ()]),
        frames.actions_frame: ("action", response.get("actions") or []),
        frames.transcript_frame: ("message", response.get("transcript") or []),
    }
    # Both on the same examples, as these take longer to make than the frames.
    for backend in BACKENDS:
        for maker, (origin, items) in parts.items():
            check(maker(run, dtype_backend=backend), SCHEMAS[maker], origin, items)


# Fewer, as `test_mutations.py` asks the same of many more answers.
@given(run=objects("Run"), table=objects("Table"), summaries=objects("RunSummaryList"))
@settings(some, max_examples=15)
def test_columns_and_dtypes_never_change(run, table, summaries):
    for maker, backend in product(SCHEMAS, BACKENDS):
        model = empty_frame(maker, backend).dtypes.astype(str).to_dict()
        for source in (run, table, summaries, [run, table, summaries]):
            assert maker(source, dtype_backend=backend).dtypes.astype(str).to_dict() == model
