"""What Tab offers on a line of the magics."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from origami_widgets.magics.commands import CELL, COMMANDS
from origami_widgets.magics.completing import complete

TOKEN = "6b1f0a8e-2f3b/v2_run-1"
KNOWN = {
    "token": lambda: [TOKEN],
    "agent": lambda: ["6b1f0a8e-2f3b"],
    "run": lambda: ["run", "batch", TOKEN],
    "table": lambda: ["29401cc1", "with space", "29401cc1"],
    "once": lambda: ["porto"],
}
OPTIONS = [option.name for option in CELL.options]


def offered(before):
    found = complete(before, KNOWN)
    return None if found is None else [*found.texts]


OFFERED = {
    "%origami ": [*COMMANDS],
    "%origami ca": ["cancel"],
    "run = %origami att": ["attach"],
    "  runs['a'] = %origami att": ["attach"],
    "%origami attach ": [TOKEN],
    "%origami attach 6b1f0a8e-2f3b/v2": [TOKEN],
    f"%origami attach {TOKEN} ": ["--into"],
    f"%origami attach {TOKEN} --into x ": [],
    "%origami attach --into ": [],
    "%origami attach --into x ": [TOKEN],
    "%origami runs ": ["6b1f0a8e-2f3b"],
    "%origami tables ": ["run", "batch", TOKEN],
    "%origami cancel b": ["batch"],
    "%origami cancel run ": [],
    "%origami credits ": ["--frame"],
    "%origami help ": ["start", *COMMANDS],
    "%origami nothing ": [],
    "%%origami ": OPTIONS,
    "%%origami --": OPTIONS,
    "%%origami --fresh --f": ["--focus"],
    "%%origami --once ": ["porto"],
    "%%origami --once=p": ["porto"],
    "%%origami --once x --once": [],
    "%%origami --model origami-m": ["origami-max"],
    "%%origami --wait ": ["run", "cells", *(name for name in OPTIONS if name != "--wait")],
    "%%origami --wait=": ["run", "cells"],
    "%%origami --wait=c": ["cells"],
    "%%origami --focus ": ["29401cc1"],
    "%%origami --focus 29401cc1 --focus ": ["29401cc1"],
    "%%origami --name ": [],
}


@pytest.mark.parametrize("before", OFFERED)
def test_what_is_offered(before):
    assert offered(before) == OFFERED[before]


@pytest.mark.parametrize(
    "before",
    ["%origami", "%%origamix ", "origami ", "print(1)", "%time ", "%origami tables {ru", "%%origami --once {ci", ""],
)
def test_other_lines_are_left_to_others(before):
    assert offered(before) is None


def test_nothing_is_looked_up_that_is_not_wanted():
    def fail():
        raise AssertionError

    assert complete("%origami ", dict.fromkeys(KNOWN, fail)) is not None


@given(st.text(alphabet="-=origamtchwens%{}'\" ", max_size=40), st.sampled_from(["%origami ", "%%origami ", ""]))
@example("=" * 20, "%origami ")
def test_whatever_is_being_written_something_or_nothing_is_offered(text, start):
    found = complete(start + text, KNOWN)
    assert found is None or (start + text).endswith(found.word)
    assert found is None or all(each.startswith(found.word) for each in found.texts)


def test_a_long_line_takes_no_time():
    assert complete(" " * 200_000 + "origami", KNOWN) is None
    assert complete(" " * 1_900 + "origami", KNOWN) is None
