"""The example payloads with unknown fields, unknown members, missing parts and nulls reach every renderer."""

import copy
import json

import pytest

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from tests.card.markup import read, words
from tests.fixtures.states import NOW, payload, state_of

NAMES = ["running_null", "running_partial", "completed_stats", "needs_input", "errored"]
ENUMS = {"status", "type", "kind", "model", "source", "object"}


def places(value, path=()):
    """Every place inside a payload, the innermost last."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(value, path, change):
    """A copy with `change` applied to the parent and key of a place."""
    value = copy.deepcopy(value)
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return value


def set_to(new):
    def change(parent, key):
        parent[key] = new

    return change


def drop(parent, key):
    del parent[key]


def render(run):
    """All renderers; ids are what an answer is filed under, so they stay."""
    state = state_of({"id": "r", "agentId": "a"} | run)
    json.dumps(make_view(state, now=NOW), allow_nan=False)
    view = make_view(state, now=NOW, form="snapshot")
    html, text = render_html(view, now=NOW), render_text(view, now=NOW)
    read(html)
    assert text
    return html, text


@pytest.mark.sweep
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change",
    [drop, *map(set_to, (None, "", "x", -1, 1.5, True, [], {}, [None], {"a": 1}, "9" * 5_000))],
    ids=[
        "missing",
        "null",
        "empty",
        "text",
        "negative",
        "fraction",
        "true",
        "list",
        "object",
        "nulls",
        "other",
        "digits",
    ],
)
def test_any_one_part_may_be_missing_or_of_another_kind(name, change):
    run = payload(name)
    for path in places(run):
        if path not in (("id",), ("agentId",)):
            render(changed(run, path, change))


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_change_nothing(name):
    def grown(value):
        if isinstance(value, dict):
            return {**{key: grown(inner) for key, inner in value.items()}, "brandNew": {"x": [1]}}
        return [grown(item) for item in value] if isinstance(value, list) else value

    run = payload(name)
    assert render(grown(run)) == render(run)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_members_are_shown_or_left_out_but_never_fatal(name):
    run = payload(name)
    for path in places(run):
        if path[-1] in ENUMS:
            render(changed(run, path, set_to("brand_new_member")))


def test_an_unknown_status_is_shown_as_it_is():
    run = payload("completed_stats") | {"status": "paused"}
    html, text = render(run)
    assert "paused" in words(html)
    assert "paused" in text


def test_an_empty_object_and_all_nulls_are_a_card_too():
    render({"status": "completed"})
    render({key: None for key in payload("completed_stats") if key not in ("id", "agentId")})
