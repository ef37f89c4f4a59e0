"""`origami-widgets runs`, over HTTP."""

import json

import pexpect
import pytest

from origami_widgets.cli.main import main
from origami_widgets.sandbox import Sandbox
from tests.cli.conftest import COMMAND


@pytest.fixture
def tokens(here):
    """Of two agents, the older run first."""
    return [here.start("List bakeries in Porto"), here.start("Find cheese makers. scenario:needs_input")]


def test_the_newest_run_stands_first(tokens, capsys):
    assert main(["runs", "--limit", "2"]) == 0
    said = capsys.readouterr()
    heading, *lines = said.out.splitlines()
    assert heading.split() == ["Token", "Started", "Status", "Brief"]
    assert [line.split()[0] for line in lines] == tokens[::-1]
    assert "  1 h ago  ◆ Needs your answer  Find cheese makers." in lines[0]
    assert "  2 h ago  ✓ Completed          List bakeries in Porto" in lines[1]
    assert said.err == ""


@pytest.mark.parametrize("named", [str, lambda token: token.partition("/")[0]])
def test_the_runs_of_one_agent(tokens, capsys, named):
    assert main(["runs", named(tokens[0])]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [tokens[0]]


def test_records(tokens, capsys):
    assert main(["runs", "--json", "--limit", "2"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["token"] for each in told] == tokens[::-1]
    assert [each["status"] for each in told] == ["needs_input", "completed"]
    assert told[1]["brief"] == "List bakeries in Porto"


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_it_fits_the_terminal(place):
    token = place.start("List bakeries in Porto")
    program, *before = COMMAND
    child = pexpect.spawn(
        program,
        [*before, "runs", "--limit", "1"],
        dimensions=(24, 40),
        env=place.environment,
        encoding="utf-8",
        timeout=20,
    )
    assert child.read().splitlines() == ["✓ Completed · 1 h ago · List bakeries i…", f"  {token}"]
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_without_any_run(monkeypatch, capsys, options):
    with Sandbox().serve() as served:
        monkeypatch.setenv("ORIGAMI_BASE_URL", served.base_url)
        monkeypatch.setenv("ORIGAMI_API_KEY", served.api_key)
        assert main(["runs", *options]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert ("There are no runs yet." in said.err) is not bool(options)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--limit", "0"], 2, "--limit was 0."),
        (["6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"], 1, "There is no such agent"),
        (["https://origami.chat/x"], 2, "It is a web address"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_cannot_be_listed(capsys, arguments, code, said):
    assert main(["runs", *arguments]) == code
    assert said in capsys.readouterr().err
