"""`origami-widgets runs`, over HTTP."""

import json

import pexpect
import pytest

from origami_widgets.api.errors import AuthenticationError, ConnectionFailed
from origami_widgets.cli import runs_command
from origami_widgets.cli.main import main
from origami_widgets.cli.runs_command import read_repeatedly, watch_list
from origami_widgets.sandbox import Sandbox
from tests.cli.conftest import COMMAND
from tests.cli.plain import is_plain
from tests.cli.terminals import OFF, ON, Terminal
from tests.cli.test_run_text import row

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


def test_the_list_fits_the_terminal(api):
    token = api.start("List bakeries in Porto")
    program, *before = COMMAND
    child = pexpect.spawn(
        program,
        [*before, "runs", "--limit", "1"],
        dimensions=(24, 40),
        env=api.environment,
        encoding="utf-8",
        timeout=20,
    )
    assert child.read().splitlines() == ["✓ Completed · 1 h ago · List bakeries i…", f"  {token}"]
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_account_without_runs(monkeypatch, capsys, options):
    with Sandbox().serve() as served:
        monkeypatch.setenv("ORIGAMI_BASE_URL", served.base_url)
        monkeypatch.setenv("ORIGAMI_API_KEY", served.api_key)
        assert main(["runs", *options]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert ("There are no runs yet." in output.err) is not bool(options)


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


OLD, NEW = row(1), row(2, "Find cheese makers", "running")
DONE = row(2, "Find cheese makers", "completed")


def lost(**options):
    return ConnectionFailed("Can't reach Origami", transient=True, **options)


class Script:
    """Results of the reads, one after the other; then an interrupt."""

    def __init__(self, *steps):
        self.steps = list(steps)

    def __call__(self):
        if not self.steps:
            raise KeyboardInterrupt
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(runs_command, "INTERVAL", 0.02)


def written(capsys, *steps, as_json=False):
    with pytest.raises(KeyboardInterrupt):
        watch_list(Script(*steps), float, as_json=as_json)
    return capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("quick")
def test_watch_writes_a_line_for_each_new_or_changed_run(capsys):
    lines = written(capsys, [OLD], [OLD], [NEW, OLD], [DONE, OLD], [DONE, OLD])
    assert [line.partition("  ")[2] for line in lines] == [
        f"✓ Completed · List bakeries in Porto · {OLD.token}",
        f"● Running · Find cheese makers · {NEW.token}",
        f"✓ Completed · Find cheese makers · {NEW.token}",
    ]
    assert all(map(is_plain, lines))


@pytest.mark.usefixtures("quick")
def test_watch_writes_a_record_for_each_new_or_changed_run(capsys):
    records = [json.loads(line) for line in written(capsys, [OLD], [NEW, OLD], lost(), [DONE, OLD], as_json=True)]
    assert [(each["token"], each["status"]) for each in records] == [
        (OLD.token, "completed"),
        (NEW.token, "running"),
        (NEW.token, "completed"),
    ]


@pytest.mark.usefixtures("quick")
def test_an_unreachable_server_is_reported_once_and_retried(capsys):
    lines = written(capsys, lost(), lost(), [OLD], lost())
    assert [line.partition("  ")[2].partition(" · ")[0] for line in lines] == [
        "Can't reach Origami",
        "✓ Completed",
        "Can't reach Origami",
    ]


@pytest.mark.usefixtures("quick")
def test_an_error_that_retries_cannot_help_ends_the_watch():
    with pytest.raises(AuthenticationError):
        watch_list(Script([OLD], AuthenticationError("revoked")), float, as_json=True)


def test_the_next_read_respects_retry_after():
    updates = read_repeatedly(Script(lost(retry_after=90.0)), float, 0.0)
    first = next(updates)
    assert first.problem == "Can't reach Origami"
    assert first.freshness(first.next_at - 90) == "Can't reach Origami · trying again in 1 min 30 s"


@pytest.mark.parametrize("columns", [40, 160])
def test_watch_draws_the_list_on_a_terminal(api, columns):
    token = api.start("List bakeries in Porto")
    terminal = Terminal(api, "runs", "--watch", "--limit", "1", columns=columns, lines=10)
    terminal.read_until(lambda terminal: "Completed" in "".join(terminal.frame))
    lines = terminal.frame
    assert lines[0].startswith("updated ")
    assert token in "".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= columns
    terminal.child.sendintr()
    assert terminal.ended() == 130
    assert terminal.written.count(ON) == terminal.written.count(OFF) == 1
    assert terminal.left == ""
