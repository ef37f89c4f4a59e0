"""`overlap` against sets written out by hand: who is in both lists, who only in one, and what is never equal."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.frames.payloads import BACKENDS

KEYS = st.lists(st.sampled_from([None, "a.pt", "A.pt", "b.pt", "c.com"]), max_size=6)


@pytest.mark.parametrize("backend", BACKENDS)
@given(a=KEYS, b=KEYS)
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


def test_a_list_of_frames_is_one_list_and_the_notes_say_what_was_compared(bakeries):
    leads = ow.leads_frame(bakeries)
    assert ow.overlap([leads], leads)["found_in"].eq("both").sum() == leads["domain"].nunique()
    assert ow.overlap(leads, leads, on="company").attrs["origami"]["on"] == "company"


def test_columns_of_other_names_stay_as_they_are():
    customers = pd.DataFrame({"Account": ["Nata Lda.", "Broa"], "domain": ["nata.example", "mine.example"]})
    found = pd.DataFrame({"company": ["BROA ", "Pao"], "domain": ["broa.pt", "pao.pt"]})
    compared = ow.overlap(customers, found, left_on="Account", right_on="company")
    assert compared["key"].to_list() == ["nata lda.", "broa", "pao"]
    assert compared["found_in"].to_list() == ["a", "both", "b"]
    assert compared["domain"].to_list() == ["nata.example", "mine.example", "pao.pt"]
    assert compared["company"].to_list() == [pd.NA, "BROA ", "Pao"]
    # Names are compared as names, even if they look like domains.
    names = pd.DataFrame({"name": ["www.nata.pt"], "key": ["k"]})
    compared = ow.overlap(names, pd.DataFrame({"company": ["nata.pt"]}), left_on="name", right_on="company")
    assert (compared["found_in"].to_list(), compared.columns[0]) == (["a", "b"], "key_2")


@pytest.mark.parametrize(
    ("a", "on", "words"),
    [
        (pd.DataFrame({"x": [1]}), "domain", "No column"),
        ("run", "domain", "compares frames"),
        ([], "domain", "compares frames"),
        (pd.DataFrame({"domain": ["a.pt"]}), ["domain"], "No column"),
    ],
)
def test_what_cannot_be_compared(a, on, words):
    with pytest.raises(InvalidInput, match=words):
        ow.overlap(a, pd.DataFrame({"domain": ["a.pt"]}), on=on)


OF_ANY_DTYPE = {
    "deals": [1, 2],
    "active": [True, False],
    "rate": [0.5, 1.5],
    "since": pd.to_datetime(["2026-01-01 10:30", "2026-01-02 00:00"]),
    "seen": pd.to_datetime(["2026-01-01 10:30", "2026-01-02 00:00"]).tz_localize("Europe/Lisbon"),
    "segment": pd.Categorical(["small", "large"]),
    "waited": pd.to_timedelta([1, 2], unit="h"),
    "tags": [["a"], ["b"]],
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", [1, -1])
def test_columns_of_one_list_keep_values_and_missing_ones(backend, order):
    customers = pd.DataFrame({"domain": ["a.pt", "b.pt"], **OF_ANY_DTYPE})
    lists = [customers, pd.DataFrame({"domain": ["b.pt", "c.pt"], "company": ["B", "C"]})]
    found = ow.overlap(*lists[::order], dtype_backend=backend).set_index("domain")
    for name, values in OF_ANY_DTYPE.items():
        assert found.loc[["a.pt", "b.pt"], name].to_list() == list(values)
        assert pd.isna(found.loc["c.pt", name])
    assert found.loc[["a.pt", "b.pt", "c.pt"], "company"].to_list() == [pd.NA, "B", "C"]
    names = {"deals": "Int64", "active": "boolean", "rate": "Float64"}
    if backend == "pyarrow":
        names = {"deals": "int64[pyarrow]", "active": "bool[pyarrow]", "rate": "double[pyarrow]"}
    assert {name: str(found[name].dtype) for name in names} == names


def test_numbers_are_equal_whatever_a_file_has_made_of_them():
    numbers = [pd.Series([12, 7]), pd.Series([12.0, None]), pd.Series(["12 ", "x"]), pd.Series([12], dtype="category")]
    for one in numbers:
        for other in numbers:
            found = ow.overlap(pd.DataFrame({"id": one}), pd.DataFrame({"id": other}), on="id")
            assert found.loc[found["id"] == "12", ["leads_a", "leads_b"]].to_numpy().tolist() == [[1, 1]]


DOMAINS = ["a.pt", "A.PT", "www.a.pt", "x.a.pt", "https://a.pt/y", "co.uk", "x.co.uk", "y.x.co.uk", "a.github.io"]
DOMAINS += ["github.io", "fado.wordpress.com", "wordpress.com", "a.ck", "www.ck", "b.www.ck", "1.5", "n.a", "-a.pt"]
DOMAINS += ["fa\xdf.de", "xn--fa-hia.de", "a..pt", "a.pt.", ".pt", "pt", "a_b.pt", "x.com", "gmail.com", " a.pt ", ""]


@pytest.mark.parametrize("text", DOMAINS)
def test_a_domain_is_compared_as_the_domain_of_its_lead(text):
    """Most values are domains already, and are not looked up again."""
    found = ow.overlap(pd.DataFrame({"domain": [text]}), pd.DataFrame({"domain": [text]}))["domain"]
    of_lead = ow.leads_frame(pd.DataFrame({"row_id": ["r1"], "website": [text]}))["domain"]
    folded = " ".join(text.split()).casefold() or pd.NA
    wanted = of_lead.where(of_lead.notna(), folded).to_list()
    assert found.dropna().to_list() == [each for each in wanted if each is not pd.NA]
