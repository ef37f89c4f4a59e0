from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api import responses
from origami_widgets.api.errors import UnexpectedAnswer

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_was_encoded_is_decoded(value):
    assert responses.decode(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_one_error(body):
    with contextlib.suppress(UnexpectedAnswer):
        json.dumps(responses.decode(body), allow_nan=False)


def test_a_byte_order_mark_is_no_fault():
    assert responses.decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_an_emoji_cut_in_the_middle_is_readable_and_can_be_sent_on():
    value = responses.decode(b'{"prompt": "go \\ud83d", "whole": "\\ud83d\\ude00", "\\udc00": 1}')
    assert value == {"prompt": "go \ufffd", "whole": "😀", "\ufffd": 1}
    json.dumps(value, ensure_ascii=False).encode()


def test_long_integers_keep_every_digit():
    assert responses.decode(b"[9007199254740993, 12345678901234567890123]") == [
        9007199254740993,
        12345678901234567890123,
    ]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b'{"id": "v2_ru', "cut off"),
        (b'{"a": "\x00"}', "isn't valid JSON"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": NaN}', "NaN, which isn't a number"),
        (b'{"a": "\\ud83d", "b": [-Infinity]}', "-Infinity, which isn't a number"),
        (b'{"credits": 1e999, "name": "a"}', "1e999, which isn't a number"),
        (b"[" + b"9" * 400 + b".5]", "9…, which isn't a number"),
        (b'{"a": 1} x', "isn't valid JSON"),
        (b"[" * 100_000, "nested"),
        (b'["\\ud83d",' + b"[" * 100_000 + b"]" * 100_001, "nested"),
        (b"1" * 5_000, "isn't valid JSON"),
        (b"<!DOCTYPE html><title>Hotel</title>", "sign-in page"),
        (b"\n <html><body>Welcome", "sign-in page"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_an_invalid_body_names_its_cause(body, cause):
    with pytest.raises(UnexpectedAnswer, match=cause) as caught:
        responses.decode(body)
    assert caught.value.transient
    assert caught.value.remedy


def test_an_invalid_number_does_not_blame_the_network():
    with pytest.raises(UnexpectedAnswer) as caught:
        responses.decode(b'{"items": [{"n": NaN}]}')
    assert "network" not in str(caught.value).lower()
