"""The newest runs, read again and again."""

import json

import pytest

from origami_widgets.api.errors import AuthenticationError, ConnectionFailed
from origami_widgets.cli import run_list
from tests.cli.plain import is_plain
from tests.cli.terminals import OFF, ON, Terminal
from tests.cli.test_run_table import NOW, listed

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

OLD, NEW = listed(1), listed(2, "Find cheese makers", "running")
DONE = listed(2, "Find cheese makers", "completed")


def lost(**options):
    return ConnectionFailed("Origami cannot be reached", transient=True, **options)


class Script:
    """What each reading gives; after the last one somebody interrupts it."""

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
    monkeypatch.setattr(run_list, "EVERY", 0.02)


def told(capsys, *steps, as_json=False):
    with pytest.raises(KeyboardInterrupt):
        run_list.watch_list(Script(*steps), lambda: 0.0, as_json=as_json)
    return capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("quick")
def test_a_line_for_each_run_that_is_new_or_has_changed(capsys):
    lines = told(capsys, [OLD], [OLD], [NEW, OLD], [DONE, OLD], [DONE, OLD])
    assert [line.partition("  ")[2] for line in lines] == [
        f"✓ Completed · List bakeries in Porto · {OLD.token}",
        f"● Running · Find cheese makers · {NEW.token}",
        f"✓ Completed · Find cheese makers · {NEW.token}",
    ]
    assert all(map(is_plain, lines))


@pytest.mark.usefixtures("quick")
def test_a_record_for_each_run_that_is_new_or_has_changed(capsys):
    records = [json.loads(line) for line in told(capsys, [OLD], [NEW, OLD], lost(), [DONE, OLD], as_json=True)]
    assert [(each["token"], each["status"]) for each in records] == [
        (OLD.token, "completed"),
        (NEW.token, "running"),
        (NEW.token, "completed"),
    ]


@pytest.mark.usefixtures("quick")
def test_a_server_that_is_away_is_told_once_and_waited_for(capsys):
    lines = told(capsys, lost(), lost(), [OLD], lost())
    assert [line.partition("  ")[2].partition(" · ")[0] for line in lines] == [
        "Origami cannot be reached",
        "✓ Completed",
        "Origami cannot be reached",
    ]


@pytest.mark.usefixtures("quick")
def test_what_asking_again_cannot_help_ends_it():
    with pytest.raises(AuthenticationError):
        run_list.watch_list(Script([OLD], AuthenticationError("revoked")), lambda: 0.0, as_json=True)


def test_it_waits_as_long_as_it_was_told():
    news = run_list.keep_reading(Script(lost(retry_after=90.0)), 0.0)
    first = next(news)
    assert first.problem == "Origami cannot be reached"
    assert first.fresh(first.due - 90) == "Origami cannot be reached · trying again in 1 min 30 s"


def test_how_old_it_is():
    assert run_list.News([OLD], NOW - 9.5, NOW + 5.5).fresh(NOW) == "updated 9 s ago, next check in 5 s"
    lost_since = run_list.News([OLD], NOW - 130, NOW + 5.5, "Origami cannot be reached")
    assert lost_since.fresh(NOW) == "Origami cannot be reached · last heard 2 min ago, trying again in 5 s"


@pytest.mark.parametrize("columns", [40, 160])
def test_on_a_screen(place, columns):
    token = place.start("List bakeries in Porto")
    terminal = Terminal(place, "runs", "--watch", "--limit", "1", columns=columns, lines=10)
    terminal.read_until(lambda terminal: "Completed" in "".join(terminal.frame))
    lines = terminal.frame
    assert lines[0].startswith("updated ")
    assert token in "".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= columns
    terminal.child.sendintr()
    assert terminal.ended() == 130
    assert terminal.written.count(ON) == terminal.written.count(OFF) == 1
    assert terminal.left == ""
