"""The columns of every frame: their order, their dtypes, their units, their documentation."""

import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from origami_widgets import frames
from origami_widgets.frames.reference import ACCOUNT_FRAMES, reference
from origami_widgets.frames.schema import ARROW_DTYPE_NAMES, DTYPE_NAMES
from tests.frames.payloads import BACKENDS, EMPTY, SCHEMAS, handle, payload, table, without_stats

ORDER = {
    "tables_frame": """run_id, table_id, table_name, workspace_id, lead_count, column_count, credits_lifetime_used,
        cells_running, cells_errored, url, created_at, updated_at, credits_per_lead, credits_per_qualified_lead,
        find_more_estimated_credits, has_unknown_total_with_more, qualification_rate, qualification_fetch_rate,
        qualified_leads, effective_leads_per_qualified, estimated_qualified_leads, total_sourced_leads,
        post_static_leads, deduped_leads, dedup_rate, excluded_leads, excluded_rate, running_leads,
        oldest_active_run_started_at""",
    "columns_frame": """run_id, table_id, table_name, position, column_id, column_name, slug, kind, type,
        auto_trigger, credits_lifetime_used, cells_running, cells_errored, avg_credits_per_run, call_rate, total_runs,
        qualification_pass, qualification_fail, qualification_unsure, qualification_total, qualification_pass_rate""",
    "lead_sources_frame": """run_id, table_id, table_name, source_id, source_name, avg_credits_per_lead,
        total_credits, total_leads, source""",
    "actions_frame": """run_id, position, type, table_id, table_name, column_id, column_name, count, lead_count,
        deleted_at""",
    "transcript_frame": """run_id, position, role, content, tool_calls, tool_call_id, name, result, truncated""",
    "runs_frame": """run_id, agent_id, status, prompt, model, steps_completed, steps_max, started_at, completed_at,
        duration, tables, leads, questions""",
    "history_frame": """run_id, time, status, steps_completed, lead_count, cells_running, cells_errored,
        credits_used""",
    "economics_frame": """run_id, table_id, table_name, credits_used, share_of_spend, cells_running, leads, judged_leads,
        qualified_leads, qualified_share, credits_per_lead, credits_per_qualified_lead,
        estimated_credits_per_qualified_lead, more, expected_leads, expected_credits, expected_credits_low,
        expected_credits_high, leads_left, costliest_column, costliest_column_share, credits_errored,
        credits_unqualified, credits_unqualified_min""",
    "column_economics_frame": """run_id, table_id, table_name, column_id, column_name, kind, credits_used,
        share_of_spend, executions, credits_per_execution, credits_per_lead, credits_per_qualified_lead, cells_errored,
        errored_rate, fail_rate, credits_errored, credits_unqualified, credits_unqualified_min, unqualified_share""",
    "lead_source_economics_frame": """run_id, table_id, table_name, source_id, source_name, leads, credits_used,
        share_of_leads, share_of_spend, credits_per_lead, credits_per_qualified_lead, source""",
    "compare_runs": """run_id, agent_id, status, prompt, model, duration, steps_completed, tables, shared_tables, leads,
        qualified_leads, qualified_share, credits_used, credits_added, credits_measured, credits_per_lead,
        credits_per_qualified_lead,
        cells_errored, credits_unqualified, credits_unqualified_min, duration_change, leads_change, credits_used_change,
        credits_per_qualified_lead_change""",
}
SOURCES = {
    "full": payload(),
    "handle": handle(payload()),
    "table": table(),
    "no stats": without_stats(),
    "partial": payload("running_partial"),
    "null response": payload("running_null"),
    "just started": payload("create_agent"),
    "questions": payload("needs_input"),
    "errored": payload("errored"),
    "nothing to cancel": {"run": None},
    "no tables": EMPTY,
    "empty list": [],
    "many": [payload(), table(), payload("running_null")],
}
MAKERS = pytest.mark.parametrize(("maker", "schema"), SCHEMAS.items(), ids=ORDER)


def test_dtypes_are_the_agreed_ones():
    dtypes = {"Int64", "Float64", "boolean", "string", "category", "datetime64[us]", "datetime64[us, UTC]"}
    assert set(DTYPE_NAMES.values()) == dtypes
    assert DTYPE_NAMES.keys() - ARROW_DTYPE_NAMES.keys() == {"category"}


@MAKERS
def test_columns_stand_in_the_agreed_order(maker, schema):
    agreed = [name.strip() for name in ORDER[schema.name].split(",")]
    assert list(maker(payload()).columns) == agreed


@MAKERS
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_and_dtypes_are_the_same_for_every_source(maker, schema, source, backend):
    frame = maker(source, dtype_backend=backend)
    names = DTYPE_NAMES if backend == "numpy_nullable" else DTYPE_NAMES | ARROW_DTYPE_NAMES
    expected = {field.name: names[field.kind] for field in schema.fields}
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == expected
    assert isinstance(frame.index, pd.RangeIndex)
    assert frame.index.start == 0
    for field in schema.fields:
        if field.kind == "category":
            assert tuple(frame[field.name].cat.categories) == field.members
            assert not frame[field.name].cat.ordered


def test_documented_words_are_categories_in_the_documented_order():
    assert list(frames.columns_frame([])["kind"].cat.categories) == ["input", "enrichment", "score", "sequence"]
    assert list(frames.lead_sources_frame([])["source"].cat.categories) == ["historical", "estimate"]
    assert list(frames.actions_frame([])["type"].cat.categories) == [
        "table_created",
        "table_restored",
        "column_added",
        "columns_updated",
        "columns_deleted",
        "columns_restored",
        "leads_added",
        "leads_deleted",
        "leads_restored",
    ]


@MAKERS
def test_amounts_have_a_unit_and_names_have_none(maker, schema):
    units = maker(EMPTY).attrs["units"]
    for field in schema.fields:
        counts = field.kind in ("integer", "number") and field.name != "position"
        assert bool(units.get(field.name)) is counts, field.name


@MAKERS
def test_credits_and_rates_are_floats(maker, schema):
    for field in schema.fields:
        if "credits" in field.name or field.name.endswith("_rate"):
            assert field.kind == "number", field.name
            assert maker([])[field.name].dtype == "Float64"


@MAKERS
def test_the_docstring_lists_every_column_with_dtype_and_unit(maker, schema):
    lines = [line.strip() for line in maker.__doc__.splitlines()]
    listed = [line for line in lines if line.startswith("- `")]
    assert listed == schema.describe().splitlines()


@pytest.mark.parametrize("maker", SCHEMAS, ids=lambda maker: maker.__name__)
def test_examples_run(maker):
    result = doctest.testmod(import_module(maker.__module__))
    assert result.attempted >= 4
    assert result.failed == 0


def test_every_frame_has_a_schema_and_the_page_is_the_one_of_the_code():
    made = {name for name in frames.__all__ if name.endswith("_frame")} - {"rows_frame"} | {"compare_runs"}
    assert {maker.__name__ for maker in SCHEMAS | ACCOUNT_FRAMES} == made
    page = Path(__file__).parents[2] / "notebooks" / "frames.md"
    assert page.read_text(encoding="utf-8") == reference(), (
        "python -m origami_widgets.frames.reference > notebooks/frames.md"
    )


def test_frames_load_pandas_and_nothing_of_the_rest_of_the_package():
    code = (
        "import sys, origami_widgets; assert 'pandas' not in sys.modules;"
        "import origami_widgets.frames;"
        "print(*sorted(name for name in sys.modules"
        " if name.startswith(('origami_widgets.', 'httpx', 'anywidget', 'IPython'))))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    others = [name for name in loaded if not name.startswith("origami_widgets.frames")]
    assert "origami_widgets.api.errors" in others
    assert [
        name
        for name in others
        if not name.startswith(
            ("origami_widgets.api.errors", "origami_widgets.api.models", "origami_widgets.api.errors")
        )
    ] == ["origami_widgets._version", "origami_widgets.api"]
