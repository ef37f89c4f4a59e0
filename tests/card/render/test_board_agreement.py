"""The live board, its copies and the terminal say the same of each run: every difference has a reason."""

import functools
import re

import pytest

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from tests.card import front_end
from tests.card.boards import board_of, every_entry, many
from tests.card.markup import words
from tests.card.render.test_agreement import AGES, LASTED, MOMENT, tokens, without
from tests.fixtures.states import NOW, STATES, too_few_credits

ROWS = 8
"""Of which each has room for all that is known of it, also in a terminal."""
NAMES = [*(f"rows from {at}" for at in range(0, len(STATES), ROWS)), "halted", "over"]


@functools.cache
def boards(form):
    error, entries = too_few_credits().command_error, every_entry()
    return {
        **{f"rows from {at}": board_of(entries[at : at + ROWS], form=form) for at in range(0, len(STATES), ROWS)},
        "halted": board_of(entries[-6:], error=error, can_resume=True, form=form),
        "over": board_of(many(3, "completed", "errored"), form=form),
    }


HEADS = {"lead", "leads", "credit", "credits", "qualified", "per"}
"""On the page they stand at the head of their columns."""
TOOLS = (
    r"(Filter runs .*?)?⟦Name⟧.*?⟦Time⟧",
    r"⟦(All leads|Answer|Fill|Try again|Continue|Cancel|Cancel run|Cancel all|Cancelling…|Stop|Stop filling|Stopping…|Start the others)⟧",
)


@pytest.fixture(scope="module")
def read():
    """The words of the live boards."""
    return front_end.texts_of(boards("live"))


def said(text):
    return {word for word in tokens(text) if word not in HEADS}


def live_words(text):
    return said(without(text, r"Each brief begins: [^⟦]*", *TOOLS, *AGES, LASTED, r"ended (\d+ \w+, )?\d\d:\d\d"))


def copy_words(view, text):
    for row in view["rows"]:
        # The live board has the brief of a run with a name on its card.
        for hidden in filter(None, (row["token"], row["name"] and row["prompt"])):
            text = text.replace(hidden, " ")
    moments = (rf"as of {MOMENT}", rf"last update {MOMENT}", rf"ended {MOMENT}", LASTED)
    # The live board has the address behind its words.
    return said(without(text, *moments, r"batch\.resume\(\)", r": https://\S+"))


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_says_what_the_live_board_says(name, read):
    view = boards("current")[name]
    for copied in (words(render_html(view, now=NOW)), " ".join(render_text(view, now=NOW).split())):
        again = f"{view['head']['again_words']}, in any kernel: {view['head']['again_line']}"
        assert again in copied
        expected, found = live_words(read[name]), copy_words(view, copied.replace(again, " "))
        assert len(expected) > 2 * len(view["rows"])
        assert found - expected == set()
        assert expected - found == set()


@pytest.mark.parametrize("name", NAMES)
def test_each_run_is_shown_in_the_same_order(name, read):
    view = boards("snapshot")[name]
    briefs = [row["name"] for row in view["rows"]]
    html = words(render_html(view, now=NOW))
    text = " ".join(render_text(view, now=NOW).split())
    for copied in (read[name], html, text):
        places = [re.search(rf"{re.escape(brief)}(?!\d)", copied).start() for brief in briefs]
        assert places == sorted(places)
