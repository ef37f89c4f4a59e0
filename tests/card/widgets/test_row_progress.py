"""While leads are read, the card says how far that has come: in few bytes, and in no copy that is saved."""

import json
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.rows.row_progress import SPACING, RowProgress
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from origami_widgets.card.view.table_view import reading_words
from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.card.widgets.snapshot import freeze_after
from origami_widgets.frames.leads import row_reading
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import RowsRead, reduce
from tests.card.live import changes, follow, on_loop, page_of, sent_by, settle
from tests.card.markup import words
from tests.fixtures.states import NOW, STATES

SECONDS = 20
SAYS = "reading leads: 400 of 1,240"


def until(condition):
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


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


def test_what_is_known_already_sends_nothing(large):
    _, watch, messages = large
    table = watch.state.tables[3].id
    on_loop(watch.update, RowsRead(table, RowProgress(400, 1240)))
    settle()
    messages.clear()
    on_loop(watch.update, RowsRead(table, RowProgress(400, 1240)))
    on_loop(watch.update, RowsRead("another", RowProgress(5, 9)))
    settle()
    assert messages == []


def test_every_card_of_the_run_says_it_and_a_fast_reading_sends_little(monkeypatch):
    monkeypatch.setattr(row_reading, "LARGEST_PAGE", 1)
    client = ow.Sandbox(speed=600).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=SECONDS)
    other = ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=SECONDS)
    cards = [RunCard(run), RunCard(run), RunCard(other)]
    settle()
    before = [card.seq for card in cards]

    def look(rows, total):
        if rows == 3:
            until(lambda: cards[0].tables["reading"] == cards[1].tables["reading"] == ["reading leads: 2 of 18", ""])

    began = time.monotonic()
    frame = ow.leads_frame(run.tables[0], client=client, progress=look)
    until(lambda: cards[0].tables["reading"] == cards[1].tables["reading"] == [])
    took = time.monotonic() - began
    sent = [card.seq - was for card, was in zip(cards, before, strict=True)]
    assert len(frame) == 18
    assert 2 <= sent[0] <= took / SPACING + 1
    assert sent[1:] == [sent[0], 0]
    for card in cards:
        card.close()
