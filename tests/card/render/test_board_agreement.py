"""The live board, the saved one and the terminal say the same of each run: every difference has a reason."""

import re

import pytest

from origami_widgets.card.render.board_html import render_board_html
from origami_widgets.card.render.board_text import render_board_text
from tests.card import front_end
from tests.card.boards import board_of, every_entry, many
from tests.card.markup import words
from tests.card.render.test_agreement import AGES, MOMENT, differences, tokens, without
from tests.fixtures.states import NOW, too_few_credits

ROWS = 8
"""Of which each has room for all that is known of it, also in a terminal."""
ENTRIES = every_entry()
VIEWS = {
    **{f"rows from {at}": board_of(ENTRIES[at : at + ROWS]) for at in range(0, len(ENTRIES), ROWS)},
    "halted": board_of(ENTRIES[-6:], error=too_few_credits().command_error, can_resume=True),
    "over": board_of(many(3, "completed", "errored")),
}
UNITS = {"step", "steps", "lead", "leads", "credit", "credits"}
"""On the page they stand at the head of their columns."""
BUTTONS = r"⟦(Cancel|Cancel all|Start no more|Start the others)⟧"


@pytest.fixture(scope="module")
def read():
    """The words of the live boards."""
    return front_end.texts_of(VIEWS)


def told(text):
    return [word for word in tokens(text) if word not in UNITS]


def live_words(text):
    text = without(
        text, r"Filter runs .*?⟦Age⟧", BUTTONS, r"Cancel requested(?= |$)", *AGES, r"ended (\d+ \w+, )?\d\d:\d\d"
    )
    return told(text)


def copy_words(view, text):
    for row in view["rows"]:
        if row["token"]:
            text = text.replace(row["token"], " ")
    return told(
        without(
            text,
            rf"as of {MOMENT}",
            rf"last heard {MOMENT}",
            rf"ended {MOMENT}",
            r"(\d+ \w+ )+(so far|when last seen)",
            r"batch\.resume\(\)",
            # The live board has it behind the words.
            r": https://\S+",
        )
    )


@pytest.mark.parametrize("name", VIEWS)
def test_a_copy_says_what_the_live_board_says(name, read):
    view = VIEWS[name]
    for copied in (
        words(render_board_html(view, now=NOW, final=False)),
        " ".join(render_board_text(view, now=NOW, final=False).split()),
    ):
        expected = live_words(read[name])
        assert len(expected) > 4 * len(view["rows"])
        assert differences(expected, copy_words(view, copied)) == ({}, {})


@pytest.mark.parametrize("name", VIEWS)
def test_each_run_is_told_in_the_same_order(name, read):
    view = VIEWS[name]
    briefs = [row["name"] for row in view["rows"]]
    html = words(render_board_html(view, now=NOW))
    text = " ".join(render_board_text(view, now=NOW).split())
    for told_by in (read[name], html, text):
        places = [re.search(rf"{re.escape(brief)}(?!\d)", told_by).start() for brief in briefs]
        assert places == sorted(places)
