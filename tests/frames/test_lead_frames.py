"""`overlap` against sets written out by hand: who is in both lists, who only in one, and what is never equal."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.frames.payloads import BACKENDS

KEYS = st.lists(st.sampled_from([None, "a.pt", "A.pt", "b.pt", "c.com"]), max_size=6)


@pytest.mark.parametrize("backend", BACKENDS)
@given(a=KEYS, b=KEYS)
@settings(max_examples=30, deadline=None)
def test_each_value_has_one_row_and_leads_without_one_are_never_in_both(backend, a, b):
    frames = [pd.DataFrame({"domain": pd.Series(keys, dtype="string"), "n": range(len(keys))}) for keys in (a, b)]
    found = ow.overlap(*frames, dtype_backend=backend)
    plain = [[key.lower() for key in keys if key is not None] for keys in (a, b)]
    with_value = found[found["domain"].notna()].set_index("domain")
    assert with_value.index.to_list() == list(dict.fromkeys(plain[0] + plain[1]))
    for key, row in with_value.iterrows():
        assert (row["leads_a"], row["leads_b"]) == (plain[0].count(key), plain[1].count(key))
        wanted = "both" if key in plain[0] and key in plain[1] else "a" if key in plain[0] else "b"
        assert row["found_in"] == wanted
        # The other cells are those of the first lead.
        first = plain[0] if key in plain[0] else plain[1]
        keys = a if key in plain[0] else b
        assert row["n"] == [place for place, each in enumerate(keys) if each is not None][first.index(key)]
    without = found[found["domain"].isna()]
    assert without["found_in"].to_list() == ["a"] * a.count(None) + ["b"] * b.count(None)
    assert found["leads_a"].sum() == len(a)
    assert found["leads_b"].sum() == len(b)


def test_dtypes_are_the_same_without_a_row():
    names = {"domain": "string", "found_in": "category", "leads_a": "Int64", "leads_b": "Int64"}
    for keys in ([], ["a.pt"]):
        frame = pd.DataFrame({"domain": pd.Series(keys, dtype="string")})
        found = ow.overlap(frame, frame)
        assert {name: str(dtype) for name, dtype in found.dtypes.items()} == names
        assert list(found["found_in"].cat.categories) == ["both", "a", "b"]


def test_two_runs_of_the_sandbox_and_a_list_of_customers():
    client = ow.Sandbox(speed=600).client()
    runs = [ow.start("List bakeries in Porto", client=client, show=False).wait("cells") for _ in range(2)]
    first, second = (ow.leads_frame(run) for run in runs)
    found = ow.overlap([first], second)
    assert set(found.loc[found["found_in"] != "b", "domain"].dropna()) == set(first["domain"].dropna())
    assert ow.overlap(first, first)["found_in"].eq("both").sum() == first["domain"].nunique()
    known = pd.DataFrame({"Site": ["https://" + first["domain"].dropna().iloc[0].upper() + "/about"], "owner": ["Ana"]})
    customers = ow.overlap(known.rename(columns={"Site": "domain"}), first).query("found_in == 'both'")
    assert customers["domain"].to_list() == [first["domain"].dropna().iloc[0]]
    assert customers["owner"].to_list() == ["Ana"]
    # What the list of customers lacks comes from the lead.
    assert customers["company"].to_list() == [first["company"][first["domain"].notna()].iloc[0]]
    assert ow.overlap(first, second, on="company").attrs["origami"]["on"] == "company"


@pytest.mark.parametrize(
    ("a", "on", "words"),
    [
        (pd.DataFrame({"x": [1]}), "domain", "No column"),
        ("run", "domain", "compares frames"),
        ([], "domain", "compares frames"),
    ],
)
def test_what_cannot_be_compared(a, on, words):
    with pytest.raises(InvalidInput, match=words):
        ow.overlap(a, pd.DataFrame({"domain": ["a.pt"]}), on=on)
