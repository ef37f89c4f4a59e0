"""Live output in a real terminal."""

import re

import pytest

from origami_widgets.words.foreign_text import width_of
from tests.cli.plain import is_plain
from tests.cli.terminals import HOME, OFF, ON, Terminal
from tests.fixtures import hostile
from tests.support.server import RawServer, answer

# The fork happens while threads of the tests run. The child becomes another program at once.
pytestmark = [pytest.mark.posix, pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")]

BRIEF = "List bakeries in Porto"


@pytest.fixture
def running(api):
    return api.start(f"{BRIEF}. scenario:slow", ended=False)


def drawn(terminal):
    return any("so far" in line for line in terminal.frame)


def test_the_card_fits_the_terminal_and_ages(api, running):
    terminal = Terminal(api, "watch", running, columns=40, lines=12)
    terminal.read_until(drawn)
    first = " ".join(terminal.frame).split()
    assert first[:2] == ["●", "Running"]
    assert "updated" in first
    assert {"next", "check", "in"} <= set(first)
    before = terminal.frame
    terminal.read_until(lambda terminal: drawn(terminal) and terminal.frame != before)
    assert max(map(width_of, terminal.frame)) <= 40
    assert len(terminal.frame) <= 12
    terminal.child.sendintr()
    assert terminal.ended() == 130
    assert terminal.written.count(ON) == terminal.written.count(OFF) == 1
    assert terminal.left == f"Stopped watching; the run continues. To see it: origami-widgets watch {running}\n"


@pytest.mark.slow
def test_hostile_texts_do_not_move_the_cursor(api):
    run = hostile.filled(hostile.full_payload(), hostile.CORPUS["terminal"], everything=True)
    run |= {"id": "v2_run-1", "agentId": "6b1f0a8e", "status": "running"}
    with RawServer(answer(run, headers={"Retry-After": "15"})) as server:
        terminal = Terminal(api, "watch", "6b1f0a8e/v2_run-1", "--base-url", server.base_url)
        terminal.read_until(lambda terminal: "more lines" in terminal.frame[-1])
        lines = terminal.frame
        terminal.child.sendintr()
        assert terminal.ended() == 130
    assert all(map(is_plain, lines))
    controls = set(
        re.findall(r"\x1b\[[?\d;]*[a-zA-Z]|\x1b.|[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]", terminal.written)
    )
    assert controls == {ON, OFF, *re.findall(r"\x1b\[\w", HOME)}


@pytest.mark.slow
def test_the_card_stays_on_the_terminal_at_the_end(api):
    token = api.start(BRIEF)
    terminal = Terminal(api, "watch", token, columns=60)
    assert terminal.ended() == 0
    lines = terminal.left.splitlines()
    assert lines[0] == f"✓ Completed · {BRIEF}"
    assert f'ow.attach("{token}")' in lines[-1]
    assert all(map(is_plain, lines))
    # Tokens are never cut; everything else fits the width.
    assert max(width_of(line) for line in lines if "ow." not in line and "run v2_" not in line) <= 60


@pytest.mark.slow
def test_a_dumb_terminal_gets_lines(api):
    token = api.start(BRIEF)
    terminal = Terminal(api, "watch", token, TERM="dumb")
    assert terminal.ended() == 0
    assert "\x1b" not in terminal.written
    assert f"UTC  ✓ Completed: {BRIEF}" in terminal.written
