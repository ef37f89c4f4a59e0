"""The static board in any host: our elements only, complete tokens, and every word left by the strictest sanitizer."""

from origami_widgets.card.render.board import render_board_html
from origami_widgets.card.view.contract import BOARD_SLOTS
from tests.card.boards import board_of, every_entry, hostile_entries, many
from tests.card.markup import words
from tests.fixtures import hostile
from tests.fixtures.states import NOW, STATES, too_few_credits

VIEWS = {
    "all": board_of(every_entry(), form="snapshot"),
    "hundred": board_of(many(BOARD_SLOTS, "running", "completed", "needs_input", "filling"), form="snapshot"),
    "crowd": board_of(many(300, *STATES), form="snapshot"),
    "halted": board_of(many(2, "completed"), error=too_few_credits().command_error, can_resume=True, form="snapshot"),
    "hostile": board_of(
        hostile_entries(20, [text for text in hostile.CORPUS.values() if len(text) < 300]), form="snapshot"
    ),
    "nothing": board_of([], form="snapshot"),
    "current": board_of(every_entry(), form="current"),
}


def test_the_line_that_shows_it_again():
    view = board_of([], reopen=("To see these runs again", 'ow.RunBoard("a<b>")'), form="snapshot")
    html = render_board_html(view, now=NOW)
    assert "<b>" not in html.partition("To see these runs again, in any kernel:")[2]
    assert 'To see these runs again, in any kernel: ow.RunBoard("a<b>")' in words(html)
