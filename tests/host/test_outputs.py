"""Outputs of a cell: what is shown, and what replaces it where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from origami_widgets.host.cells import Outputs, replace, show, show_once
from tests.support.outputs import keep_outputs

WIDGET, METADATA = {"text/plain": "a widget"}, {"text/plain": {"isolated": True}}
SNAPSHOT, LINE, OTHER_LINE = {"text/plain": "a snapshot"}, {"text/plain": "a line"}, {"text/plain": "another line"}


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What each output has shown, in order, by its display id."""
    return keep_outputs(monkeypatch)


def test_an_output_is_replaced_by_its_display_id(displayed):
    first, second = show(WIDGET, METADATA), show(LINE)
    replace(first, SNAPSHOT)
    assert displayed == {first: [(WIDGET, METADATA), SNAPSHOT], second: [LINE]}


def test_data_that_is_shown_once_has_no_display_id(displayed):
    show_once(SNAPSHOT)
    assert displayed == {"": [SNAPSHOT]}


def test_a_snapshot_replaces_every_widget_and_clears_the_lines(displayed):
    outputs = Outputs()
    assert not outputs
    outputs.add(WIDGET, METADATA, LINE)
    outputs.add(WIDGET, METADATA)
    assert outputs
    outputs.replace(SNAPSHOT)
    (widget, line, second) = displayed.values()
    assert widget == second == [(WIDGET, METADATA), SNAPSHOT]
    assert line == [LINE, {"text/html": "", "text/plain": ""}]


def test_a_widget_comes_back_in_the_place_of_its_snapshot(displayed):
    outputs = Outputs()
    outputs.add(WIDGET, METADATA, LINE)
    outputs.replace(SNAPSHOT, OTHER_LINE)
    outputs.revive(WIDGET, METADATA, LINE)
    outputs.replace_line(OTHER_LINE)
    (widget, line) = displayed.values()
    assert widget == [(WIDGET, METADATA), SNAPSHOT, (WIDGET, METADATA)]
    assert line == [LINE, OTHER_LINE, LINE, OTHER_LINE]
