"""Hostile text in every field of a run: bounded, readable, and never more than text, in the view and in its copies."""

import ast
import itertools
import json
import re
import unicodedata
from typing import get_args

import pytest

import origami_widgets as ow
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import WIDTH, render_text
from origami_widgets.card.view.contract import Form
from origami_widgets.words.foreign_text import safe_href, width_of
from tests.card.markup import only_ours
from tests.fixtures import hostile
from tests.fixtures.states import NOW

pytestmark = pytest.mark.sweep

VIEW_SIZE = 60_000
COPIES_SIZE = 90_000
CALLS = 2_000_000
"""Of Python functions, a quarter of a second: what 8,000 brackets take, at which the parser tries a link 8,000 times."""

LONG = 2_000
"""Longer texts test limits, and not markup."""

# Direction, invisible characters, half characters and controls: what makes other text read differently.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
TRICKS = re.compile(f"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff{INVISIBLE}]")
CONTROLS = re.compile(f"[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff{INVISIBLE}]")


@pytest.fixture(scope="module", params=hostile.CORPUS, ids=str)
def views(request):
    """The views of every run with one of the texts, by their form."""
    states = [variant(hostile.CORPUS[request.param]) for variant in hostile.VARIANTS.values()]
    return {
        form: [hostile.make_view(state, earlier=[state], now=NOW, form=form) for state in states]
        for form in get_args(Form)
    }


@pytest.fixture(scope="module")
def copies(views):
    """What is saved of each view: as HTML, and as text."""
    saved = (*views["snapshot"], *views["current"])
    return [(render_html(view, now=NOW), render_text(view, now=NOW)) for view in saved]


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)


def hrefs(value):
    if isinstance(value, dict):
        if "href" in value:
            yield value["href"]
        for part in value.values():
            yield from hrefs(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from hrefs(part)


@pytest.mark.sweep
def test_the_view_is_bounded_and_clean(views):
    every = list(itertools.chain.from_iterable(views.values()))
    for view in every:
        assert len(json.dumps(view)) <= VIEW_SIZE
    # The views have most of their texts in common.
    for text in set(strings(every)):
        assert not TRICKS.search(text)
    for href in set(hrefs(every)):
        assert safe_href(href) == href


def test_no_mark_is_stacked_high(views):
    """Marks that pile up cover the lines above and below."""
    for text in set(strings(views["live"])):
        assert longest_run(text) <= 8


def longest_run(text):
    longest = now = 0
    for character in text:
        now = now + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        longest = max(longest, now)
    return longest


@pytest.mark.sweep
def test_the_saved_card_has_our_elements_only(copies):
    for markup, _ in copies:
        only_ours(markup)


def test_the_terminal_gets_letters_and_line_breaks_only(copies):
    for _, text in copies:
        assert not TRICKS.search(text.replace("\n", ""))
        assert "\t" not in text
        assert max(map(width_of, text.split("\n"))) <= WIDTH


@pytest.mark.parametrize("name", [name for name, text in hostile.CORPUS.items() if len(text) < LONG])
def test_an_error_and_a_handle_print_no_tricks(name):
    """A traceback and the value of a cell reach a terminal without a card."""
    run = ow.Run.from_payload(hostile.filled(hostile.full_payload(), hostile.CORPUS[name]))
    error = hostile.known(hostile.CORPUS[name]).command_error
    for shown in (str(error), repr(error), repr(run), str(run)):
        assert not CONTROLS.search(shown)


def test_the_copies_fit_into_a_saved_output(copies):
    for both in copies:
        assert len(json.dumps(both, ensure_ascii=False).encode()) <= COPIES_SIZE


def test_no_line_of_python_runs_anything_else(views):
    """Who copies a line from a card runs what it names, and nothing that an agent wrote."""
    known = {
        "ow.attach",
        "run.follow_up",
        "run.answer",
    }
    for view in itertools.chain.from_iterable(views.values()):
        line_of_run = view["head"]["line"]
        assert line_of_run.startswith("ow.attach(")
        for line in (line_of_run, *(notice["code"] for notice in view["notices"])):
            if line:
                assert calls(line) <= known


def calls(line):
    tree = ast.parse(line)
    assert len(tree.body) == 1
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
