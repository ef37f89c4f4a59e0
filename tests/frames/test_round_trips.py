"""Frames come back from files as they were."""

import io
import json
import pickle

import pandas as pd
import pytest

from tests.frames.payloads import BACKENDS, EMPTY, SCHEMAS, changed, payload, without_stats

SOURCES = {"full": payload(), "no stats": without_stats(), "empty": EMPTY, "null": payload("running_null")}
pytestmark = [
    pytest.mark.parametrize("maker", SCHEMAS, ids=lambda maker: maker.__name__),
    pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES),
]


def parquet(frame, **options):
    file = io.BytesIO()
    frame.to_parquet(file)
    file.seek(0)
    return pd.read_parquet(file, **options)


@pytest.mark.sweep
@pytest.mark.parametrize("backend", BACKENDS)
def test_pickle(maker, source, backend):
    frame = maker(source, dtype_backend=backend)
    back = pickle.loads(pickle.dumps(frame))  # noqa: S301 - made in the line above
    pd.testing.assert_frame_equal(back, frame)
    assert back.attrs == frame.attrs


def test_parquet(maker, source):
    frame = maker(source)
    back = parquet(frame)
    # A file without rows has no dictionary (pyarrow 26), so pandas reads an empty category: everything else comes back.
    pd.testing.assert_frame_equal(back, frame, check_categorical=len(frame) > 0)
    assert back.attrs == frame.attrs


def test_parquet_of_arrow(maker, source):
    frame = maker(source, dtype_backend="pyarrow")
    back = parquet(frame, dtype_backend="pyarrow")
    # pandas (3.1) reads a category as Arrow's dictionary when it is asked for Arrow's dtypes.
    categories = [name for name, dtype in frame.dtypes.items() if dtype == "category"]
    pd.testing.assert_frame_equal(back.drop(columns=categories), frame.drop(columns=categories))
    for name in categories:
        was, read = (each[name].astype(object).where(each[name].notna(), None).to_list() for each in (frame, back))
        assert read == was


def test_attrs_are_json_and_survive_a_copy(maker, source):
    frame = maker(source)
    assert json.loads(json.dumps(frame.attrs)) == frame.attrs
    assert frame.head(1).attrs == frame.attrs
    assert frame[frame["run_id"].notna()].attrs == frame.attrs


def test_frames_of_several_sources_can_be_joined(maker, source):
    frame = pd.concat([maker(source), maker(changed(payload(), "id", "other"))], ignore_index=True)
    assert frame.dtypes.to_dict() == maker(payload()).dtypes.to_dict()
