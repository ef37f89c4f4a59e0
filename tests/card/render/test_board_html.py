"""The static board in any host: our elements only, complete tokens, and nothing that is not known."""

import functools

import pytest

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.view.contract import BOARD_SLOTS
from tests.card.boards import board_of, every_entry, hostile_entries, many
from tests.card.markup import only_ours, words
from tests.fixtures import hostile
from tests.fixtures.states import NOW, STATES, too_few_credits

VIEWS = {
    "all": lambda: board_of(every_entry(), form="snapshot"),
    "hundred": lambda: board_of(many(BOARD_SLOTS, "running", "completed", "needs_input", "filling"), form="snapshot"),
    "crowd": lambda: board_of(many(300, *STATES), form="snapshot"),
    "halted": lambda: board_of(
        many(2, "completed"), error=too_few_credits().command_error, can_resume=True, form="snapshot"
    ),
    "hostile": lambda: board_of(
        hostile_entries(20, [text for text in hostile.CORPUS.values() if len(text) < 300]), form="snapshot"
    ),
    "nothing": lambda: board_of([], form="snapshot"),
    "current": lambda: board_of(every_entry(), form="current"),
}


@functools.cache
def view_of(name):
    return VIEWS[name]()


@pytest.mark.parametrize("name", VIEWS)
def test_it_has_our_elements_only(name):
    only_ours(render_html(view_of(name), now=NOW))


@pytest.mark.parametrize("name", ["all", "hundred"])
def test_each_row_is_there_with_its_whole_token(name):
    markup = render_html(view_of(name), now=NOW)
    reported = words(markup)
    tokens = [row["token"] for row in view_of(name)["rows"] if row["token"]]
    assert len(tokens) > 20
    for token in tokens:
        assert f">{token}</code>" in markup
        assert reported.count(token) >= 1
    assert "more run" not in reported
