"""The boards in `tests/fixtures/boards` are what the code makes, and what the contract promises."""

import json

import msgspec
import pytest

from origami_widgets.card.view.board import STAGES
from origami_widgets.card.view.contract import BoardView
from tests.fixtures.make_views import BOARDS, boards, encoded

VIEWS = boards()


def test_there_is_a_file_for_each_and_no_other():
    assert {path.stem for path in BOARDS.glob("*.json")} == set(VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_no_drift(name):
    """`python -m tests.fixtures.make_views` writes them anew."""
    assert (BOARDS / f"{name}.json").read_text(encoding="utf-8") == encoded(VIEWS[name])


@pytest.mark.parametrize("name", VIEWS)
def test_the_contract_is_kept(name):
    msgspec.convert(json.loads(json.dumps(VIEWS[name])), BoardView)


def test_all_stages_are_there():
    assert {row["stage"] for view in VIEWS.values() for row in view["rows"]} == set(STAGES)
