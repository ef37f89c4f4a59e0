"""The views in `tests/fixtures/views` are what the code makes, and what the contract promises."""

import json

import msgspec
import pytest

from origami_widgets.card.view.contract import View
from tests.fixtures.make_views import FOLDER, encoded, views
from tests.fixtures.states import NOW

VIEWS = views()


def test_there_is_a_file_for_each_and_no_other():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_no_drift(name):
    """`python -m tests.fixtures.make_views` writes them anew."""
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == encoded(VIEWS[name])


@pytest.mark.parametrize("name", VIEWS)
def test_the_contract_is_kept(name):
    msgspec.convert(json.loads(json.dumps(VIEWS[name])), View)
    assert set(VIEWS[name]) == set(View.__annotations__)


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


def test_notices_are_told_apart_by_their_keys():
    for view in VIEWS.values():
        keys = [notice["key"] for notice in view["notices"]]
        assert len(keys) == len(set(keys))
