"""`origami-widgets runs`, over HTTP."""

import json

import pytest

from origami_widgets.cli.main import main

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture
def tokens(configured_api):
    """The tokens of runs of two agents, the older run first."""
    return [
        configured_api.start("List bakeries in Porto"),
        configured_api.start("Find cheese makers. scenario:needs_input"),
    ]


def test_the_newest_run_is_listed_first(tokens, capsys):
    assert main(["runs", "--limit", "2"]) == 0
    output = capsys.readouterr()
    heading, *lines = output.out.splitlines()
    assert heading.split() == ["Token", "Started", "Status", "Brief"]
    assert [line.split()[0] for line in lines] == tokens[::-1]
    assert "  1 h ago  ◆ Needs your answer  Find cheese makers." in lines[0]
    assert "  2 h ago  ✓ Completed          List bakeries in Porto" in lines[1]
    assert output.err == ""


@pytest.mark.parametrize("named", [str, lambda token: token.partition("/")[0]])
def test_an_agent_or_token_lists_the_runs_of_one_agent(tokens, capsys, named):
    assert main(["runs", named(tokens[0])]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [tokens[0]]


def test_json_writes_a_record_per_run(tokens, capsys):
    assert main(["runs", "--json", "--limit", "2"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["token"] for each in records] == tokens[::-1]
    assert [each["status"] for each in records] == ["needs_input", "completed"]
    assert records[1]["brief"] == "List bakeries in Porto"


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--limit", "0"], 2, "--limit was 0."),
        (["6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"], 1, "No such agent"),
        (["https://origami.chat/x"], 2, "The URL doesn't contain an agent id"),
    ],
)
@pytest.mark.usefixtures("configured_api")
def test_wrong_arguments_and_unknown_agents_are_errors(capsys, arguments, code, expected):
    assert main(["runs", *arguments]) == code
    assert expected in capsys.readouterr().err
