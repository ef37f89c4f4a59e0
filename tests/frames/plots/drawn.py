"""Sources of all kinds, and helpers that read charts: their data, their encodings and what is drawn of them."""

from __future__ import annotations

import copy
import json
from functools import cache, lru_cache, partial, wraps
from types import SimpleNamespace
from xml.etree import ElementTree as ET

from origami_widgets.frames.plots import plot
from tests.frames.payloads import SOURCES as FORMS
from tests.frames.payloads import changed, payload, table

PLOTS = {kind: partial(plot, kind=kind) for kind in ("funnel", "credits", "compare")}
funnel, credits_of, compare = PLOTS.values()
MIME = "application/vnd.vegalite.v5+json"
SVG = "{http://www.w3.org/2000/svg}"


def many_tables(tables=30, columns=20):
    """A run of equal tables, all with the same columns: thousands of copies would take seconds."""
    run = payload()
    first = run["response"]["tables"][0]
    equal = [first["columns"][2] | {"id": f"c{at}", "name": f"C {at}"} for at in range(columns)]
    of_all = first | {"columns": []}
    run["response"]["tables"] = [
        copy.deepcopy(of_all) | {"id": f"t{number}", "name": f"Table {number}", "columns": equal}
        for number in range(tables)
    ]
    return run


def of_table(**values):
    """The table of the fixture with other values."""
    made = table()
    for path, value in values.items():
        made = changed(made, path.replace("__", "."), value)
    return made


def with_history(*points, run_id="v2_run-01k0c4m2f7", run=None):
    """A stand-in for a run with a history."""
    run = payload() if run is None else run
    names = ("time", "status", "steps_completed", "lead_count", "cells_running", "cells_errored", "credits_used")
    history = tuple(SimpleNamespace(**dict(zip(names, point, strict=True))) for point in points)
    return SimpleNamespace(id=run_id, raw=run | {"id": run_id}, tables=(), history=history)


POINTS = (
    (1_784_625_242.0, "running", 0, None, None, None, None),
    (1_784_625_262.0, "running", 5, 12, 30, 1, 21.5),
    (1_784_625_302.0, "completed", 17, 15, 8, 2, 48.0),
    (1_784_625_342.0, "completed", 17, 15, 0, 3, 1_057.0),
)
SOURCES = FORMS | {
    "several": [payload(), table(), payload("running_null")],
    "many tables": many_tables(),
    "watched": with_history(*POINTS),
    "watched once": with_history(POINTS[1]),
    "two watched": [with_history(*POINTS), with_history(*POINTS[1:], run_id="v2_run-second")],
    "nothing known": with_history((1_784_625_242.0, "running", None, None, None, None, None)),
}


@cache
def watched(plot):
    """The chart of a run that was watched, for tests that only look at it."""
    return plot(SOURCES["watched"])


def once_for_each_chart(read):
    """Let `read` read a chart once, however many tests and helpers ask: no test changes a chart or what is read of it."""
    known = []

    @wraps(read)
    def remembered(chart):
        for each, found in known:
            if each is chart:
                return found
        found = read(chart)
        known[:] = [(chart, found), *known[:9]]
        return found

    return remembered


@once_for_each_chart
def shown(chart):
    """The data and the metadata of its notebook output."""
    data, metadata = chart._repr_mimebundle_()
    return data, metadata


@once_for_each_chart
def written(chart):
    """The chart in Vega-Lite, which Altair checks against its schema: most of the time that a chart takes."""
    return chart.to_dict()


def rows(chart):
    """The data that its views share."""
    spec = written(chart)
    return spec["datasets"][spec["data"]["name"]]


def row(chart, name):
    """The only row with this name."""
    (found,) = [each for each in rows(chart) if each.get("name") == name]
    return found


def svg(chart, version=None):
    from origami_widgets.frames.plots.kinds import VEGA_LITE

    version = version or VEGA_LITE
    spec = written(chart) | {"$schema": f"https://vega.github.io/schema/vega-lite/v{version[0]}.json"}
    return _svg(json.dumps(spec), version)


@lru_cache(maxsize=12)
def _svg(spec, version):
    import vl_convert

    picture = vl_convert.vegalite_to_svg(spec, vl_version=version, allowed_base_urls=[])
    return ET.fromstring(picture)  # noqa: S314 - made here


def texts(chart, version=None):
    """All lines of text in the picture, in the order in which they are drawn."""
    found = []
    for node in svg(chart, version).iter(f"{SVG}text"):
        lines = list(node.iter(f"{SVG}tspan")) or [node]
        found += [text for line in lines if (text := "".join(line.itertext()))]
    return found


def bars_drawn(chart):
    """The number of bars in the picture."""
    groups = [node for node in svg(chart).iter(f"{SVG}g") if "mark-rect" in node.get("class", "").split()]
    return sum(len(list(group.iter(f"{SVG}path"))) for group in groups)


def size(chart):
    """Width and height, in px."""
    root = svg(chart)
    return float(root.get("width")), float(root.get("height"))


def values(node):
    """All texts, numbers and keys of a specification."""
    if isinstance(node, dict):
        for key, each in node.items():
            yield key
            yield from values(each)
    elif isinstance(node, list):
        for each in node:
            yield from values(each)
    else:
        yield node
