"""Rules that hold for each of the plots."""

import json
from functools import cache

import pytest

from origami_widgets import frames
from origami_widgets.api.errors import InvalidInput
from tests.fixtures import hostile
from tests.frames.payloads import payload
from tests.frames.plots.drawn import (
    PLOTS,
    POINTS,
    SOURCES,
    many_tables,
    rows,
    size,
    svg,
    texts,
    values,
    watched,
    with_history,
    written,
)

EACH = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
LONGEST_TEXT = 1_000


@pytest.mark.sweep
@EACH
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_fits_a_narrow_page_and_links_to_nothing(plot, source):
    chart = plot(source, width=320)
    spec = written(chart)
    assert set(spec["title"]["text"]) <= set(texts(chart))
    assert 0.4 * 320 <= size(chart)[0] <= 320 * 1.05
    assert 0 < len(spec["description"]) <= LONGEST_TEXT
    # It holds all its data.
    assert "url" not in set(values({key: value for key, value in spec.items() if key != "$schema"}))
    assert not [text for text in values(spec) if isinstance(text, str) and "://" in text and text != spec["$schema"]]
    assert spec["usermeta"]["embedOptions"]["actions"]["editor"] is False


@cache
def hostile_runs():
    """Runs with a table for each text of the corpus, and with that text in all places."""
    tables = []
    for number, text in enumerate(hostile.CORPUS.values()):
        run = hostile.filled(hostile.full_payload(), text, everything=True)
        table = run["response"]["tables"][0] | {"id": f"t{number}", "stats": None}
        tables.append(table | {"columns": [each | {"id": f"c{at}"} for at, each in enumerate(table["columns"])]})
    run = payload()
    run["response"]["tables"] = tables
    points = [(POINTS[0][0] + at, text, *POINTS[1][2:]) for at, text in enumerate(hostile.CORPUS.values())]
    named = [with_history(*POINTS[:2], run_id=text) for text in list(hostile.CORPUS.values())[::40]]
    return [with_history(*points, run=run), *named]


@pytest.mark.slow
@EACH
def test_hostile_texts_are_text_and_bounded(plot):
    chart = plot(hostile_runs(), top=400)
    spec = written(chart)
    json.dumps(spec, ensure_ascii=False).encode("utf-8")
    assert max(len(text) for text in values(spec) if isinstance(text, str)) <= LONGEST_TEXT
    drawn = svg(chart)
    assert {node.tag.rpartition("}")[2] for node in drawn.iter()} <= {"svg", "g", "path", "text", "line", "tspan"}
    assert not [name for node in drawn.iter() for name in node.attrib if name.startswith("on") or "href" in name]
    assert size(chart)[0] < 900
    if plot is not PLOTS["compare"]:
        assert any("<script>alert(1)</script>" in text for text in texts(chart)), "as text"


@EACH
def test_no_tooltip_has_a_heading_that_vega_does_not_show_as_text(plot):
    encodings = [each["tooltip"] for each in parts(written(watched(plot))) if "tooltip" in each]
    headings = {tip.get("title", tip["field"]) for tips in encodings for tip in tips}
    assert headings
    assert not {"image", "title"} & headings, "drawn as a picture and as a heading"


@pytest.mark.parametrize("name", PLOTS)
def test_no_tooltip_beside_a_bar_names_a_field_that_its_row_lacks(name):
    chart = watched(PLOTS[name])
    (note,) = [layer for layer in written(chart)["layer"] if layer["encoding"].get("text", {}).get("field") == "beside"]
    for each in rows(chart):
        assert {tip["field"] for tip in note["encoding"]["tooltip"]} <= set(each)


def parts(node):
    """All objects of a specification."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from parts(each)


@EACH
def test_large_sources_make_no_large_charts(plot):
    chart = plot(many_tables(60, 100))
    assert len(json.dumps(written(chart))) < 100_000


@EACH
@pytest.mark.parametrize("width", [0, -1, 10_000_000, "600", None, True, float("nan")])
def test_a_width_that_cannot_be_drawn_is_refused(plot, width):
    with pytest.raises(InvalidInput, match="Invalid width"):
        plot(payload(), width=width)


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("top", [0, -1, 1.5, True])
def test_drawing_nothing_is_refused(name, top):
    with pytest.raises(InvalidInput, match="Invalid top"):
        PLOTS[name](payload(), top=top)


@EACH
@pytest.mark.parametrize("source", ["agent/run", None, 3, {"object": "agent"}])
def test_a_source_of_another_kind_is_refused_in_the_name_of_the_plot(plot, source):
    with pytest.raises(InvalidInput, match="can't read this") as caught:
        plot(source)
    assert 'plot(run, "funnel")' in str(caught.value)
    assert not [name for name in frames.__all__ if name in str(caught.value)]


def test_an_unknown_kind_is_refused():
    with pytest.raises(InvalidInput, match="Unknown kind of plot"):
        PLOTS["funnel"](payload(), kind="history")
