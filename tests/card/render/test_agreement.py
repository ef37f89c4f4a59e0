"""The live card, its copies and the terminal say the same: their words are compared, and every difference has a reason."""

from __future__ import annotations

import re

import pytest

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import WIDTH, render_text
from origami_widgets.card.view.contract import AGAIN
from tests.card import front_end
from tests.card.markup import words
from tests.fixtures.make_views import NAMES, views
from tests.fixtures.states import NOW

# What does not fit into a copy is left out of it: there, nothing may be said that the live card does not say.
CUT = {"large", "hostile"}
WHOLE = sorted(set(NAMES) - CUT)

LEFT_OUT = "The text continues in run.text. more tables columns: ow.tables_frame(run), ow.columns_frame(run), earlier changes: ow.actions_frame(run); run.answer"

MOMENT = r"\d{4}-\d\d-\d\d (\d\d:\d\d)(:\d\d)? UTC"
AGES = (
    r"(updated|cells checked|last update) (just now|\d+ \w+ ago)(, (next check|retrying) in [\d\w ]+?(s|min|h))?",
    r"checking…|retrying…",
    r", no longer updating",
)
LASTED = r"(\d+ (s|min|h|d)\b ?)+(so far|at the last update)?"
PYTHON = r"run\.\w+\([^()]*\)"
LIVE_ONLY = (
    r"⟦[^⟧]*⟧",
    r"No changes yet\.|No tables\.",
    r"(\d+ of )?\d+ columns?, (highest cost first|none of which cost credits)|No columns yet\.",
    r"\d+ of \d+ answered ·?",
)
"""What stands on tabs and buttons, and in the menu; and how much of a table its tab shows, which a copy says of what it leaves out."""
COPY_ONLY = (
    rf"Snapshot of {MOMENT}|as of {MOMENT}",
    rf"last update {MOMENT}",
    r"Next steps",
    r"[\d,]+ more columns?: ow\.columns_frame\(run\)",
)
"""When it was made; the headings of what the live card has tabs for; what is left out."""


@pytest.fixture(scope="module")
def read():
    """The words of the live cards."""
    return front_end.texts_of(views())


def tokens(text):
    """Words and numbers; signs between them stand for what a layout shows."""
    return re.findall(r"\d[\d,.]*\d|[^\W_]+|%", re.sub(r"(?<=\d)\u00a0%", " %", text).casefold())


def without(text, *patterns):
    for pattern in patterns:
        text = re.sub(pattern, " ", text)
    return text


def on_controls(view):
    """What the view says on tabs and buttons: a copy says it without them."""
    said = [f"{table['name']} {table['leads']} {table['facts']}" for table in view["tables"]["items"]]
    said += [head for table in view["tables"]["items"] for head in table["columns"]["heads"]]
    said += [suggestion["label"] for suggestion in view["suggestions"]]
    # Behind the bar, and in the menu of the card.
    said += [view["result"]["funnel"]["words"] if view["result"]["funnel"] else ""]
    said += [view["earlier"]["title"], *(table["funnel"] for table in view["tables"]["items"])]
    links = [view["head"]["link"], *(table["link"] for table in view["tables"]["items"])]
    said += [link["label"] for link in links if link]
    said += [table["failed"] for table in view["tables"]["items"]]
    if view["ask"]:
        # A question in front says itself that there is one.
        said += [view["result"]["note"], *(each["title"] for each in view["notices"] if each["key"] == "questions")]
    return " ".join(said)


def without_lines(view, text):
    """The lines to copy stand in a menu of the live card, and at the end of a copy."""
    return text.replace(view["head"]["line"], " ").replace(AGAIN, " ")


def live_words(view, text):
    text = without_lines(view, text)
    said = without(text, *AGES, *LIVE_ONLY, PYTHON, LASTED, r"(ended|asked) \d\d:\d\d")
    return set(tokens(f"{said} {on_controls(view)}"))


def copy_words(view, text):
    text = without_lines(view, text)
    return set(tokens(without(text, *COPY_ONLY, PYTHON, rf"ended {MOMENT}", LASTED)))


def html_of(view):
    return words(render_html(view, now=NOW))


def text_of(view):
    """The terminal has no links: addresses stand beside their words. Its lists have marks that are drawn elsewhere."""
    text = render_text(view, now=NOW, width=10_000)
    text = without(text, r"(?m)^ *\d+\. ", r"<https://[^>]*>")
    return " ".join(re.sub(r"(?m)^(  [^\n]*?: )https://\S+$", r"\1", text).split())


@pytest.mark.sweep
@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("copied", [html_of, text_of], ids=["html", "text"])
def test_a_copy_that_is_replaced_says_what_the_live_card_says(name, copied, read):
    live, copy = views()[name], views("current")[name]
    expected, said = live_words(live, read[name]), copy_words(copy, copied(copy))
    assert said - expected == set()
    # Leads are no part of a copy; what stands in their place while they load is not either.
    # Why cells failed, and what is cut where it stands in one line, is opened on the live card.
    details = "They stay empty. Common causes: an error, not enough credits, or a disconnected account."
    assert expected - said <= {"loading", *tokens(details)}


@pytest.mark.parametrize("name", WHOLE)
def test_the_text_of_a_snapshot_says_what_its_html_says(name):
    view = views("snapshot")[name]
    html, text = (copy_words(view, copied(view)) for copied in (html_of, text_of))
    assert html == text


@pytest.mark.parametrize("name", sorted(CUT))
def test_what_is_cut_says_nothing_else(name, read):
    expected, copy = live_words(views()[name], read[name]), views("current")[name]
    left_out = tokens(LEFT_OUT)
    for copied in (copy_words(copy, html_of(copy)), copy_words(copy, text_of(copy))):
        assert copied
        for word in copied:
            # Cut, or broken where a line ends, a word is still a part of one that the live card says.
            assert word in left_out or word.isdecimal() or any(word in each for each in expected), word


def test_no_line_of_the_terminal_is_broken_inside_an_address():
    for view in views("snapshot").values():
        for line in render_text(view, now=NOW).splitlines():
            assert len(line) <= WIDTH
            assert not re.fullmatch(r"\s*https://\S*", line)
