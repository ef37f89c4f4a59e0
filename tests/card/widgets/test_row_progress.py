"""While leads are read, the card says how far that has come: in few bytes, and in no copy that is saved."""

import json

import pytest

from origami_widgets.api.rows.row_progress import RowProgress
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from origami_widgets.card.view.table_view import reading_words
from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.card.widgets.snapshot import freeze_after
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import RowsRead, reduce
from tests.card.live import changes, follow, on_loop, page_of, sent_by, settle
from tests.card.markup import words
from tests.fixtures.states import NOW, STATES

SAYS = "reading leads: 400 of 1,240"


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (None, ""),
        (RowProgress(0, None), "reading leads"),
        (RowProgress(0, 1240), "reading leads"),
        (RowProgress(400, 1240), SAYS),
        (RowProgress(1240, 1240), ""),
        (RowProgress(400, None), "reading leads: 400 so far"),
        (RowProgress(400, 380), "reading leads: 400 so far"),
        (RowProgress(400, -1), "reading leads: 400 so far"),
        (RowProgress(400, 10**40), "reading leads: 400 so far"),
    ],
)
def test_the_words(progress, said):
    assert reading_words(progress) == said


def read(state, *numbers):
    for number in numbers:
        state = reduce(state, RowsRead(state.tables[number].id, RowProgress(400, 1240)))
    return state


def test_it_stands_with_its_own_table_beside_what_else_is_said_of_it():
    before, after = (make_view(state, now=NOW)["tables"] for state in (STATES["large"](), read(STATES["large"](), 3)))
    assert before["reading"] == []
    assert after["reading"] == ["", "", "", SAYS, *[""] * 16]
    assert after["items"] == before["items"]


@pytest.mark.parametrize("render", [render_html, render_text])
def test_only_a_copy_that_is_brought_up_to_date_says_it(render):
    def shown(state, form):
        return render(make_view(state, now=NOW, form=form), now=NOW)

    reading, quiet = read(STATES["running_many"](), 0), STATES["running_many"]()
    assert SAYS in words(shown(reading, "current"))
    assert shown(reading, "snapshot") == shown(quiet, "snapshot")
    assert "reading" not in shown(quiet, "current")


def test_a_settled_card_is_not_frozen_meanwhile():
    state = STATES["cancelled"]()
    assert freeze_after(make_view(state, now=NOW)) == 0
    assert freeze_after(make_view(read(state, 0), now=NOW)) is None


@pytest.fixture
def large():
    """A card of 20 tables with 40 columns, its watch, and what it sends from now on."""
    watch = RunWatch(None, STATES["large"]())
    card = RunCard(Run(watch))
    settle()
    messages = sent_by(card)
    yield card, watch, messages
    card.close()


def test_a_move_sends_the_words_and_not_the_table(large):
    card, watch, messages = large
    page = page_of(card)
    table = watch.state.tables[3].id
    for event in (
        RowsRead(table, RowProgress(400, 1240)),
        RowsRead(table, RowProgress(600, 1240)),
        RowsRead(table, None),
    ):
        messages.clear()
        on_loop(watch.update, event)
        settle()
        assert not changes(messages)
        assert {"seq"} <= set(messages[-1]["state"]) <= {"seq", "clock"}
        assert len(json.dumps(messages)) < 750
        follow(page, messages)
    assert page["tables"]["reading"] == []
