"""Pages of rows as slots: the same values as in decoded JSON, and decoded JSON for whatever does not fit. Pure."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.errors import UnexpectedAnswer
from origami_widgets.api.responses import decode
from origami_widgets.api.rows.row_decoding import MOST_MISFITS, RowDecoder, SlottedRow, ids_of, slots_of
from origami_widgets.api.rows.row_paging import RawRows

MISSING = object()


def body(*rows, **envelope):
    return json.dumps({"object": "list", "items": list(rows), "nextCursor": None, **envelope}).encode()


def typed(row):
    cells = {slug: {"type": "value", "value": value, "run": {"id": 1}} for slug, value in row.items() if slug != "id"}
    return {"object": "row", "id": row.get("id", ""), "cells": cells}


def decoder(*slugs, nested=()):
    return RowDecoder(dict.fromkeys(slugs, MISSING), nested)


def in_slots(page):
    return {isinstance(row, SlottedRow) for row in page["items"]} == {True}


def as_dicts(rows):
    """The rows as decoded JSON has them."""
    if not isinstance(rows[0], SlottedRow):
        return [{key: value for key, value in row.items() if key != "object"} for row in rows]
    ids, slots = slots_of(rows)
    assert list(ids) == ids_of(rows)
    columns = {slug: list(cells) for slug, cells in slots.items()}
    cells = [{slug: each[at] for slug, each in columns.items() if each[at] is not MISSING} for at in range(len(rows))]
    return [{"id": row_id, **row} for row_id, row in zip(ids, cells, strict=True)]


SCALAR = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3)  # fmt: skip
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
)
ROW = st.dictionaries(st.sampled_from("xyz"), VALUE).map(lambda row: {"id": "r", **row})
PAGES = st.lists(st.lists(ROW, min_size=1, max_size=3), min_size=1, max_size=4)


@given(PAGES, st.sets(st.sampled_from("xyz")), st.booleans())
def test_any_page_has_the_values_of_decoded_json(pages, nested, are_typed):
    decoded = decoder("x", "y", "z", nested=nested)
    for rows in pages:
        page = decoded(body(*map(typed, rows) if are_typed else rows, total=9))
        found = RawRows.of(page)
        assert (found.total, found.next_cursor, ids_of(found.items)) == (9, None, ["r"] * len(rows))
        as_json = json.loads(body(*rows))["items"]
        if in_slots(page) or not are_typed:
            assert as_dicts(found.items) == as_json
        else:
            assert found.items == [typed(row) for row in as_json]


@pytest.mark.parametrize("shape", [dict, typed])
def test_rows_have_slots(shape):
    decoded = decoder("x", "y", nested="y")
    pages = [decoded(body(shape({"id": str(n), "x": n, "y": {"email": "a"}}))) for n in range(3)]
    assert all(map(in_slots, pages))
    assert as_dicts(pages[2]["items"]) == [{"id": "2", "x": 2, "y": {"email": "a"}}]


def test_keys_may_come_in_any_order_and_may_be_missing():
    page = decoder("x", "y", "z")(body({"y": 3, "id": "2", "z": 4}, {"x": 5}))
    assert in_slots(page)
    assert as_dicts(page["items"]) == [{"id": "2", "z": 4, "y": 3}, {"id": "", "x": 5}]


OTHERS = [
    body({"id": "1", "new": 1}),
    body({"id": 1, "x": 1}),
    body({"id": "1", "x": 1}, other=1),
    body({"id": "1", "x": 1}, total="1"),
    body({"id": "1", "x": {"a": {"b": {"c": 1}}}}),
    body("no row"),
    body({"id": "1", "cells": {"x": 1}}),
    body({"object": "row", "id": "1", "cells": {"x": {"type": "sequence", "sequenceId": "q"}}}),
    body({"object": "row", "id": "1", "cells": {"x": None}}),
]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("shape", [dict, typed])
def test_a_page_of_another_shape_is_decoded_like_any_response(other, shape):
    decoded = decoder("x")
    usual = body(shape({"id": "1", "x": 1}))
    decoded(usual)
    assert decoded(other) == decode(other)
    assert in_slots(decoded(usual))


def test_slots_are_given_up_where_pages_keep_changing_their_shape():
    decoded = decoder("x")
    usual, other = body({"id": "1", "x": 1}), body({"id": "1", "new": 1})
    for _ in range(MOST_MISFITS):
        assert in_slots(decoded(usual))
        assert not in_slots(decoded(other))
    assert not any(in_slots(decoded(usual)) for _ in range(3))


def test_an_object_in_a_column_of_texts_costs_slots_once():
    decoded = decoder("x", "y")
    decoded(body({"id": "1", "x": "a"}))
    assert not in_slots(decoded(body({"id": "1", "x": {"a": ["b"]}})))
    assert in_slots(decoded(body({"id": "1", "x": ["c"], "y": {}})))


@pytest.mark.parametrize("slug", ["id", "object"])
def test_a_column_called_like_a_rows_key_has_slots_in_typed_rows(slug):
    flat, cells = decoder(slug), decoder(slug)
    assert not in_slots(flat(body({"id": "1", slug: "2"})))
    page = cells(body({"object": "row", "id": "1", "cells": {slug: {"type": "value", "value": "3"}}}))
    assert [list(cells) for cells in slots_of(page["items"])[1].values()] == [["3"]]


@pytest.mark.parametrize("broken", [b"", b"{", b'{"items": [{"id": "\xff"}]}', b'{"items": [{"x": NaN}]}'])
def test_what_is_no_json_is_an_error(broken):
    decoded = decoder("x")
    decoded(body({"id": "1", "x": 1}))
    with pytest.raises(UnexpectedAnswer):
        decoded(broken)
    assert in_slots(decoded(body({"id": "1", "x": 1})))


def test_half_an_emoji_and_a_byte_order_mark_are_read():
    decoded = decoder("x")
    decoded(body({"id": "1", "x": "a"}))
    assert decoded(b'{"items": [{"id": "1", "x": "\\ud83d!"}]}')["items"] == [{"id": "1", "x": "\ufffd!"}]
    assert decoded(b"\xef\xbb\xbf" + body({"id": "1", "x": "a"}))["items"] == [{"id": "1", "x": "a"}]


def test_rows_with_slots_take_part_in_no_garbage_collection():
    decoded = decoder("x")
    [row] = decoded(body({"id": "1", "x": 1}))["items"]
    assert not type(row).__struct_config__.gc
    assert msgspec.to_builtins(row) == {"id": "1", "object": "", "x": 1}


@pytest.mark.parametrize("before", ["", '"a": [1], ', '"a": {"b": {}}, '])
@pytest.mark.parametrize("typed", [False, True])
def test_a_cell_nested_too_deeply_is_a_text_from_its_first_bracket(before, typed):
    cell = "{" + before + '"x": ' + "[" * 1_000 + "]" * 1_000 + "}"
    row = f'"cells": {{"x": {{"type": "value", "value": {cell}}}, "y": 1}}' if typed else f'"x": {cell}, "y": 1'
    (read,) = decoder("x", "y")(f'{{"items": [{{"id": "1", {row}}}]}}'.encode())["items"]
    built = read if isinstance(read, dict) else msgspec.to_builtins(read)
    text = built["cells"]["x"]["value"] if typed else built["x"]
    assert text == cell
