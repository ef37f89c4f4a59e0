"""The notes in `attrs`: shared by every step of pandas, read-only, and the same after every file and join."""

import copy
import io
import json
import pickle

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather

from origami_widgets.frames.frame_builder import read_only
from tests.frames.leads.touched import through_parquet

PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=4)
JSON = st.dictionaries(
    st.text(max_size=4),
    st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    min_size=1,
    max_size=4,
)  # fmt: skip


def framed(notes):
    frame = pd.DataFrame({"x": [1, 2]})
    frame.attrs = {"units": read_only({"x": "credits"}), "origami": read_only(notes)}
    return frame


def from_feather(frame):
    file = io.BytesIO()
    feather.write_feather(frame, file)
    return pd.read_feather(file)


@given(JSON)
def test_notes_are_the_same_after_every_file_and_copy(notes):
    frame = framed(notes)
    assert frame.attrs == {"units": {"x": "credits"}, "origami": notes}
    assert json.loads(json.dumps(frame.attrs)) == frame.attrs
    as_dicts = frame.copy()
    as_dicts.attrs = {"units": {"x": "credits"}, "origami": notes}
    # Before version 18 pyarrow wrote no attrs to Feather.
    assert from_feather(frame).attrs == from_feather(as_dicts).attrs
    for back in (through_parquet(frame), pickle.loads(pickle.dumps(frame)), copy.deepcopy(frame)):  # noqa: S301
        assert back.attrs == frame.attrs
        # A frame from a file and one from the server can be joined without losing what both say.
        assert pd.concat([frame, back]).attrs == frame.attrs


@given(JSON)
def test_every_step_shares_the_notes(notes):
    frame = framed(notes)
    steps = (frame["x"], frame[frame["x"] > 1], frame.head(1), frame.assign(y=1), frame.copy(), pd.concat([frame] * 2))
    assert all(step.attrs["origami"] is frame.attrs["origami"] for step in steps)
    assert read_only(frame.attrs["origami"]) is frame.attrs["origami"]


OF_DICTS = {
    "__setitem__": ("a", 1),
    "__delitem__": ("list",),
    "update": ({"a": 1},),
    "pop": ("list",),
    "popitem": (),
    "setdefault": ("a", 1),
    "clear": (),
}
OF_LISTS = {
    "append": (1,),
    "__setitem__": (0, 1),
    "__delitem__": (0,),
    "__iadd__": ([1],),
    "sort": (),
    "pop": (),
    "extend": ([1],),
    "insert": (0, 1),
    "remove": (1,),
    "reverse": (),
    "clear": (),
    "__imul__": (2,),
}


def test_a_change_is_refused_and_says_what_to_do():
    frame = framed({"list": [1], "inner": {"deep": (2,)}})
    notes = frame.attrs["origami"]
    for part in (notes, notes["inner"], notes["list"], notes["inner"]["deep"]):
        for name, given_values in (OF_DICTS if isinstance(part, dict) else OF_LISTS).items():
            with pytest.raises(TypeError, match="read-only"):
                getattr(part, name)(*given_values)
    assert notes == {"list": [1], "inner": {"deep": [2]}}


def test_an_entry_is_replaced_in_this_frame_alone():
    frame = framed({"rows": 2})
    other = frame.copy()
    frame.attrs["origami"] |= {"rows": 3, "by": ["me"]}
    assert (frame.attrs["origami"], other.attrs["origami"]) == ({"rows": 3, "by": ["me"]}, {"rows": 2})
    with pytest.raises(TypeError, match="read-only"):
        frame.attrs["origami"]["by"].append("you")
    assert dict(frame.attrs["origami"]) | {"rows": 4} == {"rows": 4, "by": ["me"]}
