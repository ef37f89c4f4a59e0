"""`plain`: the same frame with dtypes that every library knows."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.fixtures.interchange import filled
from tests.fixtures.make_frames import ACCOUNT_FRAMES, FRAMES
from tests.frames.payloads import BACKENDS, EMPTY, payload


@cache
def finished():
    client = ow.Sandbox(speed=600).client()
    return ow.start("List bakeries in Porto", client=client, show=False).wait("cells"), client


@cache
def frames(backend):
    """Every frame, full and without rows."""
    run, client = finished()
    made = {}
    for maker in FRAMES:
        made[maker.__name__] = maker(payload(), dtype_backend=backend)
        made[f"{maker.__name__}, empty"] = maker(EMPTY, dtype_backend=backend)
    for maker in ACCOUNT_FRAMES:
        made[maker.__name__] = maker(client=client, dtype_backend=backend)
    for limit, name in ((None, "leads_frame"), (0, "leads_frame, empty")):
        made[name] = ow.leads_frame(run.tables[0], client=client, dtype_backend=backend, limit=limit)
    return made


@pytest.mark.sweep
@pytest.mark.parametrize("backend", BACKENDS)
def test_plain_keeps_what_is_in_a_frame(backend):
    for frame in frames(backend).values():
        before = frame.copy()
        plain = ow.plain(frame)
        pd.testing.assert_frame_equal(frame, before)
        assert (list(plain), plain.attrs, len(plain)) == (list(frame), frame.attrs, len(frame))
        assert filled(plain) == filled(frame)
        for name, dtype in plain.dtypes.items():
            assert isinstance(dtype, np.dtype | pd.CategoricalDtype) or dtype == pd.Series([""]).dtype
            if dtype == np.dtype("datetime64[us]"):
                moments = pd.to_datetime(frame[name].astype(object), utc=True).dt.tz_localize(None)
                assert (moments.dropna() == plain[name].dropna()).all()
            elif pd.api.types.is_object_dtype(dtype):
                shown = [
                    json.loads(b) if isinstance(a, list | dict) else b
                    for a, b in zip(frame[name], plain[name], strict=True)
                ]
                assert [a for a in frame[name] if not (pd.api.types.is_scalar(a) and pd.isna(a))] == [
                    b for b in shown if b is not None
                ]
            else:
                assert (plain[name].dropna() == frame[name].dropna()).all()


@given(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)),
    st.sampled_from(["Int64", "int64[pyarrow]"]),
)
def test_plain_keeps_every_digit_of_whole_numbers(values, dtype):
    column = ow.plain(pd.DataFrame({"n": pd.array(values, dtype=dtype)}))["n"]
    assert [None if pd.isna(value) else int(value) for value in column] == values
    assert column.dtype in ("int64", "float64", object)


def test_plain_takes_frames_alone():
    with pytest.raises(InvalidInput, match=r"ow\.plain"):
        ow.plain(pd.Series([1]))
