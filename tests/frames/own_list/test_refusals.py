"""What of a list can't be sent is refused before anything is: with rows, columns and the repair, and never with a value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import origami_widgets as ow
from tests.support.errors import raises
from tests.support.server import RawServer, answer

FRAME = pd.DataFrame({"website": ["a.example", "b.example", "c.example"], "n": [1, 2, 3]})
SECRET = "Geheim"
BAD_VALUES = {
    "a list": [SECRET],
    "a dict": {"a": SECRET},
    "infinity": float("inf"),
    "NUL": f"{SECRET}\0",
    "half an emoji": f"{SECRET}\ud83d",
    "bytes": b"Geheim",
    "a complex number": 1j,
    "a huge text": SECRET * 6000,
    "a Timedelta": pd.Timedelta(1, "D"),
    "a key of the API": "og_live_0123456789abcdefghij0123456789",
}
BAD_KEYS = {"a float": 1.5, "a boolean": True}
BAD_NAMES = {
    "no such column": "nope",
    "not a text": 7,
    "empty": "",
    "blank": " ",
    "control character": "a\nb",
    "too long": "n" * 256,
}


@pytest.fixture
def refused(monkeypatch):
    """The error of a call, which must have sent nothing."""
    with RawServer(answer({})) as server:
        client = ow.Client("og_live_test000000000000000000", base_url=server.base_url)

        def call(frame, **options) -> ow.OrigamiError:
            for act in (ow.upload, lambda *given, **more: ow.enrich(*given, "Find phones", **more)):
                with raises("InvalidInput") as caught:
                    act(frame, client=client, **options)
                assert caught.value.remedy
                assert SECRET not in str(caught.value)
                assert server.requests == []
            return caught.value

        yield call


@pytest.mark.parametrize("bad", BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_value_that_cannot_be_sent(refused, bad):
    frame = FRAME.assign(n=pd.Series([1, bad, 3], dtype=object))
    error = refused(frame, key="website", columns=["n"])
    assert "og_live" not in str(error)
    if not str(bad).startswith("og_live"):
        assert "position 1 " in error.cause
        assert "'n'" in error.title


@pytest.mark.parametrize("bad", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_value_that_cannot_be_a_key(refused, bad):
    frame = FRAME.astype(object)
    frame.loc[2, "website"] = bad
    assert "position 2 " in refused(frame, key="website").cause


def test_a_list_without_rows_and_one_in_which_no_row_has_a_key(refused):
    assert refused([], key="website").title == "The list is empty"
    assert "2 rows" in refused(pd.DataFrame({"website": ["", None]}), key="website").cause


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_column_that_cannot_be_sent(refused, name):
    frame = FRAME if name == "nope" else FRAME.assign(x=1).rename(columns={"x": name})
    refused(frame, key="website", columns=[name])
    refused(frame, key=name)


def test_two_columns_of_one_name(refused):
    twice = pd.concat([FRAME, FRAME[["n"]]], axis=1)
    refused(twice, key="website", columns=["n"])
    refused(FRAME.assign(N=1), key="website", columns=["n", "N"])


def test_rows_that_contradict_each_other_are_named(refused):
    frame = pd.concat([FRAME, FRAME.iloc[[0]].assign(n=9), FRAME], ignore_index=True)
    assert "positions 0, 3 " in refused(frame, key="website", columns=["n"]).cause


def test_contradicting_rows_are_named_by_their_place_in_the_frame(refused):
    """Rows that repeat an earlier one count: the first of two that differ is not the second of those that are sent."""
    frame = pd.concat([FRAME.iloc[[0, 0, 0, 1]], FRAME.iloc[[1]].assign(n=9)], ignore_index=True)
    assert "positions 3, 4 " in refused(frame, key="website", columns=["n"]).cause


@pytest.mark.parametrize(
    "given",
    [FRAME.iloc[:0], pd.DataFrame(), [], "a.csv", None, FRAME["n"], [["a"]], [FRAME], {"website": ["a"]}, np.zeros(3)],
    ids=str,
)
def test_what_is_no_list(refused, given):
    refused(given, key="website")


def test_sizes(refused):
    refused(pd.DataFrame({"website": range(100_001)}), key="website")
    wide = pd.DataFrame({f"c{n}": ["x"] for n in range(300)})
    refused(wide, key="c0", columns=list(wide)[1:])


@pytest.mark.parametrize("key", [None, [], 7, [7], ["website", None]], ids=str)
def test_what_is_no_key(refused, key):
    refused(FRAME, key=key)


def test_several_levels_of_names(refused):
    refused(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])), key="a")
