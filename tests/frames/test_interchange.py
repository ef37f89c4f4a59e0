"""Other libraries take every frame of this package: as it is, or after `plain`. What they need is what the guide says."""

import json
import warnings

import pytest

import origami_widgets as ow
from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from tests.fixtures import interchange
from tests.fixtures.interchange import LIBRARIES, filled
from tests.frames.payloads import BACKENDS
from tests.frames.test_plain_frame import frames


def taken(library, frame):
    """Whether a library takes a frame with all that is in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what libraries say of one another
        reported = library.use(frame)
    if reported is not None:
        counts = filled(frame)
        assert reported == {name: counts[name] for name in reported}


def refused(library, made):
    """The frames that a library does not take."""
    found = {}
    for name, frame in made.items():
        try:
            taken(library, frame)
        except Exception as error:  # noqa: BLE001 - whatever a library raises
            found[name] = error
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda each: each.name)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_frame_is_taken_as_the_guide_says(library, backend):
    made = frames(backend)
    assert {"runs_frame", "columns_frame", "leads_frame"} <= set(made)
    needed = refused(library, made)
    assert bool(needed) == (library.needs_plain in ("always", backend)), needed
    assert refused(library, {name: ow.plain(made[name]) for name in needed}) == {}


ODD = {
    "lists": [["a", "b"], None],
    "lists of mixed types": [[1, "a"]],
    "lists and texts": [["a"], "b"],
    "mixed types": [1, "a"],
    "more than 64 bits": [2**70, 1],
    "objects": [{"email": "a@b.example", "confidence": "high"}, {"email": None}],
    "objects without keys": [{}],
    "dates": ["2026-01-01", None],
}
"""Cells of one column; most of them make a column of dtype `object`."""


@pytest.mark.sweep
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda each: each.name)
@pytest.mark.parametrize("backend", BACKENDS)
def test_leads_of_every_shape_are_taken_with_objects_as_json(library, backend):
    made = {}
    for name, cells in ODD.items():
        table = LeadTable([ListedColumn("c", "X", "x", "enrichment")], dtype_backend=backend)
        table.add([{"id": str(at), "x": cell} for at, cell in enumerate(cells)])
        made[name], _ = table.frame()
        if made[name]["x"].dtype == object:
            made[name]["x"] = made[name]["x"].map(json.dumps, na_action="ignore").astype("string")
    needed = refused(library, made)
    assert not needed or library.needs_plain in ("always", backend)
    assert refused(library, {name: ow.plain(made[name]) for name in needed}) == {}


def test_the_guide_has_the_table():
    page = interchange.PAGE.read_text(encoding="utf-8")
    assert interchange.documented(page) == page
