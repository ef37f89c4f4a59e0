"""What `export` writes comes back, read by pandas: from Parquet, from CSV and from Excel."""

from __future__ import annotations

import json
from functools import cache

import pandas as pd
import pyarrow as pa
import pytest

import origami_widgets as ow
from origami_widgets.frames.files.export_parts import FRAMES
from tests.frames.payloads import BACKENDS, EMPTY, payload, without_stats

pytestmark = pytest.mark.sweep

SOURCES = {"full": payload(), "no stats": without_stats(), "empty": EMPTY}
MAKERS = {**FRAMES, "leads": None}


@cache
def sandbox_leads(backend):
    client = ow.Sandbox(speed=600).client()
    run = ow.start("List bakeries in Porto with a web shop", client=client, show=False).wait("cells")
    return ow.leads_frame(run.tables[0], client=client, dtype_backend=backend)


def made(name, source, backend):
    if name != "leads":
        return FRAMES[name](SOURCES[source], dtype_backend=backend)
    frame = sandbox_leads(backend).copy()
    if source == "empty":
        return frame.head(0)
    # What a table may hold besides: objects, integers of more than 64 bits, words that mean nothing in CSV.
    frame["odd"] = pd.Series([[{"n": 2**70}], "x", None] * len(frame), dtype=object).head(len(frame))
    words = ["NA", "null", "007", 'say "ä", b']
    text = "string" if backend == "numpy_nullable" else pd.ArrowDtype(pa.string())
    frame["words"] = pd.array((words * len(frame))[: len(frame)], dtype=text)
    return frame


@pytest.fixture(params=MAKERS)
def name(request):
    return request.param


@pytest.fixture(params=SOURCES)
def source(request):
    return request.param


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def frame(name, source, backend):
    return made(name, source, backend)


def is_category(frame, name):
    return isinstance(frame[name].dtype, pd.CategoricalDtype)


def is_object(frame, name):
    return pd.api.types.is_object_dtype(frame[name].dtype)


def is_moment(frame, name):
    return "UTC" in str(frame[name].dtype)


def is_date(frame, name):
    return str(frame[name].dtype) in ("datetime64[us]", "date32[day][pyarrow]")


def cells(column):
    """A column as Python's values, None for no value, objects as JSON."""
    values = column.astype(object).to_list()
    return [
        value
        if isinstance(value, str)
        else json.dumps(value)
        if isinstance(value, list | dict)
        else None
        if pd.isna(value)
        else value
        for value in values
    ]


def as_written(frame):
    """The frame's values, objects as the JSON in which Parquet holds them."""
    objects = [name for name in frame.columns if is_object(frame, name) and len(frame)]
    return {
        name: [None if value is None else json.dumps(value) for value in frame[name]]
        if name in objects
        else cells(frame[name])
        for name in frame.columns
    }


def test_parquet_read_by_pandas(tmp_path, frame, backend):
    (file,) = ow.export(frame, tmp_path, format="parquet")
    back = pd.read_parquet(file, **({"dtype_backend": "pyarrow"} if backend == "pyarrow" else {}))
    result = dict(back.attrs)
    objects = result.pop("json_columns", [])
    categories = result.pop("categories", {})
    assert result == frame.attrs
    assert objects == (["odd"] if "odd" in frame and len(frame) else [])
    assert set(categories) == {name for name in frame.columns if is_category(frame, name) and frame.empty}
    plain = [name for name in frame.columns if name not in objects]
    if backend == "pyarrow":
        # Asked for Arrow's dtypes, pandas (3.1) reads a category as Arrow's dictionary.
        plain = [name for name in plain if not is_category(frame, name)]
    for name, members in categories.items() if backend != "pyarrow" else ():
        back[name] = back[name].cat.set_categories(members)
    pd.testing.assert_frame_equal(back[plain], frame[plain])
    assert {name: cells(back[name]) for name in back} == as_written(frame)


def test_csv_read_with_the_dtypes_of_the_frame(tmp_path, frame):
    (file,) = ow.export(frame, tmp_path, neutralize=False)
    moments = [name for name in frame.columns if is_moment(frame, name)]
    dates = [name for name in frame.columns if is_date(frame, name)]
    dtypes = {
        name: "string" if name in moments + dates else frame[name].dtype
        for name in frame.columns
        if not is_object(frame, name)
    }
    # An empty text is written in quotation marks, but pandas takes both for no value.
    back = pd.read_csv(file, dtype=dtypes, keep_default_na=False, na_values=[""])
    for name in moments:
        back[name] = (
            pd.to_datetime(back[name], utc=True, format="ISO8601")
            .astype("datetime64[us, UTC]")
            .astype(frame[name].dtype)
        )
    for name in dates:
        assert back[name].dropna().str.fullmatch(r"\d{4}-\d\d-\d\d").all()
        back[name] = pd.to_datetime(back[name], format="%Y-%m-%d").astype("datetime64[us]").astype(frame[name].dtype)
    same = [name for name in frame.columns if not is_object(frame, name)]
    pd.testing.assert_frame_equal(back[same], frame[same])
    for name in frame.columns.difference(same) if len(frame) else ():
        assert [None if pd.isna(value) else value for value in back[name]] == cells(frame[name])


def test_excel_read_by_pandas(tmp_path, frame):
    (file,) = ow.export(frame, tmp_path / "book.xlsx")
    back = pd.read_excel(file, dtype=object, keep_default_na=False, na_values=[""])
    assert list(back.columns) == [f"{name} (UTC)" if is_moment(frame, name) else name for name in frame.columns]
    for head, name in zip(back.columns, frame.columns, strict=True):
        for seen, value in zip(cells(back[head]), cells(frame[name]), strict=True):
            if is_date(frame, name) and value is not None:
                assert pd.Timestamp(seen) == pd.Timestamp(value)
            elif isinstance(value, pd.Timestamp):
                assert abs(pd.Timestamp(seen, tz="UTC") - value) < pd.Timedelta("1ms")
            elif isinstance(value, float):
                assert seen == pytest.approx(value, rel=1e-14)
            else:
                assert seen == value
