"""The fixtures that Python and TypeScript share are what this package makes of their states."""

from __future__ import annotations

import json

import msgspec
import pytest

from origami_widgets.card.view.board_view import STAGES
from origami_widgets.card.view.contract import BoardView, View
from tests.fixtures.make_views import ALL_DEFAULTS, BOARDS, DEFAULTS, FOLDER, boards, encoded, views
from tests.fixtures.states import NOW

VIEWS = views()
BOARD_VIEWS = boards()
CASES = [
    *((FOLDER, name, view, View) for name, view in VIEWS.items()),
    *((BOARDS, name, view, BoardView) for name, view in BOARD_VIEWS.items()),
]
each_case = pytest.mark.parametrize(
    ("folder", "name", "view", "kind"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)


@pytest.mark.parametrize(("folder", "made"), [(FOLDER, VIEWS), (BOARDS, BOARD_VIEWS)], ids=["runs", "boards"])
def test_there_is_a_file_for_each_and_no_other(folder, made):
    assert {path.stem for path in folder.glob("*.json")} == set(made)


@each_case
def test_no_drift(folder, name, view, kind):
    """`python -m tests.fixtures.make_views` writes them anew."""
    assert (folder / f"{name}.json").read_text(encoding="utf-8") == encoded(view, kind)
    assert DEFAULTS.read_text(encoding="utf-8") == encoded(ALL_DEFAULTS)


@each_case
def test_the_contract_is_kept(folder, name, view, kind):
    msgspec.convert(json.loads(json.dumps(view)), kind)
    assert set(view) == set(kind.__annotations__), (folder, name)


def test_all_statuses_are_there():
    statuses = {view["head"]["status"] for view in VIEWS.values()}
    documented = {
        "running",
        "completed",
        "needs_input",
        "step_cap_hit",
        "incomplete",
        "cancelled",
        "errored",
        "timed_out",
    }
    assert documented < statuses


def test_moments_are_milliseconds():
    for view in VIEWS.values():
        assert view["clock"]["now"] == round(NOW * 1000)
        for moment in (view["head"]["started_at"], view["head"]["completed_at"], view["clock"]["heard_at"]):
            assert moment is None or abs(moment - NOW * 1000) < 86_400_000


def test_notices_differ_by_their_keys():
    for view in VIEWS.values():
        keys = [notice["key"] for notice in view["notices"]]
        assert len(keys) == len(set(keys))


def test_all_stages_are_there():
    assert {row["stage"] for view in BOARD_VIEWS.values() for row in view["rows"]} == set(STAGES)
