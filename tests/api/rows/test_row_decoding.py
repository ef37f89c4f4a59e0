"""Pages of rows: a cell that no decoder reads becomes a text, and costs no other row. Pure."""

from __future__ import annotations

import pytest

from origami_widgets.api.errors import UnexpectedAnswer
from origami_widgets.api.rows.row_decoding import decode_rows


@pytest.mark.parametrize("broken", [b"", b"{", b'{"items": [{"id": "\xff"}]}', b'{"items": [{"x": NaN}]}'])
def test_what_is_no_json_is_an_error(broken):
    with pytest.raises(UnexpectedAnswer):
        decode_rows(broken)


def test_half_an_emoji_and_a_byte_order_mark_are_read():
    [row] = decode_rows(b'\xef\xbb\xbf{"items": [{"id": "1", "x": "\\ud83d!"}]}')["items"]
    assert row["x"] == "\ufffd!"


@pytest.mark.parametrize("before", ["", '"a": [1], ', '"a": {"b": {}}, '])
@pytest.mark.parametrize("typed", [False, True])
def test_a_cell_nested_too_deeply_is_a_text_from_its_first_bracket(before, typed):
    cell = "{" + before + '"x": ' + "[" * 1_000 + "]" * 1_000 + "}"
    row = f'"cells": {{"x": {{"type": "value", "value": {cell}}}, "y": 1}}' if typed else f'"x": {cell}, "y": 1'
    (read,) = decode_rows(f'{{"items": [{{"id": "1", {row}}}]}}'.encode())["items"]
    text = read["cells"]["x"]["value"] if typed else read["x"]
    assert text == cell
