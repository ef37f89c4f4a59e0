"""The card in a terminal."""

import pytest

from origami_widgets.card.render.text_writer import WIDTH, render_text, wrap
from origami_widgets.card.view.contract import AGAIN
from origami_widgets.card.view.run_head import fresh_words
from origami_widgets.words.foreign_text import width_of
from tests.fixtures.make_views import NAMES, views
from tests.fixtures.states import NOW


@pytest.fixture(params=NAMES, ids=str)
def name(request):
    return request.param


def text_of(name):
    return render_text(views("snapshot")[name], now=NOW)


def test_plain_text_only(name):
    text = text_of(name)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert not text.endswith("\n")
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_bakeries():
    assert (
        text_of("completed")
        == """\
✓ Completed · List 15 family-run bakeries in Porto with a web shop and their contact e-mail.
  Open in Origami: https://origami.chat/workspace/6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90
  15 leads · 12 qualified · 57 credits (4.75 per qualified lead)
  3 min 43 s · ended 2026-07-21 09:17 UTC · Snapshot of 2026-07-21 09:18 UTC
  21 leads found: 12 qualified, 3 not, 6 left out

Porto bakeries
  15 leads · 57 credits
  Column          Tried  Credits per run  Credits                                   Verdicts
  Contact e-mail   87 %                3       39
  Fit             100 %              1.2       18  12 qualified · 2 not qualified · 1 unsure
  1 more column: ow.columns_frame(run)

I built a table of 15 bakeries; 12 of them sell online.

Next steps
  - Find more bakeries like these
  - Add opening hours
  run.follow_up("…")

To see this run again: ow.attach("6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90/v2_run-01k0c4m2f7")"""
    )


def test_wide_characters_take_two_columns():
    assert width_of("漢字a\u0301") == 5
    lines = wrap("漢字" * 120, "  ")
    assert "".join(line.strip() for line in lines) == "漢字" * 120
    assert max(map(width_of, lines)) <= WIDTH


def test_wrapping_keeps_every_word():
    text = "one two three " * 40 + "x" * 250
    assert "".join(" ".join(wrap(text, "  ", "    ")).split()) == "".join(text.split())


@pytest.mark.sweep
@pytest.mark.parametrize("width", [24, 40, 80, 160])
def test_no_line_is_wider_than_it_was_asked_for(name, width):
    text = render_text(views("snapshot")[name], now=NOW, width=width, ticking=True)
    assert max(width_of(line) for line in text.splitlines()) <= width
    assert all(character.isprintable() or character == "\n" for character in text)


def test_the_columns_of_a_narrow_page_stand_below_each_other():
    text = render_text(views("snapshot")["filling"], now=NOW, width=40)
    assert (
        """\
  Contact e-mail
    Tried: 87 %, Credits per run: 3,
      Credits: 39, Filling: 2, Failed: 1
  Fit
    Tried: 100 %, Credits per run: 1.2,
      Credits: 18, Verdicts: 12
      qualified · 2 not qualified · 1
      unsure
"""
        in text
    )


def test_an_address_is_left_out_where_it_does_not_fit_in_one_line():
    view = views("snapshot")["completed"]
    address = view["head"]["link"]["href"]
    shown = [address in render_text(view, now=NOW, width=2 + len(address) - cut) for cut in (0, 1)]
    assert shown == [True, False]


def test_lines_of_python_are_copied_whole_from_a_narrow_page():
    lines = render_text(views("snapshot")["filling"], now=NOW, width=40).splitlines()
    wide = [line for line in lines if width_of(line) > 40]
    # A long one is laid out for a hundred columns.
    code = views("snapshot")["filling"]["head"]["line"]
    assert wide
    assert all(line in f"{AGAIN} {code}" for line in wide)


def test_one_that_ticks_says_how_old_it_is():
    view = views("current")["running"]
    text, later = (render_text(view, now=now, ticking=True) for now in (NOW, NOW + 200))
    assert "as of" not in text + later
    assert fresh_words(view["clock"], now=NOW) in text
    assert fresh_words(view["clock"], now=NOW + 200) in later
    assert "last update" not in text + later
