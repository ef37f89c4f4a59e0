"""The live card, the saved one and the terminal say the same: their words are compared, and every difference has a reason."""

import itertools
import re
from collections import Counter

import pytest

from origami_widgets.card.render.card_html import render_html
from origami_widgets.card.render.card_text import WIDTH, render_text
from origami_widgets.card.view.contract import ColumnRow
from tests.card import front_end
from tests.card.markup import words
from tests.fixtures import hostile
from tests.fixtures.make_views import views
from tests.fixtures.states import NOW

VIEWS = views()
# What does not fit into a copy is left out of it: there, nothing may be said that the live card does not say.
CUT = {"large", "hostile"}
WHOLE = sorted(set(VIEWS) - CUT)

LEFT_OUT = (
    "not shown here: ow.tables_frame(run), ow.columns_frame(run), more; goes on in Origami, and in run.text; run.answer"
)

MOMENT = r"\d{4}-\d\d-\d\d (\d\d:\d\d)(:\d\d)? UTC"
AGES = (
    r"(updated|cells checked|last heard) (just now|\d+ \w+ ago)(, (next check|trying again) (in [\d\w ]+? (s|min|h)|now))?",
    r"checking…",
    r", checks have stopped",
)
# Said later than it was so.
PAST = (
    (r"running for", "had run for"),
    (r"Can't reach Origami; trying again", "Origami could not be reached {then}"),
    (r"Your run goes on at the server\.", "The run went on at the server."),
    (
        r"Cancel requested Origami has not confirmed it yet\.",
        "A cancel was requested Origami had not confirmed it {then}.",
    ),
    (r"Origami has not heard the cancel yet", "Origami had not heard the cancel {then}"),
    (
        r"Trying again until it has; until then the run goes on\.",
        "It was being tried again {then}; the run went on.",
    ),
    (r"Sending your answers", "The answers were being sent {then}"),
    (r"All run slots are in use", "All run slots were in use"),
    (r"waits for a free one, and is sent again", "waited for a free one {then}, to be sent again"),
    (r"asked about further on\.", "was asked about further on {then}."),
    (r"are still filling", "were still filling {then}"),
    (r"cells still filling", "cells still filling {then}"),
    (r"reading leads(: [\d,]+ (of [\d,]+|so far))?", ""),
    (
        r'Empty cells are not "no data" yet. This card goes on until they settle\.',
        "Cells that are empty here may have been filled since.",
    ),
)


@pytest.fixture(scope="module")
def read():
    """The words of the live cards."""
    return front_end.texts_of(VIEWS)


def tokens(text):
    """Words and numbers; signs between them stand for what a layout shows."""
    return re.findall(r"\d[\d,.]*\d|[^\W_]+|%", re.sub(r"(?<=\d)\u00a0%", " %", text).casefold())


def without(text, *patterns):
    for pattern in patterns:
        text = re.sub(pattern, " ", text)
    return text


def controls(view):
    """What stands on buttons that a copy does not have, apart from suggestions: those are words of the agent."""
    labels = [notice["button"]["label"] for notice in view["notices"] if notice["button"]]
    labels += [view["ask"]["send_label"], "Sending…"] if view["ask"] else []
    labels += ["Copy", "Show more", "Cancel", "Cancel requested", "Fewer columns"]
    return [rf"⟦{re.escape(label)}⟧" for label in labels] + [r"⟦All [\d,]+ columns⟧", r"⟦Sort by [^⟧]*⟧"]


def live_words(view, text):
    return tokens(without(text, *controls(view), *AGES))


def without_long_links(view, text):
    """An address that a line of the terminal cannot hold is left out there, with its words: broken, it is of no use."""
    for table in view["tables"]["items"]:
        if (link := table["link"]) and len(f"  {link['label']}: {link['href']}") > WIDTH:
            text = text.replace(f"{link['label']} ↗ {table['name']}", table["name"])
    return text


def python_lines(view, *, final):
    """What stands in a copy in the place of buttons and of the form, and how to see again what was not settled."""
    lines = [r"run = run\.\w+\([^()]*\)"] if any(commands(view)) else []
    return lines + ([re.escape(view["foot"]["attach_line"])] if final and is_filling(view) else [])


def commands(view):
    yield view["ask"]
    yield from (notice["button"] for notice in view["notices"] if notice["button"])
    yield from (suggestion["button"] for suggestion in view["suggestions"])


def is_filling(view):
    return any(notice["key"] == "filling" for notice in view["notices"])


def once(pattern, text):
    """Without the first place where it stands."""
    return re.sub(pattern, " ", text, count=1)


def copy_words(view, text, *, final=True):
    text = without(text, rf"(saved copy, )?as of {MOMENT}", rf"last heard {MOMENT}")
    for pattern in python_lines(view, final=final):
        text = once(pattern, text) if "attach" in pattern else without(text, pattern)
    # Live, the age of the last check stands there until the cells are settled.
    text = re.sub(rf"ended {MOMENT}", r"ended \1" if view["head"]["settled"] else " ", text)
    return tokens(text)


def html_words(name, **options):
    return copy_words(VIEWS[name], words(render_html(VIEWS[name], now=NOW, **options)), **options)


def text_words(name, **options):
    """The terminal has no links: addresses stand beside their words. Its lists have marks that are drawn elsewhere."""
    text = render_text(VIEWS[name], now=NOW, **options)
    text = without(text, r"(?m)^ *\d+\. ", r"<https://[^>]*>")
    lines = re.sub(r"(?m)^(  [^\n]*?: )https://\S+$", r"\1", text)
    return copy_words(VIEWS[name], " ".join(lines.split()), **options)


def in_past(view, text, then, *, head=True):
    """What the live card says, told later; in a terminal the head is of the moment at which it was printed."""
    label = view["head"]["status_label"]
    known = view["clock"]["connection"] != "stopped"
    for present, past in PAST:
        if head or past != "had run for":
            text = re.sub(present, past.replace("{then}", then), text)
    return text.replace(label, f"Was {label} {then}", 1) if head and known and not view["head"]["done"] else text


def differences(one, other):
    """What only one of them says, each word as often as it says it more."""
    one, other = Counter(one), Counter(other)
    return one - other, other - one


def without_links(view, told):
    """The links, which stand left or right of the same words, are left out of the order."""
    links = Counter(tokens(" ".join(link["label"] for link in every_link(view))))
    return [word for word in told if word not in links]


def every_link(view):
    found = [view["head"]["link"], *(notice["link"] for notice in view["notices"])]
    found += [table["link"] for table in view["tables"]["items"]]
    return [link for link in found if link]


@pytest.mark.parametrize("name", WHOLE)
def test_the_saved_card_says_what_the_live_one_says(name, read):
    told = live_words(VIEWS[name], in_past(VIEWS[name], read[name], "when saved"))
    assert differences(told, html_words(name)) == ({}, {})


@pytest.mark.parametrize("name", WHOLE)
def test_the_saved_card_says_it_in_the_same_order(name, read):
    view = VIEWS[name]
    told = live_words(view, in_past(VIEWS[name], read[name], "when saved"))
    assert without_links(view, told) == without_links(view, html_words(name))


@pytest.mark.parametrize("name", WHOLE)
def test_the_terminal_says_what_the_live_card_says(name, read):
    past = in_past(VIEWS[name], read[name], "then", head=False)
    assert differences(live_words(VIEWS[name], without_long_links(VIEWS[name], past)), text_words(name)) == ({}, {})


@pytest.mark.parametrize("name", WHOLE)
def test_a_copy_that_is_kept_up_to_date_says_it_in_the_present(name, read):
    view = VIEWS[name]
    assert differences(live_words(view, read[name]), html_words(name, final=False)) == ({}, {})
    short = without_long_links(view, read[name])
    assert differences(live_words(view, short), text_words(name, final=False)) == ({}, {})


@pytest.mark.parametrize("name", sorted(CUT))
def test_what_is_cut_says_nothing_else(name, read):
    told = live_words(VIEWS[name], " ".join(in_past(VIEWS[name], read[name], then) for then in ("when saved", "then")))
    left_out = tokens(LEFT_OUT)
    for copied in (html_words(name), text_words(name)):
        assert copied
        for word in set(copied) - set(told):
            # Cut, or broken where a line ends, a word is still a part of one that the live card says.
            assert word in left_out or word.isdecimal() or any(word in each for each in told), word


def test_hostile_text_is_told_alike():
    """Nothing is lost to an escape, a limit or a layout of one of them; short texts, which nothing has to cut."""
    short = {name: hostile.view_of(name, "known") for name, text in hostile.CORPUS.items() if len(text) < 300}
    named = {name: view for name, view in short.items() if view["head"]["prompt"]}
    assert len(named) > 80
    told = front_end.texts_of(named)
    for name, view in named.items():
        expected = live_words(view, in_past(view, told[name], "when saved"))
        assert differences(expected, copy_words(view, words(render_html(view, now=NOW)))) == ({}, {}), name


def test_every_button_that_sends_has_its_line_of_python():
    for name, view in VIEWS.items():
        sends = [each for each in commands(view) if each and each.get("command", "answer") in ("follow_up", "answer")]
        for copied in (words(render_html(view, now=NOW)), render_text(view, now=NOW)):
            assert bool(re.search(r"run = run\.(follow_up|answer)\(", copied)) == bool(sends), name


def test_columns_are_described_alike():
    """Every mixture of what the server may say and leave out, for columns that are typed in and that are computed."""
    numbers = ((None, 0, 0.5), (None, 3), (None, 0, 18), (None, 0, 2), (None, 0, 1))
    verdicts = ((None, None, None), (0, 0, 0), (12, None, 1))
    view = VIEWS["completed"]
    table = view["tables"]["items"][0]
    mixed = {}
    for kind in ("input", "score", ""):
        rows = [
            ColumnRow(f"c{index}", kind, *said, *judged)
            for index, (said, judged) in enumerate(itertools.product(itertools.product(*numbers), verdicts))
        ]
        for index, columns in enumerate(itertools.batched(rows, 8) if hasattr(itertools, "batched") else _eights(rows)):
            tables = {"items": [{**table, "columns": list(columns)}], "hidden": 0, "reading": []}
            mixed[f"{kind or 'unknown'}_{index}"] = {**view, "tables": tables}
    told = front_end.texts_of(mixed)
    for name, each in mixed.items():
        expected = live_words(each, told[name])
        assert differences(expected, copy_words(each, words(render_html(each, now=NOW)))) == ({}, {}), name


def _eights(rows):
    return [rows[start : start + 8] for start in range(0, len(rows), 8)]
