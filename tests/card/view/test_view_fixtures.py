"""The fixtures that Python and TypeScript share are what this package makes of their states."""

from __future__ import annotations

import json

import msgspec
import pytest

from origami_widgets.card.view.board_view import STAGES
from origami_widgets.card.view.contract import BoardView, View
from tests.fixtures.make_views import ALL_DEFAULTS, BOARDS, DEFAULTS, FOLDER, boards, encoded, views
from tests.fixtures.states import NOW

KINDS = [(FOLDER, views, View), (BOARDS, boards, BoardView)]


@pytest.mark.parametrize(("folder", "make", "kind"), KINDS, ids=["runs", "boards"])
def test_no_drift(folder, make, kind):
    """`python -m tests.fixtures.make_views` writes them anew."""
    made = make()
    assert {path.stem for path in folder.glob("*.json")} == set(made)
    for name, view in made.items():
        assert (folder / f"{name}.json").read_text(encoding="utf-8") == encoded(view, kind), name
        msgspec.convert(json.loads(json.dumps(view)), kind)
        assert set(view) == set(kind.__annotations__), name
    assert DEFAULTS.read_text(encoding="utf-8") == encoded(ALL_DEFAULTS)


def test_all_statuses_and_stages_are_there():
    statuses = {view["head"]["status"] for view in views().values()}
    assert statuses > {
        *("running", "completed", "needs_input", "step_cap_hit", "incomplete", "cancelled", "errored", "timed_out")
    }
    assert {row["stage"] for view in boards().values() for row in view["rows"]} == set(STAGES)


def test_moments_are_milliseconds_and_notices_differ_by_their_keys():
    for view in views().values():
        assert view["clock"]["now"] == round(NOW * 1000)
        for moment in (view["head"]["started_at"], view["head"]["completed_at"], view["clock"]["heard_at"]):
            assert moment is None or abs(moment - NOW * 1000) < 86_400_000
        keys = [notice["key"] for notice in view["notices"]]
        assert len(keys) == len(set(keys))
