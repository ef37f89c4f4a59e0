"""What a board may be given, and that anything else is refused before anything is sent."""

import gc
import json
from types import SimpleNamespace

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.card.widgets.board_source import find_row, make_source, reopen_line_for
from origami_widgets.host.runtime import SystemClock
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.poller import Poller


class Counted(ow.Sandbox):
    """A sandbox that writes down what it was asked for."""

    def __init__(self, **options):
        super().__init__(**options)
        self.asked = []

    async def __call__(self, scope, receive, send):
        self.asked.append(f"{scope['method']} {scope['path']}")
        await super().__call__(scope, receive, send)


@pytest.fixture
def sandbox():
    return Counted(speed=60, plan="enterprise")


@pytest.fixture
def client(sandbox):
    return sandbox.client()


class Idle(Poller):
    """A poller that asks for nothing before its time."""

    def soon(self, watch):
        pass


def started(client, count=1, scenario="slow", **options):
    return [
        ow.start(f"Bakeries {number}. scenario:{scenario}", client=client, show=False, **options)
        for number in range(count)
    ]


def tokens(board):
    return [board_row["token"] for board_row in board.view["rows"]]


def test_handles_and_tokens_mixed(client, show):
    first, second, third = started(client, 3)
    board = show([first, second.token, third], client=client)
    assert tokens(board) == [run.token for run in (first, second, third)]
    assert [run.token for run in board.runs] == tokens(board)
    assert board.total == 3


@pytest.mark.parametrize("kind", [tuple, iter, set])
def test_any_collection_of_runs(client, show, kind):
    made = started(client, 2)
    assert sorted(tokens(show(kind(made)))) == sorted(run.token for run in made)


def test_the_same_run_twice_is_one_row(client, show):
    first, second = started(client, 2)
    again = ow.attach(first.token, client=client, show=False)
    board = show([first, second, first.token, again], client=client)
    assert tokens(board) == [first.token, second.token]


def test_nothing_in_a_list_is_a_board_of_nothing(show):
    board = show([])
    assert (board.total, board.running, board.done, board.settled) == (0, 0, True, True)
    assert (board.lead_count, board.credits_used) == (None, None)
    assert board.wait() is board
    assert str(board).startswith("0 runs")


def test_an_agent_is_one_run(client, show):
    (run,) = started(client, scenario="answer")
    run.wait().follow_up("And dentists? scenario:answer").wait()
    board = show(run.agent_id, client=client)
    assert tokens(board) == [run.token]
    assert board.view["head"]["again_line"] == f'ow.RunBoard("{run.agent_id}")'


def test_the_newest_runs_of_the_account(client, show):
    made = started(client, 3, name="Porto")
    board = show(client=client)
    assert set(tokens(board)) == {run.token for run in made}
    assert {row["name"] for row in board.view["rows"]} == {"Porto"}
    assert len(tokens(show(client=client, limit=2))) == 2
    assert board.view["head"]["again_line"] == "ow.RunBoard()"


def forget(sandbox):
    """Let no run be known in this process, as in a new kernel; returns a client of it."""
    gc.collect()
    return sandbox.client()


BAD = {
    "a number": (7, "Got int"),
    "bytes": (b"a/b", "Got bytes"),
    "a mapping": ({"a": 1}, "Got dict"),
    "a number in a list": ([7], "Number 1 in the list is a value of type int"),
    "None in a list": ([None], "a value of type NoneType"),
    "an agent in a list": (["6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"], "no run and no token"),
    "a batch in a list": ([object()], "a value of type object"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_run_is_refused_with_what_was_expected(name, sandbox, client):
    given, reported = BAD[name]
    with pytest.raises(InvalidInput) as caught:
        ow.RunBoard(given, client=client)
    assert reported in str(caught.value)
    assert "ow.start_many" in caught.value.remedy
    assert sandbox.asked == []


@pytest.mark.parametrize("limit", [0, -1, 101, True, 2.0, "7", None])
def test_a_limit_that_is_none(limit, sandbox, client):
    with pytest.raises(InvalidInput, match="whole number from 1 to 100"):
        ow.RunBoard(client=client, limit=limit)
    assert sandbox.asked == []


def test_rows_are_found_by_each_token_that_a_page_may_know(client):
    (run,) = started(client, scenario="answer")
    other = started(client, scenario="slow")[0]
    later = run.wait().follow_up("And dentists? scenario:slow")
    source = make_source([other, run], None, 20)
    assert find_row(source, run.token)[0] == find_row(source, later.token)[0] == 1
    assert find_row(source, other.token)[0] == 0
    for stray in ("", "x", f"{run.agent_id}/", run.id, f"{other.agent_id}/{run.id}"):
        assert find_row(source, stray) is None


def buttons(board):
    return {board_row["token"]: board_row["button"] for board_row in board.view["rows"]}


def test_a_run_has_one_row_however_often_it_was_continued(sandbox, client, show):
    """In a process that has not continued it, too: a click on an earlier turn would pay again."""
    (run,) = started(client, scenario="errored")
    first = run.wait().token
    run.follow_up("Go on. scenario:errored").wait()
    wanted, newest, agent_id = [first, run.token], run.token, run.agent_id
    assert buttons(show([run, run])) == {newest: "continue"}
    source = make_source([run], None, 20)
    assert [find_row(source, token)[0] for token in wanted] == [0, 0]
    del run, source
    fresh = forget(sandbox)
    for shown in (agent_id, wanted):
        board = show(shown, client=fresh)
        for each in board.runs:
            each.refresh()
        assert buttons(board) == {newest: "continue"}


def test_what_a_list_says_is_shown_until_the_run_is_read(sandbox, client, show, monkeypatch):
    """In a process that does not know them: their tables and cells are unknown, and `run.done` says what is known."""
    completed, running = started(client, 1, "completed")[0].wait(), started(client)[0]
    wanted = [completed.token, running.token]
    del completed, running
    fresh = forget(sandbox)
    monkeypatch.setattr(poller_module, "current", Idle(SystemClock()))
    source = make_source(None, fresh, 20)
    entries = {f"{entry.state.agent_id}/{entry.state.run_id}": entry for entry in source.entries()}
    assert set(entries) == set(wanted)
    assert {entry.unread for entry in entries.values()} == {True}
    board = show(client=fresh)
    rows = {row["token"]: row for row in board.view["rows"]}
    assert [rows[token]["status_label"] for token in wanted] == ["Completed", "Running"]
    assert [(rows[token]["done"], rows[token]["settled"]) for token in wanted] == [(True, False), (False, False)]
    assert {(row["leads"], row["credits"]) for row in rows.values()} == {("", "")}
    assert board.view["head"]["sums"] == ""
    assert not board.settled
    assert {run.done for run in board.runs} == {False}
    known = next(run for run in board.runs if run.token == wanted[0])
    known.refresh()
    row = next(row for row in board.view["rows"] if row["token"] == wanted[0])
    assert (row["done"], row["settled"]) == (True, True)
    assert row["leads"]
    assert known.done
    assert json.dumps(board.view)


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (1, 'ow.RunBoard(["a/r0"])'),
        (3, 'ow.RunBoard(["a/r0", "a/r1", "a/r2"])'),
        (4, ""),
        (30, "limit=30"),
        (300, "limit=100"),
    ],
)
def test_the_line_shows_the_same_runs_or_says_that_it_does_not(count, line):
    runs = [SimpleNamespace(token=f"a/r{number}") for number in range(count)]
    again = reopen_line_for(runs)
    assert ("these runs" in again.words) == (count <= 3)
    assert again.line == (line if count <= 3 else f"ow.RunBoard({line})")


def test_runs_of_a_board_have_the_names_of_their_agents():
    client = ow.Sandbox(speed=600).client()
    for name in ("Porto", "Faro"):
        # Started by the client alone, so that nothing but the list of agents says the name.
        client.create_agent("List bakeries", name=name)
    board = ow.RunBoard(client=client)
    assert {run.name for run in board.runs} == {"Porto", "Faro"}
    assert set(ow.runs_frame(list(board.runs))["run_name"]) <= {"Porto", "Faro"}
