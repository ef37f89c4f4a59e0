"""Outputs of a cell: what is shown, and what replaces it where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from origami_widgets.host.cells import Outputs, replace, show, show_once
from tests.support.outputs import keep_outputs

WIDGET, METADATA = {"text/plain": "a widget"}, {"text/plain": {"isolated": True}}
SNAPSHOT, OTHER = {"text/plain": "a snapshot"}, {"text/plain": "another"}


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What each output has shown, in order, by its display id."""
    return keep_outputs(monkeypatch)


def test_an_output_is_replaced_by_its_display_id(displayed):
    first, second = show(WIDGET, METADATA), show(OTHER)
    replace(first, SNAPSHOT)
    assert displayed == {first: [(WIDGET, METADATA), SNAPSHOT], second: [OTHER]}


def test_data_that_is_shown_once_has_no_display_id(displayed):
    show_once(SNAPSHOT)
    assert displayed == {"": [SNAPSHOT]}


def test_a_snapshot_replaces_every_widget_and_a_widget_comes_back_in_its_place(displayed):
    outputs = Outputs()
    assert not outputs
    outputs.add(WIDGET, METADATA)
    outputs.add(WIDGET, METADATA)
    assert outputs
    outputs.replace(SNAPSHOT)
    outputs.replace(WIDGET, METADATA)
    (first, second) = displayed.values()
    assert first == second == [(WIDGET, METADATA), SNAPSHOT, (WIDGET, METADATA)]
