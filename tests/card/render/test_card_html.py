"""The static card: only our own elements, readable everywhere, true whenever it is read."""

import re
from dataclasses import replace

import pytest

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from origami_widgets.run.handle import Run
from origami_widgets.run.state import Connection
from tests.card.markup import only_ours, words
from tests.fixtures.make_views import NAMES, views
from tests.fixtures.states import NOW, STATES, payload


def html_of(name):
    return render_html(views("snapshot")[name], now=NOW)


@pytest.fixture(params=NAMES, ids=str)
def name(request):
    return request.param


def test_only_our_own_elements_and_attributes(name):
    only_ours(html_of(name))


def test_a_running_run_of_a_saved_answer_shows_no_time():
    view = make_view(Run.from_payload(payload("running_partial")).state, now=NOW, form="snapshot")
    for text in (words(render_html(view, now=NOW)), render_text(view, now=NOW)):
        assert not re.search(r"\d (s|min|h|d)\b", text)


@pytest.mark.parametrize("connection", ["reconnecting", "stopped"])
def test_the_time_stands_at_when_the_server_was_last_heard(connection):
    state = replace(STATES["running"](), connection=Connection(connection, heard_at=NOW - 39))
    for form in ("current", "snapshot"):
        view = make_view(state, now=NOW, form=form)
        for now in (NOW, NOW + 600):
            for text in (words(render_html(view, now=now)), render_text(view, now=now)):
                assert "3 min 49 s" in text
                assert "2026-07-21 09:17 UTC" in text
            ticking = render_text(view, now=now, ticking=True)
            assert "3 min 49 s" in ticking
            assert "39 s ago" in ticking or "10 min ago" in ticking


def test_nothing_is_said_by_colour_alone():
    """Each tone has a sign of its own, and every part of a bar its number in words."""
    signs = {words(html_of(name))[0] for name in ("completed", "needs_input", "errored", "cancelled")}
    assert len(signs) == 4
    assert "12 qualified, 3 not, 6 left out" in words(html_of("completed"))
    assert "· 3 cells failed" in words(html_of("failed_cells"))
