"""`StartSpec`: what may stand in it, and the fingerprint by which an equal one is known."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import holds_key
from origami_widgets.run.starts.record import StartSpec

# Hypothesis also tries the texts of our source, among them the prefix of a key, which no spec accepts.
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)
TEXTS = TEXTS.filter(lambda text: not holds_key(text))
IDS = st.text(string.ascii_lowercase, min_size=4, max_size=12).map("table-{}".format)
SPECS = st.builds(
    StartSpec,
    TEXTS,
    name=st.none() | TEXTS,
    model=st.none() | st.sampled_from(["origami-lite", "origami-max"]),
    focus_tables=st.lists(IDS, max_size=3),
)
SALTS = st.uuids().map(str)


@given(SPECS, SPECS, SALTS)
def test_two_specs_have_the_same_fingerprint_when_they_ask_for_the_same(spec, other, salt):
    assert spec.fingerprint(salt) == replace(spec).fingerprint(salt)
    assert (spec.fingerprint(salt) == other.fingerprint(salt)) == (spec == other)


@given(SPECS, TEXTS, IDS, SALTS)
def test_each_part_of_what_is_asked_for_changes_it(spec, text, table, salt):
    assume(text not in (spec.prompt, spec.name))
    changed = [
        replace(spec, prompt=text),
        replace(spec, name=text),
        replace(spec, model="origami-else"),
        replace(spec, focus_tables=[*spec.focus_tables, table]),
    ]
    assert len({each.fingerprint(salt) for each in [spec, *changed]}) == 5


@given(SPECS, SALTS, SALTS)
def test_it_cannot_be_compared_with_one_of_another_salt(spec, salt, other):
    assume(salt != other)
    assert spec.fingerprint(salt) != spec.fingerprint(other)


@given(SPECS, SALTS)
def test_where_a_run_starts_is_no_part_of_it(spec, salt):
    other = replace(spec, agent_id="agent-1")
    assert spec.fingerprint(salt) == other.fingerprint(salt)


@pytest.mark.parametrize(
    ("spec", "salt", "fingerprint"),
    [
        (
            StartSpec("List bakeries in Porto", name="Bakers", focus_tables=["6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"]),
            "1f4c8d2e-7a31-4f0e-9b55-0c6d2e8a9f10",
            "d0e2f8093d033d28470bc6566c62e049",
        ),
        (StartSpec("Add their opening hours"), "v2_run-1", "5af7580d9fb2"),
        (StartSpec("List bakeries in Faro"), "towns", "e8b1dd9de9b79ea6"),
    ],
)
def test_those_that_were_written_down_by_earlier_versions_are_known_again(spec, salt, fingerprint):
    """Another value would let each named run be taken for another one, or be paid for again."""
    assert spec.fingerprint(salt).startswith(fingerprint)


@pytest.mark.parametrize(
    "options",
    [
        {"prompt": " "},
        {"prompt": "x" * 10_001},
        {"agent_id": "v2_run-1"},
        {"name": ""},
        {"model": "gpt"},
        {"focus_tables": "table-1"},
    ],
)
def test_what_is_not_valid_makes_no_spec(options):
    with pytest.raises(InvalidInput):
        StartSpec(**{"prompt": "List bakeries in Porto", **options})
