"""The columns of every frame: their order, their dtypes, their units, their documentation."""

import doctest
import json
import subprocess
import sys
from collections import defaultdict

import pandas as pd
import pytest

from origami_widgets import frames
from origami_widgets.frames.run_frames import HISTORY
from origami_widgets.frames.schema import DTYPE_NAMES
from tests.fixtures.make_frames import ACCOUNT_FRAMES, ARROW_DTYPE_NAMES, LEAD_FRAMES, PAGE, reference
from tests.frames.payloads import BACKENDS, EMPTY, FIXTURES, SCHEMAS, SOURCES, handle, payload, table

MANY = [payload(), table(), payload("running_null")]
FORMS = SOURCES | {"handle": handle(payload()), "nothing to cancel": {"run": None}, "many": MANY}
MAKERS = pytest.mark.parametrize(("maker", "schema"), SCHEMAS.items(), ids=[maker.__name__ for maker in SCHEMAS])


def test_dtypes_are_the_agreed_ones():
    dtypes = {"Int64", "Float64", "boolean", "string", "category", "datetime64[us]", "datetime64[us, UTC]"}
    assert set(DTYPE_NAMES.values()) == dtypes
    assert DTYPE_NAMES.keys() - ARROW_DTYPE_NAMES.keys() == {"category"}


@MAKERS
def test_columns_stand_in_the_promised_order(maker, schema):
    promised = json.loads((FIXTURES / "public_interface.json").read_text(encoding="utf-8"))[schema.name]["columns"]
    assert list(maker(payload()).columns) == list(promised)


def test_a_field_of_the_api_has_one_name_and_a_name_one_meaning():
    schemas = [*(SCHEMAS | ACCOUNT_FRAMES | LEAD_FRAMES).values(), HISTORY]
    fields = [field for schema in schemas for field in schema.fields]
    names, meanings = defaultdict(set), defaultdict(set)
    for field in fields:
        # A history repeats what the API says of run and tables.
        if field.origin == "history":
            continue
        if field.path:
            names[field.origin, field.path].add(field.name)
        meanings[field.name].add((field.kind, field.unit, "" if field.path else "computed"))
    assert [each for each in names.values() if len(each) > 1] == []
    assert {name: each for name, each in meanings.items() if len(each) > 1} == {}


def test_ids_come_last():
    for schema in SCHEMAS.values():
        named = [field.name for field in schema.fields]
        ids = [name for name in named if name in ("run_id", "table_id", "column_id", "source_id", "agent_id")]
        assert named[-len(ids) :] == ids
        assert named[0] == "run_name"


@MAKERS
@pytest.mark.parametrize("source", FORMS.values(), ids=FORMS)
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


@MAKERS
def test_amounts_have_a_unit_and_names_have_none(maker, schema):
    units = maker(EMPTY).attrs["units"]
    for field in schema.fields:
        counts = field.kind in ("integer", "number") and field.name != "position"
        assert bool(units.get(field.name)) is counts, field.name


@pytest.mark.parametrize(("maker", "schema"), (SCHEMAS | ACCOUNT_FRAMES | LEAD_FRAMES).items())
def test_the_docstring_lists_every_column_with_dtype_and_unit(maker, schema):
    lines = [line.strip() for line in maker.__doc__.splitlines()]
    listed = [line for line in lines if line.startswith("- `")]
    assert listed == schema.describe().splitlines()


def test_every_frame_has_a_schema_and_the_page_is_the_one_of_the_code():
    made = {name for name in frames.__all__ if name.endswith("_frame")} - {"leads_frame"}
    named = {maker.__name__ for maker in SCHEMAS | ACCOUNT_FRAMES | LEAD_FRAMES}
    assert named == made | {"describe_leads"}
    assert PAGE.read_text(encoding="utf-8") == reference(), "python -m tests.fixtures.make_frames"


@pytest.mark.parametrize("name", frames.__all__)
def test_every_public_function_has_an_example(name):
    """That they run, `--doctest-modules` says."""
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(frames, name), name)
    assert test.examples


def test_frames_load_pandas_and_nothing_of_the_rest_of_the_package():
    code = (
        "import sys, origami_widgets; assert 'pandas' not in sys.modules;"
        "import origami_widgets.frames;"
        "print(*sorted(name for name in sys.modules"
        " if name.startswith(('origami_widgets.', 'httpx', 'anywidget', 'IPython', 'traitlets'))))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    others = [name for name in loaded if not name.startswith("origami_widgets.frames")]
    assert "origami_widgets.api.errors" in others
    assert [
        name
        for name in others
        if not name.startswith(
            (
                *("origami_widgets.api.errors", "origami_widgets.api.models", "origami_widgets.api.responses"),
                *("origami_widgets.api.rows", "origami_widgets.words"),
                # A list of the user's own is checked for pasted keys.
                *("origami_widgets.api.validate", "origami_widgets.api.keys", "origami_widgets.host"),
                # How a frame is read, and from where. They load the loop and the client only when one is.
                *("origami_widgets.api.background.sync_bridge", "origami_widgets.api.default_client"),
            )
        )
    ] == ["origami_widgets._version", "origami_widgets.api", "origami_widgets.api.background"]
