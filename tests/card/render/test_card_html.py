"""The static card: only our own elements, readable everywhere, true whenever it is read."""

import json
import re
from dataclasses import replace

import pytest

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from origami_widgets.run.handle import Run
from origami_widgets.run.state import Connection
from tests.card.markup import only_ours, read, words
from tests.fixtures.make_views import views
from tests.fixtures.states import NOW, STATES, payload

VIEWS = views("snapshot")


def html_of(name):
    return render_html(VIEWS[name], now=NOW)


@pytest.fixture(params=VIEWS, ids=str)
def name(request):
    return request.param


def test_only_our_own_elements_and_attributes(name):
    only_ours(html_of(name))


def test_it_says_when_it_was_made(name):
    assert "Snapshot of 2026-07-21 09:18 UTC" in words(html_of(name))


@pytest.mark.parametrize(
    "name", ["running", "running_null", "running_many", "reconnecting", "cancel_requested", "sandbox", "stopped"]
)
def test_the_status_of_a_run_that_went_on_is_the_last_known_one(name):
    assert words(html_of(name)).startswith(f"■ {VIEWS[name]['head']['status_label']}")
    assert VIEWS[name]["head"]["status_label"] != "Running"


def test_a_run_that_is_not_followed_shows_its_last_update():
    assert "2 min 18 s" in words(html_of("stopped"))
    assert "2026-07-21 09:16 UTC" in words(html_of("stopped"))


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


def test_buttons_became_lines_of_python():
    assert 'run.follow_up("Continue where you stopped.")' in words(html_of("step_cap_hit"))
    assert 'run.answer("…", "…")' in words(html_of("needs_input"))
    assert all(tag != "button" for tag, _ in read(html_of("needs_input")).elements)


def test_nothing_is_said_by_colour_alone():
    """Each tone has a sign of its own, and every part of a bar its number in words."""
    signs = {words(html_of(name))[0] for name in ("completed", "needs_input", "errored", "cancelled")}
    assert len(signs) == 4
    assert "12 qualified, 3 not, 6 left out" in words(html_of("completed"))
    assert "· 3 cells failed" in words(html_of("failed_cells"))


def test_hostile_text_stays_text():
    text = words(html_of("hostile"))
    assert "<script>alert(1)</script>" in text
    assert "\u202e" not in html_of("hostile")
    assert "<script" not in html_of("hostile")


def test_the_largest_run_and_its_text_fit_into_a_saved_output():
    view = make_view(STATES["large"](), earlier=[STATES["needs_input"]()] * 50, now=NOW, form="snapshot")
    html, text = render_html(view, now=NOW), render_text(view, now=NOW)
    assert len(json.dumps([html, text]).encode()) <= 40_000
    assert "ow.columns_frame(run)" in words(html)
    assert view["prose"]["cut"] in words(html)


def test_rendering_changes_nothing():
    before = json.dumps(VIEWS["filling"])
    html_of("filling")
    assert json.dumps(VIEWS["filling"]) == before
