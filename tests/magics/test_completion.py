"""What Tab offers on a line magic: commands, runs and agents. It sends nothing."""

import pytest

import origami_widgets as ow
from origami_widgets.magics.commands import COMMANDS
from origami_widgets.magics.extension import complete


@pytest.mark.parametrize(
    ("before", "word", "offered"),
    [
        ("%origami ", "", [*COMMANDS]),
        ("%origami ca", "ca", ["cancel"]),
        ("run = %origami att", "att", ["attach"]),
        ("  runs['a'] = %origami att", "att", ["attach"]),
        ("%origami help ", "", ["start", *COMMANDS]),
        ("%origami nothing ", "", []),
        ("%origami credits ", "", []),
    ],
)
def test_commands_complete_the_line(before, word, offered):
    assert complete(before, {}) == (word, offered)


@pytest.mark.parametrize(
    "before",
    ["%origami", "%%origami --on", "origami ", "print(1)", "%time ", "%origami tables {ru", "%origami attach x ", ""],
)
def test_other_lines_are_not_completed(before):
    assert complete(before, {}) is None


def test_runs_and_agents_of_this_process_complete_a_word(sandbox):
    run = ow.start("Find bakeries", show=False).wait("cells")
    sandbox.client().create_agent("Find dentists")
    sandbox.requests.clear()
    notebook = {"run": run, "_": run, "city": 1}
    for line, offered in {
        "%origami attach ": [run.token],
        f"%origami attach {run.token[:8]}": [run.token],
        "%origami runs ": [run.agent_id],
        "%origami tables ": ["run", run.token],
        "%origami cancel r": ["run"],
    }.items():
        assert complete(line, notebook) == (line.rpartition(" ")[2], offered)
    assert sandbox.requests == []
