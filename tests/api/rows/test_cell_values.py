"""The value that one means in a cell, and whether anything was found: what frames, cards and prices go by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.rows.cell_values import (
    PRIMARY,
    REMARKS,
    findings_of,
    is_found,
    is_remark,
    main_key,
    main_value,
)


@pytest.mark.parametrize(
    ("keys", "main"),
    [
        (("value", "confidence"), "value"),
        (("confidence", "email", "reasoning", "source_url"), "email"),
        (("url", "email"), "email"),
        (("amount_usd", "stage"), "amount_usd"),
        (("title", "linkedin_url", "full_name"), "full_name"),
        (("title", "linkedin_url"), "title"),
        (("linkedin_url", "confidence"), "linkedin_url"),
        (("source", "confidence"), "source"),
        (("confidence", "reasoning"), None),
        ((), None),
    ],
)
def test_the_key_of_the_value_that_one_means(keys, main):
    assert main_key(keys) == main


@pytest.mark.parametrize(
    "key", [*REMARKS, "source_url", "email_source_url", "sourceUrl", "sourceUrls", "sources", "Source-Link"]
)
def test_a_remark_speaks_of_the_other_parts(key):
    assert is_remark(key)
    assert key not in findings_of((key, "email"))


@pytest.mark.parametrize("key", ["email", "linkedin_url", "resource", "outsource", "source", "source_name"])
def test_anything_else_can_hold_a_finding(key):
    assert not is_remark(key)


def test_a_source_is_a_finding_where_it_stands_alone_and_no_address():
    assert findings_of(("source",)) == ("source",)
    assert main_value({"source": "LinkedIn", "confidence": "high"}) == "LinkedIn"
    assert main_value({"source": "https://a.example", "confidence": "high"}) is None
    assert is_found({"source": "LinkedIn"})
    assert not is_found({"source": " https://a.example "})
    assert not is_found([{"source": "www.a.example"}])


@pytest.mark.parametrize(
    "value",
    [
        *(0, 0.0, False, "x", [0], {"amount": 0}, {"people": [{"name": "Ana"}]}, "https://a.example"),
        {"linkedin_url": "https://a.example", "confidence": "high"},
        {"title": "CEO", "reasoning": "On the page.", "source_url": "https://a.example"},
        {"email": None, "phone": 0},
        {"hires": False, "confidence": "low"},
        {"email": None, "more": {"other": ["a@b.example"]}},
        {"lead_source": "Referral", "confidence": "high"},
        {"source": "Referral", "confidence": "high"},
        {"resource_url": "https://a.example"},
        {"source": ["Referral", "https://a.example"]},
        {"source": "A post on https://a.example"},
    ],
)
def test_something_is_there(value):
    assert is_found(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            "",
            " \n\t",
            "\u00a0",
            [],
            {},
            [None, ""],
            {"email": None},
            {"email": {"value": " "}},
            {"confidence": "low"},
        ),
        {"a": [[{}]]},
        {"linkedin_url": None, "confidence": "high"},
        {"linkedin_url": "", "confidence": "high"},
        {"email": None, "confidence": "low", "reasoning": "None given.", "source_url": "https://a.example"},
        {"email": "", "email_source_url": "https://a.example", "sources": ["https://a.example"]},
        {"email": None, "emailSourceUrl": "https://a.example", "source_urls": ["https://a.example"]},
        {"email": None, "source": "https://a.example"},
        {"phones": [], "more": {"other": [None, ""]}, "confidence": "low"},
        {"contact": {"email": None, "confidence": "low"}},
        {"email": " ", "confidence": "low"},
        {"email": " \n\t", "phone": None},
        {"source": "https://a.example"},
        {"source": " www.a.example/list ", "confidence": "high", "reasoning": "There."},
        {"source": ["https://a.example", None]},
        {"source": {"link": "HTTP://a.example"}},
        "  ",
    ],
)
def test_nothing_is_there(value):
    assert not is_found(value)


def test_a_cell_that_found_nothing_is_nothing():
    remarks = {"confidence": "low", "reasoning": "Nothing was published.", "email_source_url": "https://a.example"}
    assert not is_found({"email": "", **remarks})
    assert is_found({"email": "a@b.example", **remarks})


keys = st.sampled_from([*PRIMARY, *REMARKS, "title", "linkedin_url", "source", "sources", "source_url", "stage"])
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))


@given(st.dictionaries(keys, values, max_size=5))
def test_the_main_value_is_one_of_the_parts(cell):
    key = main_key(tuple(cell))
    assert key is None or key in cell
    assert main_value(cell) is None or main_value(cell) in list(cell.values())


@given(st.dictionaries(keys, values, max_size=5))
def test_remarks_never_make_a_finding(cell):
    remarks = {key: value for key, value in cell.items() if is_remark(key)}
    assert not is_found(remarks)
    bare = {key: value for key, value in cell.items() if not is_remark(key)}
    assert is_found(bare) == is_found({**bare, "confidence": "high", "reasoning": "x"})
