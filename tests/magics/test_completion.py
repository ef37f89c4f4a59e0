"""What Tab offers on a line of the magics. It sends nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.magics.commands import CELL, COMMANDS, MODELS
from origami_widgets.magics.extension import complete, known_words

TOKEN = "6b1f0a8e-2f3b/v2_run-1"
KNOWN = {
    "token": [TOKEN],
    "agent": ["6b1f0a8e-2f3b"],
    "run": ["run", "batch", TOKEN],
    "focus": ["29401cc1", "with space", "29401cc1"],
    "once": ["porto"],
    "model": MODELS,
    "command": ["start", *COMMANDS],
}
OPTIONS = [*CELL.options]


def offered(before):
    found = complete(before, lambda kind: KNOWN.get(kind, ()))
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
def test_completions_fit_the_line(before):
    assert offered(before) == OFFERED[before]


@pytest.mark.parametrize(
    "before",
    ["%origami", "%%origamix ", "origami ", "print(1)", "%time ", "%origami tables {ru", "%%origami --once {ci", ""],
)
def test_other_lines_are_not_completed(before):
    assert offered(before) is None


def test_only_fitting_kinds_are_looked_up():
    def fail(kind):
        raise AssertionError(kind)

    assert complete("%origami ", fail) is not None


@given(st.text(alphabet="-=origamtchwens%{}'\" ", max_size=40), st.sampled_from(["%origami ", "%%origami ", ""]))
@example("=" * 20, "%origami ")
def test_completions_always_extend_the_word_before_the_cursor(text, start):
    found = complete(start + text, lambda kind: KNOWN.get(kind, ()))
    assert found is None or (start + text).endswith(found.word)
    assert found is None or all(each.startswith(found.word) for each in found.texts)


def test_a_long_line_is_skipped():
    assert complete(" " * 200_000 + "origami", lambda kind: ()) is None
    assert complete(" " * 1_900 + "origami", lambda kind: ()) is None


def test_words_of_each_kind_are_those_of_this_process(sandbox):
    run = ow.start("Find bakeries", once="porto", show=False).wait("cells")
    elsewhere = sandbox.client().create_agent("Find dentists")
    sandbox.requests.clear()
    words = {kind: [*known_words(kind, {"run": run, "_": run, "city": 1})] for kind in (*KNOWN, "name")}
    assert words == {
        "token": [run.token],
        "agent": [run.agent_id],
        "run": ["run", run.token],
        "focus": [table.id for table in run.tables],
        "once": ["porto"],
        "model": ["origami-lite", "origami-max"],
        "command": ["start", *COMMANDS],
        "name": [],
    }
    assert elsewhere.agent.id not in str(words)
    assert sandbox.requests == []
